"""What goes between the scan and the processes that judge: one JSON text to a line.

A process that was taken over by the file it judged can lie about that file, and nothing more: what it says
is data, within bounds.
"""

import json
from dataclasses import asdict
from pathlib import Path

from ringfence.app.judging.below import FileToJudge, FolderToJudge
from ringfence.core.findings import CheckId, Confidence, Finding, Severity
from ringfence.core.inventory import Skipped
from ringfence.core.judged import JudgedFile
from ringfence.core.verdicts import Verdict

__all__ = ["answer_from", "answer_line", "task_from", "task_line"]


def task_line(task: FileToJudge | FolderToJudge) -> bytes:
    """The question as a line."""
    return json.dumps(asdict(task), default=str).encode() + b"\n"


def task_from(line: bytes) -> FileToJudge | FolderToJudge:
    """The question again."""
    body = json.loads(line)
    path = Path(body["path"])
    if "name" in body:
        return FileToJudge(path=path, name=body["name"])
    return FolderToJudge(path=path, feeds=tuple(map(Path, body["feeds"])))


def answer_line(answer: JudgedFile | Skipped) -> bytes:
    """The answer as a line."""
    return json.dumps(asdict(answer), default=str).encode() + b"\n"


def answer_from(line: bytes, file: FileToJudge | FolderToJudge) -> JudgedFile | Skipped:
    """The answer again, which is about `file` whatever it says.

    Raises:
        ValueError, KeyError, TypeError: it is no answer.
    """
    body = json.loads(line)
    if "reason" in body:
        return Skipped(**body)
    return JudgedFile(
        path=file.path,
        name=file.name,
        format=body["format"],
        size_bytes=body["size_bytes"],
        verdict=Verdict(body["verdict"]),
        leaves_out=tuple(body["leaves_out"]),
        findings=tuple(_finding(each) for each in body["findings"]),
    )


def _finding(body: dict[str, object]) -> Finding:
    evidence = body["evidence"]
    assert isinstance(evidence, list)
    known = {
        **body,
        "check": CheckId(str(body["check"])),
        "severity": Severity(str(body["severity"])),
        "confidence": Confidence(str(body["confidence"])),
        "evidence": tuple(map(str, evidence)),
    }
    return Finding(**known)  # type: ignore[arg-type]
