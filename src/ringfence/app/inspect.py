"""All about one artifact: a file, or a folder and the models in it, and whether it may be loaded."""

import os
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ringfence.app.feeds import read as read_feeds
from ringfence.app.judging import Allowed, FileToJudge, FolderToJudge, Judges, files_below
from ringfence.app.judging.known import with_feeds
from ringfence.app.judging.models import about_identity, with_verdicts
from ringfence.artifacts.examine import Examined
from ringfence.artifacts.format import WEIGHTS_BEHAVIOUR
from ringfence.artifacts.problems import ProblemKind
from ringfence.core.dataclass import dataclass, replace
from ringfence.core.findings import Finding
from ringfence.core.inventory import Inventory, ScanRecord, Skipped
from ringfence.core.judged import JudgedFile, JudgedFolder
from ringfence.core.models import Model
from ringfence.core.verdicts import Judgement, Verdict, judged, verdict_of

if TYPE_CHECKING:  # loaded when the processes that judge are at work
    from ringfence.app.scan.here import Here
    from ringfence.app.scan.request import Progress, ScanRequest
    from ringfence.app.scan.scan import Scan
    from ringfence.app.standing.assessor import Assessor
    from ringfence.core.actions import Purpose

__all__ = ["Inspection", "inspect"]

_STRUCTURE = frozenset(map(str, ProblemKind))


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What one file or folder is. `complete` is false when there is no file or a part could not be read.

    `reasons` are the checks that led to the verdict, `leaves_out` what it says nothing about. `findings` are
    those of all files and models, the worst first.
    """

    started_at: datetime  # UTC
    complete: bool
    path: Path
    verdict: Verdict
    reasons: tuple[str, ...]
    leaves_out: tuple[str, ...]
    findings: tuple[Finding, ...]
    judged: tuple[JudgedFile, ...]  # every file, by name
    models: tuple[Model, ...]
    skipped: tuple[Skipped, ...]
    record: ScanRecord | None = None  # None when nothing was recorded
    unsettled: tuple[str, ...] = ()  # why it was judged by no policy, or is in no ledger; harmless to print


def inspect(
    path: Path,
    here: "Here",
    progress: "Progress",
    *,
    hashed: bool,
    allowed: Allowed | None = None,
    feeds: tuple[Path, ...] = (),
    purpose: "Purpose | None" = None,
    assessor: "Callable[[], Assessor] | None" = None,
) -> Inspection:
    """Examines what lies at `path`, as a scan of nothing else would, and judges every file there.

    An assessor, made while files are judged, adds what the policy thinks of the models, asked about for
    `purpose`, and records it.

    Raises:
        UnreadableScope: there is nothing that can be read.
        UsageError: one of `feeds` is none.
    """
    known = read_feeds(feeds)
    several = os.path.isdir(path)  # noqa: PTH112 - Path.is_dir raises below a closed folder
    with Judges(allowed or Allowed(), processes=here.cores if several else 1) as judges:
        to_judge, skipped = _to_judge(path)
        total = len(to_judge)
        answers = judges.judge_beside(to_judge)
        del to_judge  # of many files each would be in memory several times
        request = _request(path, hashed=hashed, purpose=purpose)
        from ringfence.app.scan.scan import Scan  # while files are judged in other processes

        assess = assessor and assessor()
        files: list[JudgedFile] = []
        headers: dict[str, Examined] = {}
        for count, (answer, header) in enumerate(answers, start=1):
            progress.judging(done=count, total=total)
            if isinstance(answer, Skipped):
                skipped.append(answer)
                continue
            files.append(answer)
            if header:
                headers[answer.name] = header
        whole = _whole(path, judges, feeds)
    del answers
    scan = Scan(request, here, known=_by_real_name(path, headers) if several else None)
    inventory = _looked(scan, request, progress)
    models = with_feeds(inventory.models, known)
    paths = {str(file.path): file.path for model in models for file in model.files}
    files = [_as_weights(_at(paths, file), whole.raw_weights) for file in files]
    del paths
    skipped = [*_about_files(inventory), *skipped]
    judgement = _judgement(files, (*whole.findings, *about_identity(models)), skipped)
    complete = inventory.complete and bool(files) and not skipped
    inventory = replace(
        inventory,
        complete=complete,
        models=with_verdicts(models, _by_real_path(files)),
        skipped=tuple(dict.fromkeys(skipped)),
    )
    if assess is not None:
        inventory = assess.assess(inventory, request, listening=None)
    return Inspection(
        started_at=inventory.started_at,
        complete=complete,
        path=path,
        verdict=judgement.verdict,
        reasons=judgement.reasons,
        leaves_out=judgement.leaves_out,
        findings=_findings(files, whole.findings, models),
        judged=tuple(files),
        models=inventory.models,
        skipped=inventory.skipped,
        record=inventory.record,
        unsettled=inventory.unsettled,
    )


def _request(path: Path, *, hashed: bool, purpose: "Purpose | None") -> "ScanRequest":
    from ringfence.app.scan.request import ScanRequest

    return ScanRequest(
        paths=(path,), hashed=hashed, processes=False, listeners=False, installed=False, purpose=purpose
    )


def _looked(scan: "Scan", request: "ScanRequest", progress: "Progress") -> Inventory:
    found = scan.look(progress)
    return scan.verify(progress) if request.hashed else found


def _to_judge(path: Path) -> tuple[list[FileToJudge], list[Skipped]]:
    files: list[FileToJudge] = []
    skipped: list[Skipped] = []
    for found in files_below(path):
        if isinstance(found, Skipped):
            skipped.append(found)
        else:
            files.append(found)
    return files, skipped


def _whole(path: Path, judges: Judges, feeds: tuple[Path, ...]) -> JudgedFolder:
    """What does not fit together among the files of a folder."""
    if not os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises below a closed folder
        return JudgedFolder(findings=(), raw_weights=())
    from ringfence.app.scan.scope import absolute

    told = tuple(map(absolute, feeds))
    return judges.judge_folder(FolderToJudge(path=absolute(path), feeds=told))


def _at(paths: Mapping[str, Path], file: JudgedFile) -> JudgedFile:
    """The same, with the very path that is known already."""
    path = paths.get(str(file.path), file.path)
    return file if path is file.path else replace(file, path=path)


def _as_weights(file: JudgedFile, raw_weights: Container[str]) -> JudgedFile:
    """A file of no format is no riddle when a graph beside it names it as its numbers."""
    if file.format is not None or file.name not in raw_weights:
        return file
    findings = tuple(each for each in file.findings if each.check != "unknown-format")
    verdicts = (verdict_of(each.severity, each.confidence) for each in findings)
    return replace(
        file,
        verdict=max(verdicts, default=Verdict.CLEAN),
        leaves_out=(WEIGHTS_BEHAVIOUR,),
        findings=findings,
    )


def _by_real_name(path: Path, headers: Mapping[str, Examined]) -> dict[str, Examined]:
    """The headers of files below a folder by where they are, as a walk finds them."""
    top = os.path.realpath(path) if headers else ""
    return {os.path.join(top, name): header for name, header in headers.items()}  # noqa: PTH118


def _by_real_path(files: Iterable[JudgedFile]) -> dict[Path, JudgedFile]:
    """The files by where their paths lead; each folder is asked about once."""
    real: dict[str, str] = {}
    found: dict[Path, JudgedFile] = {}
    for file in files:
        folder, name = os.path.split(file.path)
        if folder not in real:
            real[folder] = os.path.realpath(folder)
        if os.path.islink(file.path):  # noqa: PTH114  thousands of times
            path = file.path.resolve()
        else:
            path = file.path if real[folder] == folder else Path(real[folder], name)
        found[path] = file
    return found


def _about_files(inventory: Inventory) -> Iterator[Skipped]:
    return (each for each in inventory.skipped if each.kind in ("file", "folder", "link", "store"))


def _judgement(
    files: Iterable[JudgedFile], others: Iterable[Finding], skipped: Iterable[Skipped]
) -> Judgement:
    """The worst of all files and other findings; what nobody could read is never clean."""
    reasons: dict[tuple[Verdict, str], None] = {}
    leaves_out: dict[str, None] = {}
    for file in files:
        leaves_out |= dict.fromkeys(file.leaves_out)
        reasons[file.verdict, ""] = None
        reasons |= _reasons(file.findings)
    reasons |= _reasons(others)
    if skipped or not reasons:
        reasons[Verdict.INCONCLUSIVE, "skipped" if skipped else "nothing-to-judge"] = None
    found = judged(reasons, leaves_out=leaves_out)
    return Judgement(
        verdict=found.verdict, reasons=tuple(filter(None, found.reasons)), leaves_out=found.leaves_out
    )


def _reasons(findings: Iterable[Finding]) -> dict[tuple[Verdict, str], None]:
    return {(verdict_of(each.severity, each.confidence), each.check): None for each in findings}


def _findings(
    files: Iterable[JudgedFile], whole: Iterable[Finding], models: Iterable[Model]
) -> tuple[Finding, ...]:
    """All of them, each once. What a short look at a header found counts only where judging found it too."""
    found = {each.fingerprint: each for file in files for each in file.findings}
    found |= {each.fingerprint: each for each in whole}
    for model in models:
        for each in model.findings:
            if each.check not in _STRUCTURE:
                found.setdefault(each.fingerprint, each)
    return tuple(sorted(found.values(), key=_urgency))


def _urgency(each: Finding) -> tuple[int, str, int, str]:
    return (-each.severity.rank, each.subject, each.offset or 0, each.check)
