"""`ringfence lock [PATH]` and `ringfence lock --check [PATH]`: models written down, and compared."""

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from ringfence.app.lock import LockReport, check_lock, make_lock
from ringfence.cli.console import safe
from ringfence.cli.failing import worst_severity_fails
from ringfence.cli.sizes import show_size
from ringfence.cli.streams import write
from ringfence.cli.tables.section import SEVERITY_STYLE, finding_line, first_rows, heading, section
from ringfence.cli.tables.summary import skipped_table
from ringfence.cli.watching import watched
from ringfence.core.errors import ExitCode, UsageError
from ringfence.core.findings import Severity
from ringfence.core.locks import LockedModel, Use
from ringfence.wiring.here import here

__all__ = ["run"]

_NAME = "models.lock"


def run(options: argparse.Namespace) -> int:
    """Prints what was locked, or what differs, or the document."""
    path: Path = options.path
    if str(path) == "-" and not os.path.lexists("-"):
        raise UsageError("a tree is not read from standard input", hint="name a folder, a file or an image")
    lock = options.lock or (path / _NAME if _is_plain_folder(path) else Path(_NAME))
    use = Use(options.use) if options.use else None
    work = check_lock if options.check else make_lock
    with watched() as progress:
        report = work(path, lock, here(), progress, use=use, bad_digests=options.bad_digests)
    if options.format == "json":
        from ringfence.app.documents import document

        write(document("ringfence.lock/1", report) + "\n")
    elif options.format == "sarif":
        from ringfence.app.reports.report import of_lock
        from ringfence.app.reports.sarif import sarif

        write(sarif(of_lock(report, root=Path.cwd())) + "\n")
    else:
        from ringfence.cli.console import show

        show(_told(report, is_check=options.check))
    if worst_severity_fails(report.findings, [options.fail_on]):
        return ExitCode.FAILED_AS_ASKED
    return ExitCode.DONE if report.complete else ExitCode.NOT_EXAMINED


def _is_plain_folder(path: Path) -> bool:
    """Whether a lock belongs into the folder: not into an image's layout, which others write and read."""
    return os.path.isdir(path) and not (path / "oci-layout").exists()  # noqa: PTH112


def _told(report: LockReport, *, is_check: bool) -> Iterator[RenderableType]:
    """The models, unless they are only compared; then what is wrong; then what it comes to."""
    if not is_check:
        yield _models(report.models)
    for each in report.findings:
        style = SEVERITY_STYLE[each.severity]
        if each.severity < Severity.MEDIUM:
            yield safe(finding_line(each), style)
            continue
        yield safe(f"{each.severity} {each.check}  {each.subject}", style)
        for text in each.evidence:
            yield Padding(safe(text, style), (0, 0, 0, 4))
        yield Padding(safe(each.advice), (0, 0, 0, 4))
    if report.skipped:
        yield skipped_table(report.skipped)
    yield Text(_conclusion(report, is_check=is_check))


def _models(models: tuple[LockedModel, ...]) -> RenderableType:
    if not models:
        return heading("Models", "0")
    table = section("Models", str(len(models)))
    rows, rest = first_rows(models)
    for model in rows:
        size = sum(file.size_bytes or 0 for file in model.files)
        table.add_row(
            safe(model.at if model.at and model.at != "." else model.name),
            Text(show_size(size)),
            safe(str(model.verdict)),
            safe(model.license or "no license stated"),
        )
    if rest:
        table.caption = rest
    return table


def _conclusion(report: LockReport, *, is_check: bool) -> str:
    models = f"{len(report.models)} model{'' if len(report.models) == 1 else 's'}"
    references = f"{len(report.references)} reference{'' if len(report.references) == 1 else 's'}"
    if not is_check:
        done = "written" if report.changed else "unchanged"
        return f"\n{models} and {references} locked; the lock is {done}"
    if report.findings:
        count = len(report.findings)
        return f"\n{models}, {references}: {count} finding{'' if count == 1 else 's'}"
    return f"{models}, {references}: as locked"
