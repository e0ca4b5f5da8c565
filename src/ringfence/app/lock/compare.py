"""How what is there differs from what was locked."""

from collections import Counter
from collections.abc import Iterable, Iterator

from ringfence.app.lock.gather import Seen
from ringfence.app.references import is_pinned
from ringfence.core.findings import Confidence, Finding, Severity, finding
from ringfence.core.locks import Lock, LockedFile, LockedModel, Reason, Reference
from ringfence.core.verdicts import Verdict

__all__ = ["differences", "unpinned"]

_SEVERITY = {
    Verdict.MALICIOUS: Severity.CRITICAL,
    Verdict.SUSPICIOUS: Severity.HIGH,
}


def differences(lock: Lock, models: Iterable[Seen], references: Iterable[Reference]) -> Iterator[Finding]:
    """Each model and reference that is not as it was locked."""
    pairs, unlisted, missing = _paired(lock.models, tuple(models))
    for locked, seen in pairs:
        yield from _files(locked, seen.model)
        yield from _verdict(locked, seen)
        yield from _license(locked, seen.model)
    for seen in unlisted:
        yield _finding(
            "lock-model-unlisted",
            Severity.HIGH,
            _subject(seen.model),
            (f"its verdict is {seen.verdict}", *(f"{file.path} {file.sha256}" for file in seen.model.files)),
            "find out who added it and why, then lock again",
        )
    for locked in missing:
        yield _finding(
            "lock-model-missing",
            Severity.MEDIUM,
            _subject(locked),
            tuple(f"{file.path} {file.sha256}" for file in locked.files),
            "get it back, or lock again if it was taken out on purpose",
        )
    yield from _references(lock, references)


def unpinned(models: Iterable[LockedModel], references: Iterable[Reference]) -> Iterator[Finding]:
    """References that may lead to other bytes tomorrow. Those to models whose digests are locked do not."""
    here = {model.name.casefold() for model in models}
    for each in references:
        if not is_pinned(each) and each.name.casefold() not in here:
            yield _finding(
                "reference-not-pinned",
                Severity.LOW,
                f"{each.file}:{each.line}",
                (f"{each.kind} {each.name}", f"revision {each.revision}" if each.revision else "no revision"),
                "name the commit or the digest, so that the same bytes come tomorrow",
            )


def _paired(
    locked: tuple[LockedModel, ...], seen: tuple[Seen, ...]
) -> tuple[list[tuple[LockedModel, Seen]], list[Seen], list[LockedModel]]:
    """Each model with its record: by name and place, else by a name that both sides have once."""
    pairs: list[tuple[LockedModel, Seen]] = []
    records = sorted(locked, key=lambda each: each.explanation is not Reason.LOCK)
    left = list(seen)
    by_place: dict[tuple[str, str | None], list[Seen]] = {}
    for each in left:
        by_place.setdefault((each.model.name, each.model.at), []).append(each)
    missing: list[LockedModel] = []
    for record in records:
        found = by_place.get((record.name, record.at))
        if found:
            pairs.append((record, _best(found, record)))
        else:
            missing.append(record)
    taken = {id(each) for _, each in pairs}
    left = [each for each in left if id(each) not in taken]
    names = Counter(each.model.name for each in left)
    record_names = Counter(record.name for record in missing)
    once = {each.model.name: each for each in left if names[each.model.name] == 1}
    for record in tuple(missing):
        if record.name in once and record_names[record.name] == 1:
            pairs.append((record, once[record.name]))
            left.remove(once[record.name])
            missing.remove(record)
    return pairs, left, [record for record in missing if record.explanation is Reason.LOCK]


def _best(found: list[Seen], record: LockedModel) -> Seen:
    """Of models of one name in one place the one with the same files; each is taken once."""
    digests = {file.sha256 for file in record.files}
    best = max(found, key=lambda each: len(digests & {file.sha256 for file in each.model.files}))
    if len(found) > 1:
        found.remove(best)
    return best


def _files(locked: LockedModel, now: LockedModel) -> Iterator[Finding]:
    before, after = _by_path(locked.files), _by_path(now.files)
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path, set()), after.get(path, set())
        if old == new:
            continue
        yield _finding(
            "lock-digest-differs",
            Severity.HIGH,
            f"{_subject(locked)}/{path}" if path != locked.name else _subject(locked),
            (
                f"locked {', '.join(sorted(old)) or 'no such file'}",
                f"is {', '.join(sorted(new)) or 'no longer there'}",
            ),
            "do not build with it before you know who changed it; lock again if the change is meant",
        )


def _by_path(files: Iterable[LockedFile]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for file in files:
        found.setdefault(file.path, set()).add(file.sha256)
    return found


def _verdict(locked: LockedModel, seen: Seen) -> Iterator[Finding]:
    if seen.verdict is not Verdict.MALICIOUS:
        if locked.verdict is None and seen.verdict < Verdict.SUSPICIOUS:
            return  # a record that somebody wrote without a verdict
        if locked.verdict is not None and seen.verdict <= locked.verdict:
            return
    yield _finding(
        "lock-verdict-worse",
        _SEVERITY.get(seen.verdict, Severity.MEDIUM),
        _subject(seen.model),
        (f"locked {locked.verdict or 'without a verdict'}", f"is {seen.verdict}", *seen.reasons),
        "do not load it before somebody has looked: `ringfence inspect` says what was found",
    )


def _license(locked: LockedModel, now: LockedModel) -> Iterator[Finding]:
    if locked.at is None or locked.license == now.license:
        return
    source = f" ({now.license_source})" if now.license_source else ""
    yield _finding(
        "lock-license-changed",
        Severity.MEDIUM,
        _subject(now),
        (f"locked {locked.license or 'none'}", f"is {now.license or 'none'}{source}"),
        "read the new license for what you use the model for, then lock again",
    )


def _references(lock: Lock, references: Iterable[Reference]) -> Iterator[Finding]:
    here = {model.name.casefold() for model in lock.models}
    known = {(each.kind, each.name, each.revision) for each in lock.references}
    for each in references:
        if each.name.casefold() in here or (each.kind, each.name, each.revision) in known:
            continue
        yield _finding(
            "reference-not-locked",
            Severity.MEDIUM,
            f"{each.file}:{each.line}",
            (f"{each.kind} {each.name}", f"revision {each.revision}" if each.revision else "no revision"),
            "find out who added it and why, then lock again",
        )


def _subject(model: LockedModel) -> str:
    return model.at if model.at and model.at != "." else model.name


def _finding(check: str, severity: Severity, subject: str, evidence: tuple[str, ...], advice: str) -> Finding:
    return finding(
        check,
        severity=severity,
        confidence=Confidence.CERTAIN,
        subject=subject,
        evidence=evidence,
        advice=advice,
    )
