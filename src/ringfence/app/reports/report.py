"""What a report tells, whichever command found it, before it is written in anybody's format."""

import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain, groupby
from pathlib import Path

from ringfence import __version__
from ringfence.app.inspect import Inspection
from ringfence.app.lock import LockReport
from ringfence.app.reports.located import Located
from ringfence.app.reports.standings import of_standings
from ringfence.core.dataclass import dataclass
from ringfence.core.findings import Finding
from ringfence.core.inventory import Inventory, Signal, Skipped
from ringfence.core.judged import JudgedFile
from ringfence.core.machine import Listener
from ringfence.core.models import Model, ModelFile
from ringfence.core.text import printable
from ringfence.core.verdicts import Verdict

__all__ = ["KnownFile", "Located", "Report", "by_check", "of_inspection", "of_inventory", "of_lock"]


_PLACES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFile:
    """A file that was looked at."""

    path: Path  # absolute; where a link leads is not followed
    size_bytes: int
    sha256: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One result of `scan`, `inspect` or `lock`. `verdict` is None where nobody judged all there is."""

    command: str  # scan, inspect or lock
    about: str  # what was looked at; harmless to print
    started_at: datetime  # UTC
    tool_version: str
    complete: bool
    root: Path  # absolute; names of files below it are shown relative to it
    verdict: Verdict | None
    reasons: tuple[str, ...]
    leaves_out: tuple[str, ...]
    findings: tuple[Located, ...]  # the worst first
    files: tuple[KnownFile, ...]  # by path
    judged: tuple[JudgedFile, ...]
    models: tuple[Model, ...]
    servers: tuple[Listener, ...]
    signals: tuple[Signal, ...]
    skipped: tuple[Skipped, ...]
    unsettled: tuple[str, ...] = ()  # why it was judged by no policy, or is in no ledger


def of_inspection(result: Inspection, *, root: Path) -> Report:
    """The report of one inspection; `root` is the working directory."""
    owners = {each.fingerprint: file for file in result.judged for each in file.findings}
    others = {each.finding.fingerprint: each for each in _of_models(result.models, root)}
    return Report(
        command="inspect",
        about=printable(str(result.path)),
        started_at=result.started_at,
        tool_version=__version__,
        complete=result.complete,
        root=root,
        verdict=result.verdict,
        reasons=result.reasons,
        leaves_out=result.leaves_out,
        findings=_sorted(
            chain(
                (_in_file(each, owners, others, root) for each in result.findings),
                of_standings(result.models, root),
            )
        ),
        files=_files(result.models, result.judged, root),
        judged=result.judged,
        models=result.models,
        servers=(),
        signals=(),
        skipped=result.skipped,
        unsettled=result.unsettled,
    )


def of_inventory(inventory: Inventory, *, root: Path) -> Report:
    """The report of one scan; `root` is the working directory."""
    found = [
        *_of_models(inventory.models, root),
        *(Located(finding=each, path=None) for server in inventory.listeners for each in server.findings),
        *(
            Located(finding=each, path=root / agent.locations[0] if agent.locations else None)
            for agent in inventory.agents
            for each in agent.findings
        ),
        *of_standings(inventory.things, root),
    ]
    verdicts = [model.verdict for model in inventory.models if not model.remote]
    judged = [each for each in verdicts if each is not None]
    whole = max(judged) if judged and len(judged) == len(verdicts) else None
    paths = inventory.scope.paths
    outermost = [path for path in paths if not any(path.is_relative_to(o) for o in paths if o != path)]
    return Report(
        command="scan",
        about=", ".join(printable(str(path)) for path in outermost[:_PLACES]) or "this machine",
        started_at=inventory.started_at,
        tool_version=__version__,
        complete=inventory.complete,
        root=root,
        verdict=whole,
        reasons=(),
        leaves_out=(),
        findings=_sorted(found),
        files=_files(inventory.models, (), root),
        judged=(),
        models=inventory.models,
        servers=inventory.listeners,
        signals=inventory.signals,
        skipped=inventory.skipped,
        unsettled=inventory.unsettled,
    )


def of_lock(report: LockReport, *, root: Path) -> Report:
    """The report of one lock, made or checked: findings stand at their file, or else at the lock itself."""
    found = (Located(finding=each, path=_locked_file(each, report, root)) for each in report.findings)
    return Report(
        command="lock",
        about=printable(str(report.path)),
        started_at=report.started_at,
        tool_version=__version__,
        complete=report.complete,
        root=root,
        verdict=None,
        reasons=(),
        leaves_out=(),
        findings=_sorted(found),
        files=(),
        judged=(),
        models=(),
        servers=(),
        signals=(),
        skipped=report.skipped,
    )


def _locked_file(finding: Finding, report: LockReport, root: Path) -> Path:
    name, _, line = finding.subject.rpartition(":")
    path = root / report.path / (name if line.isdecimal() else finding.subject)
    return path if os.path.isfile(path) else root / report.lock  # noqa: PTH113 - no name is too long for it


def by_check(found: Iterable[Located]) -> list[tuple[str, list[Located]]]:
    """The findings under their checks: the check with the worst one first."""
    ordered = sorted(found, key=lambda each: each.finding.check)
    groups = [(check, list(same)) for check, same in groupby(ordered, key=lambda each: each.finding.check)]
    return sorted(groups, key=lambda group: (-max(each.finding.severity.rank for each in group[1]), group[0]))


def _in_file(
    finding: Finding, owners: dict[str, JudgedFile], others: dict[str, Located], root: Path
) -> Located:
    file = owners.get(finding.fingerprint)
    if file is None:
        return others.get(finding.fingerprint) or Located(finding=finding, path=None)
    return Located(finding=finding, path=root / file.path, inside=_inside(finding, file))


def _of_models(models: Iterable[Model], root: Path) -> Iterator[Located]:
    """The file that the subject names, or the place of the whole model."""
    for model in models:
        names = {printable(file.name): file for file in model.files}
        for each in model.findings:
            name, _, _ = each.subject.partition("!/")
            file = names.get(name)
            if file:
                yield Located(finding=each, path=root / file.path, inside=_inside(each, file))
            else:
                yield Located(finding=each, path=root / model.location)


def _inside(finding: Finding, file: JudgedFile | ModelFile) -> str:
    prefix = f"{printable(file.name)}!/"
    return finding.subject.removeprefix(prefix) if finding.subject.startswith(prefix) else ""


def _files(models: Iterable[Model], judged: Iterable[JudgedFile], root: Path) -> tuple[KnownFile, ...]:
    """Every file once; one that was judged under a link's name has its target's digest."""
    found = {root / file.path: file for model in models for file in model.files}
    known = {
        path: KnownFile(path=path, size_bytes=file.size_bytes, sha256=file.sha256)
        for path, file in found.items()
    }
    for each in judged:
        path = root / each.path
        target = found.get(path) or found.get(path.resolve())
        known[path] = KnownFile(
            path=path, size_bytes=each.size_bytes, sha256=target.sha256 if target else None
        )
    return tuple(known[path] for path in sorted(known))


def _sorted(found: Iterable[Located]) -> tuple[Located, ...]:
    unique = {(each.finding.fingerprint, each.path): each for each in found}
    return tuple(sorted(unique.values(), key=_order))


def _order(each: Located) -> tuple[int, str, str, int, str]:
    found = each.finding
    return (-found.severity.rank, str(each.path or ""), found.check, found.offset or 0, found.fingerprint)
