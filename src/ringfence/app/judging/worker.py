"""The process that judges: a file's path comes in, what may come of loading that file goes out.

It has no more memory than it is given, dumps no core, and whoever started it ends it when it takes too long.
"""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final

from ringfence.app import feeds
from ringfence.app.folder_of import folder_of
from ringfence.app.judging.allowed import Allowed
from ringfence.app.judging.below import FileToJudge, FolderToJudge
from ringfence.app.judging.wire import answer_line, task_from
from ringfence.artifacts.examine import Examined, examine, examine_as
from ringfence.artifacts.folders.external_data import raw_weights
from ringfence.artifacts.folders.judge import judge_folder
from ringfence.artifacts.formats import FORMATS
from ringfence.artifacts.judging import Judged, judge
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted, as_finding
from ringfence.core.findings import Confidence, Severity
from ringfence.core.inventory import Skipped
from ringfence.core.judged import JudgedFile, JudgedFolder
from ringfence.core.limits import LIMITS
from ringfence.core.text import printable
from ringfence.core.verdicts import Verdict
from ringfence.endpoint.allowance import Allowance
from ringfence.endpoint.opening import NotOpened, opened, refusal

__all__ = ["could_not_judge", "judge_file", "serve"]

_SMALL_BYTES: Final = 64 << 10
_FORMATS: Final = {each.name: each for each in FORMATS}


def serve(allowed: Allowed) -> None:
    """Answers every line on standard input with one on standard output, until there are no more."""
    _limit(allowed)
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # whatever a library prints is no answer
    headers = Allowance(LIMITS.headers_s, clock=time.monotonic)  # a thread's own clock lets others go first
    for line in os.fdopen(0, "rb", closefd=False):
        task = task_from(line)
        answer: JudgedFile | JudgedFolder | Skipped
        header = None
        try:
            if isinstance(task, FileToJudge):
                answer, header = judge_file(task, allowed, headers)
            else:
                answer = judge_whole_folder(task, allowed)
        except (MemoryError, RecursionError) as error:
            what = "memory" if isinstance(error, MemoryError) else "depth"
            answer = could_not_judge(task, f"needs more {what} than is allowed")
        answers.write(answer_line(answer, header))


def judge_file(
    file: FileToJudge, allowed: Allowed, headers: Allowance
) -> tuple[JudgedFile | Skipped, Examined | None]:
    """Opens and judges one file; what its header says besides, if that is asked for and can be said."""
    try:
        with opened(file.path) as fd:
            before = os.fstat(fd)
            reader = _read_at_once(fd, before.st_size) or partial(Reader.of_fd, fd)
            found = judge(reader(budget=allowed.budget()), name=file.name)
            header = _header(reader(), file, headers, found) if file.with_header else None
            after = os.fstat(fd)
    except (NotOpened, OSError) as error:
        reason = error.reason if isinstance(error, NotOpened) else refusal(error).reason
        return Skipped(kind="file", subject=printable(str(file.path)), reason=reason), None
    findings = tuple(as_finding(each, subject=file.name) for each in found.spotted)
    judged = JudgedFile(
        path=file.path,
        name=file.name,
        format=found.format,
        size_bytes=before.st_size,
        verdict=found.judgement.verdict,
        leaves_out=found.judgement.leaves_out,
        findings=findings,
    )
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        return could_not_judge(file, "changed while it was read", judged), None
    return judged, header


def _read_at_once(fd: int, size_bytes: int) -> "Callable[..., Reader] | None":
    """What makes readers of a small file, which is then read once. None for what is large, or changes."""
    data = os.pread(fd, size_bytes, 0) if size_bytes <= _SMALL_BYTES else b""
    return partial(Reader.of_bytes, data) if len(data) == size_bytes else None


def _header(reader: Reader, file: FileToJudge, headers: Allowance, judged: Judged) -> Examined | None:
    """What the header says. None where whoever asked should rather look at it: it takes too much.

    Judging has identified the file already, by the same tests but for those of its name.
    """
    if headers.is_spent:
        return None
    suffix = file.path.suffix.lower()
    found = _FORMATS.get(judged.format or "")
    try:
        with headers:
            if (found and found.names) or "\\" in file.name:  # which judging takes for a folder's end
                return examine(reader, suffix=suffix)
            return examine_as(found, reader, suffix=suffix, told=judged.facts)
    except (OSError, MemoryError, RecursionError):
        return None


def judge_whole_folder(folder: FolderToJudge, allowed: Allowed) -> JudgedFolder:
    """What does not fit together in a folder."""
    seen = folder_of(folder.path)
    found = judge_folder(seen, feeds=feeds.read(folder.feeds), model=None, budget=allowed.budget())
    return JudgedFolder(
        findings=tuple(as_finding(spotted, subject=name) for name, spotted in found),
        raw_weights=tuple(sorted(raw_weights(seen))),
    )


def could_not_judge(
    file: FileToJudge | FolderToJudge, why: str, known: JudgedFile | None = None
) -> JudgedFile:
    """That `file` cannot be judged for certain, with what is known of it besides."""
    spotted = Spotted(
        check="judging-failed",
        severity=Severity.MEDIUM,
        confidence=Confidence.CERTAIN,
        at=None,
        evidence=(why,),
        advice="do not load it before somebody has looked at it",
    )
    return JudgedFile(
        path=file.path,
        name=file.name,
        format=known.format if known else None,
        size_bytes=known.size_bytes if known else 0,
        verdict=max(Verdict.INCONCLUSIVE, known.verdict) if known else Verdict.INCONCLUSIVE,
        leaves_out=known.leaves_out if known else (),
        findings=(as_finding(spotted, subject=file.name), *(known.findings if known else ())),
    )


def _limit(allowed: Allowed) -> None:
    try:
        import resource
    except ImportError:  # where there are no such limits
        return
    for kind, value in (
        (resource.RLIMIT_AS, _mapped_bytes() + allowed.memory_bytes),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, allowed.inflated_bytes),
    ):
        with suppress(OSError, ValueError):  # a tighter limit stands already
            resource.setrlimit(kind, (value, value))


def _mapped_bytes() -> int:
    """What is mapped before any file is judged, which is no file's doing: where it was forked, all of it."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:  # where there is no such file
        return 0
