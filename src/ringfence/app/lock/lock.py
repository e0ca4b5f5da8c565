"""Writes a lock of what there is, or says how what there is differs from a lock."""

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from ringfence.app import feeds
from ringfence.app.fixed_time import fixed_time
from ringfence.app.lock.compare import differences, unpinned
from ringfence.app.lock.gather import Gathered, Seen, gather
from ringfence.app.lock.uses import license_finding
from ringfence.app.scan.here import Here
from ringfence.app.scan.request import Progress
from ringfence.core.dataclass import dataclass
from ringfence.core.digests import Sha256
from ringfence.core.errors import UsageError
from ringfence.core.findings import Confidence, Finding, Severity, finding
from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.core.locks import BadLock, Lock, LockedModel, Reason, Reference, Use, parse_lock, written
from ringfence.core.text import printable
from ringfence.core.verdicts import Verdict
from ringfence.endpoint.opening import read_small

__all__ = ["LockReport", "check_lock", "make_lock"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LockReport:
    """What was locked, or how it differs from the lock. `complete` is false when a part was not examined."""

    started_at: datetime  # UTC
    complete: bool
    path: Path
    lock: Path
    changed: bool  # whether the lock file was written anew; a check never does
    use: Use | None
    findings: tuple[Finding, ...]  # the worst first
    models: tuple[LockedModel, ...]  # as they are now
    references: tuple[Reference, ...]
    skipped: tuple[Skipped, ...]


def make_lock(
    path: Path, lock: Path, here: Here, progress: Progress, *, use: Use | None, bad_digests: Sequence[Path]
) -> LockReport:
    """Writes what there is to `lock`, unless that says so already; records for other reasons stay in it.

    Raises:
        UnreadableScope: there is nothing that can be read.
        UsageError: the lock cannot be written or is another version's; the feed or the time is none.
    """
    started_at = here.now()
    at = fixed_time(here.environment) or started_at
    bad = feeds.read(bad_digests).bad_digests
    before = _read(lock)
    found = gather(path, here, progress)
    use = use or (before.use if before else None)
    kept = [each for each in before.models if each.explanation is not Reason.LOCK] if before else []
    models = tuple(each.model for each in found.models)
    made = Lock(
        models=(*models, *kept),
        references=found.references,
        date=at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        use=use,
    )
    changed = before is None or _dateless(before) != _dateless(made)
    if changed:
        _save(written(made), lock)
    findings = [*_of_models(found, use, bad), *unpinned(models, found.references)]
    findings += (_suspicious(each) for each in found.models if each.verdict >= Verdict.SUSPICIOUS)
    return _report(found, findings, path=path, lock=lock, started_at=started_at, use=use, changed=changed)


def check_lock(
    path: Path, lock: Path, here: Here, progress: Progress, *, use: Use | None, bad_digests: Sequence[Path]
) -> LockReport:
    """How what there is differs from `lock`, and what is wrong with it besides.

    Raises:
        UnreadableScope: there is nothing that can be read.
        UsageError: there is no lock that can be read; the feed is none.
    """
    started_at = here.now()
    bad = feeds.read(bad_digests).bad_digests
    locked = _read(lock)
    if locked is None:
        raise UsageError(
            f"{printable(str(lock))}: there is no lock", hint="write it with `ringfence lock`, and commit it"
        )
    found = gather(path, here, progress)
    use = use or locked.use
    findings = [
        *differences(locked, found.models, found.references),
        *unpinned(locked.models, found.references),
        *_of_models(found, use, bad),
    ]
    return _report(found, findings, path=path, lock=lock, started_at=started_at, use=use, changed=False)


def _of_models(found: Gathered, use: Use | None, bad: Mapping[Sha256, str]) -> Iterator[Finding]:
    """What is wrong with the models and the image, whatever the lock says."""
    yield from found.findings
    for seen in found.models:
        subject = seen.model.at if seen.model.at and seen.model.at != "." else seen.model.name
        if use and not (seen.is_data and seen.model.license is None):
            refused = license_finding(subject, seen.model.license, use)
            if refused:
                yield refused
        for file in seen.model.files:
            if file.sha256 in bad:
                yield finding(
                    "digest-known-bad",
                    severity=Severity.CRITICAL,
                    confidence=Confidence.CERTAIN,
                    subject=f"{subject}: {file.path}",
                    evidence=(file.sha256, bad[file.sha256]),
                    advice="do not load it; tell whoever keeps the list where it was found",
                )
        if seen.is_deleted:
            yield finding(
                "model-in-deleted-layer",
                severity=Severity.LOW,
                confidence=Confidence.CERTAIN,
                subject=subject,
                evidence=tuple(f"{file.path} {file.sha256}" for file in seen.model.files),
                advice="build the image without it: whoever has the image can take it out of its layers",
            )


def _suspicious(seen: Seen) -> Finding:
    return finding(
        "lock-of-suspicious",
        severity=Severity.CRITICAL if seen.verdict is Verdict.MALICIOUS else Severity.HIGH,
        confidence=Confidence.CERTAIN,
        subject=seen.model.at or seen.model.name,
        evidence=(f"its verdict is {seen.verdict}", *seen.reasons),
        advice="do not commit this lock before somebody has looked: `ringfence inspect` says what was found",
    )


def _report(
    found: Gathered,
    findings: Iterable[Finding],
    *,
    path: Path,
    lock: Path,
    started_at: datetime,
    use: Use | None,
    changed: bool,
) -> LockReport:
    once = {each.fingerprint: each for each in findings}
    return LockReport(
        started_at=started_at,
        complete=not found.skipped,
        path=path,
        lock=lock,
        changed=changed,
        use=use,
        findings=tuple(
            sorted(once.values(), key=lambda each: (-each.severity.rank, each.check, each.subject))
        ),
        models=tuple(each.model for each in found.models),
        references=found.references,
        skipped=found.skipped,
    )


def _dateless(lock: Lock) -> tuple[object, ...]:
    return (lock.models, lock.references, lock.use)


def _read(path: Path) -> Lock | None:
    data = read_small(path, max_bytes=LIMITS.json_bytes)
    if data is None:
        return None
    hint = "it is written by `ringfence lock`; name another one with --lock, or take it away"
    if isinstance(data, Skipped):
        raise UsageError(f"{data.subject}: {data.reason}", hint=hint)
    try:
        return parse_lock(data)
    except BadLock as error:
        raise UsageError(f"{printable(str(path))}: not a lock of this version: {error}", hint=hint) from error


def _save(text: str, path: Path) -> None:
    """Writes the whole file or none of it."""
    new: str | None = None
    try:
        fd, new = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            file.write(text)
        Path(new).chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
        Path(new).replace(path)
    except OSError as error:
        if new:
            with suppress(OSError):
                Path(new).unlink()
        raise UsageError(
            f"{printable(str(path))}: {os.strerror(error.errno or 0).lower()}",
            hint="name a file in a folder that exists and that you may write to: --lock FILE",
        ) from error
