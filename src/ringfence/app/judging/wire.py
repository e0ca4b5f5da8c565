"""What goes between the scan and the processes that judge: one JSON text to a line.

A process that was taken over by a file can lie about that file and those it is asked about later, and nothing
more: what it says is data, within bounds.
"""

import json
import re
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TypeVar

from ringfence.app.judging.below import FileToJudge, FolderToJudge
from ringfence.artifacts.examine import Examined, examined
from ringfence.artifacts.formats import FORMATS
from ringfence.artifacts.problems import Problem, ProblemKind
from ringfence.core.facts import FactName, FactValue
from ringfence.core.findings import Confidence, Finding, Severity, finding
from ringfence.core.inventory import Skipped
from ringfence.core.judged import JudgedFile, JudgedFolder
from ringfence.core.limits import LIMITS
from ringfence.core.text import printable
from ringfence.core.verdicts import Verdict

__all__ = ["answer_from", "answer_line", "task_from", "task_line"]

_CHECK: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_TOLD: Final = ("check", "severity", "confidence", "subject", "advice", "evidence", "offset")
_FORMATS: Final = frozenset(each.name for each in FORMATS)
_SHORT: Final = 4_096  # characters of a header that are kept, to read it once
_T = TypeVar("_T")


def task_line(task: FileToJudge | FolderToJudge) -> bytes:
    """The question as a line."""
    if isinstance(task, FileToJudge):
        return _line([str(task.path), task.name, task.with_header])
    return _line([str(task.path), [str(each) for each in task.feeds]])


def task_from(line: bytes) -> FileToJudge | FolderToJudge:
    """The question again."""
    path, *more = json.loads(line)
    if len(more) == 1:
        return FolderToJudge(path=Path(path), feeds=tuple(map(Path, *more)))
    return FileToJudge(path=Path(path), name=more[0], with_header=more[1])


def answer_line(answer: JudgedFile | JudgedFolder | Skipped, header: Examined | None = None) -> bytes:
    """The answer as a line, without what whoever asked knows; behind a tab what the file's header says."""
    told = None
    if header is not None:
        problems = [(each.kind, each.at, each.detail) for each in header.problems]
        told = (header.format, dict(header.facts), problems)
    return b"%b\t%b\n" % (_json(_body(answer)), _json(told))


def _body(answer: JudgedFile | JudgedFolder | Skipped) -> dict[str, object]:
    match answer:
        case JudgedFile():
            return {
                "format": answer.format,
                "size_bytes": answer.size_bytes,
                "verdict": answer.verdict,
                "leaves_out": answer.leaves_out,
                "findings": _told(answer.findings),
            }
        case JudgedFolder():
            return {"findings": _told(answer.findings), "raw_weights": answer.raw_weights}
        case Skipped():
            return {"reason": answer.reason}


def answer_from(
    line: bytes, file: FileToJudge | FolderToJudge
) -> tuple[JudgedFile | JudgedFolder | Skipped, Examined | None]:
    """The answer again, which is about `file` whatever it says, and harmless to print; and the header, the
    facts of which are not.

    Raises:
        ValueError, KeyError, TypeError: it is no answer.
    """
    answer, _, header = line.decode().partition("\t")
    try:
        return _answer(_a(dict, json.loads(answer)), file), _header(header)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def _answer(body: dict[str, Any], file: FileToJudge | FolderToJudge) -> JudgedFile | JudgedFolder | Skipped:
    if "reason" in body:
        return Skipped(
            kind="file", subject=printable(str(file.path)), reason=printable(_a(str, body["reason"]))
        )
    if isinstance(file, FolderToJudge):
        return JudgedFolder(
            findings=tuple(_finding(each) for each in body["findings"]),
            raw_weights=tuple(body.get("raw_weights", ())),
        )
    return JudgedFile(
        path=file.path,
        name=file.name,
        format=None if body["format"] is None else _shared(_a(str, body["format"])),
        size_bytes=_a(int, body["size_bytes"]),
        verdict=Verdict(body["verdict"]),
        leaves_out=_same(tuple(_shared(_a(str, each)) for each in body["leaves_out"])),
        findings=tuple(_finding(_a(dict, each)) for each in body["findings"]),
    )


def _header(text: str) -> Examined | None:
    return _kept_header(text) if len(text) <= _SHORT else _read_header(text)


@lru_cache(maxsize=64)
def _kept_header(text: str) -> Examined | None:
    """Most small files say the same. What is longer is not kept: a liar says as much as an answer holds."""
    return _read_header(text)


def _read_header(text: str) -> Examined | None:
    told = json.loads(text)
    if told is None:
        return None
    found, facts, problems = _a(list, told)
    if found is not None and found not in _FORMATS:
        raise ValueError("no format has such a name")
    return examined(
        found,
        dict(_fact(FactName(name), value) for name, value in _a(dict, facts).items()),
        [
            Problem(kind=ProblemKind(kind), at=None if at is None else _a(int, at), detail=_a(str, detail))
            for kind, at, detail in _a(list, problems)[: LIMITS.evidence_items]
        ],
    )


def _fact(name: FactName, told: object) -> tuple[FactName, FactValue]:
    if name.type is tuple:
        return name, tuple(_a(str, each) for each in _a(list, told))
    return name, _a(int, told) if name.type is int else _a(str, told)


def _finding(body: dict[str, Any]) -> Finding:
    check = _a(str, body["check"])
    if _CHECK.fullmatch(check) is None:
        raise ValueError("no check has such an id")
    return finding(
        check,
        severity=Severity(body["severity"]),
        confidence=Confidence(body["confidence"]),
        subject=_a(str, body["subject"]),
        advice=_shared(_a(str, body["advice"])),
        evidence=tuple(_a(str, each) for each in _a(list, body["evidence"])),
        offset=None if body["offset"] is None else _a(int, body["offset"]),
    )


def _a(kind: type[_T], value: object) -> _T:
    if type(value) is not kind:
        raise TypeError("an answer of another shape")
    return value


def _told(findings: tuple[Finding, ...]) -> list[dict[str, object]]:
    return [{key: getattr(each, key) for key in _TOLD} for each in findings]


def _shared(text: str) -> str:
    """The text harmless to print, and the same object for every file about which it is said."""
    return sys.intern(printable(text))


@lru_cache(maxsize=64)
def _same(texts: tuple[str, ...]) -> tuple[str, ...]:
    return texts


def _line(body: object) -> bytes:
    return _json(body) + b"\n"


def _json(body: object) -> bytes:
    return json.dumps(body).encode()
