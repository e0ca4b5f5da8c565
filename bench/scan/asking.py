# mypy: ignore-errors
# What it imports is in environments of its own.
"""Asks one scanner about files, within its own environment: `python asking.py SCANNER LIST ANSWERS`.

LIST names one file a line. ANSWERS gets a JSON object a line: `path`, `verdict` and `seconds`. A verdict is
`flagged`, `warned` (by scanners that know two degrees), `clean`, or `inconclusive`: failed, broken, or no
file that the scanner says anything about. What was answered already is not asked again, so that a scanner
that dies at a file can be started anew.
"""

import contextlib
import io
import json
import logging
import sys
import time
from collections.abc import Callable
from pathlib import Path

_Ask = Callable[[str], str]


def _modelscan() -> _Ask:
    from modelscan.modelscan import ModelScan

    scanner = ModelScan()

    def ask(path: str) -> str:
        report = scanner.scan(path)
        if report["summary"]["total_issues"]:
            return "flagged"
        return (
            "clean"
            if report["summary"]["scanned"]["total_scanned"] and not report["errors"]
            else "inconclusive"
        )

    return ask


def _picklescan() -> _Ask:
    from picklescan.scanner import scan_file_path

    def ask(path: str) -> str:
        result = scan_file_path(path)
        if result.issues_count or result.infected_files:
            return "flagged"
        if result.suspicious_count:
            return "warned"
        return "clean" if result.scanned_files and not result.scan_err else "inconclusive"

    return ask


def _fickling() -> _Ask:
    import zipfile

    from fickling.analysis import Severity
    from fickling.loader import scan_file, scan_zip_archive

    def ask(path: str) -> str:
        zipped = zipfile.is_zipfile(path)
        results = list(scan_zip_archive(path).values()) if zipped else [scan_file(path)]
        if any(result.severity > Severity.LIKELY_SAFE for result in results):
            return "flagged"
        return "clean" if results and not any(result.errors for result in results) else "inconclusive"

    return ask


def _modelaudit() -> _Ask:
    from modelaudit.core import scan_model_directory_or_file

    def ask(path: str) -> str:
        result = scan_model_directory_or_file(path, timeout=60, cache_enabled=False, skip_file_types=False)
        levels = {issue.severity.value for issue in result.issues}
        if levels & {"critical", "warning"}:
            return "flagged" if "critical" in levels else "warned"
        return "clean" if result.files_scanned and not result.has_errors else "inconclusive"

    return ask


_SCANNERS = {
    "modelscan": _modelscan,
    "picklescan": _picklescan,
    "fickling": _fickling,
    "modelaudit": _modelaudit,
}


def main(scanner: str, listed: str, answers: str) -> None:
    """Asks about each file without an answer; a scanner that fails at one is inconclusive about it."""
    logging.disable(logging.CRITICAL)
    place = Path(answers)
    known = {json.loads(line)["path"] for line in place.read_text().splitlines()} if place.exists() else set()
    ask = _SCANNERS[scanner]()
    with place.open("a", buffering=1) as out:
        for path in Path(listed).read_text().splitlines():
            if path in known:
                continue
            started = time.perf_counter()
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                try:
                    verdict = ask(path)
                except (Exception, SystemExit):  # noqa: BLE001 - whatever it is, the scanner gave no answer
                    verdict = "inconclusive"
            seconds = round(time.perf_counter() - started, 4)
            out.write(json.dumps({"path": path, "verdict": verdict, "seconds": seconds}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
