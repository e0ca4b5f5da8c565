"""What there is to lock below a path: every model with digests, license and verdict, and what code names."""

import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from ringfence.app.judging import Allowed, Judges
from ringfence.app.judging.below import FileToJudge
from ringfence.app.references import find_references
from ringfence.app.references.find import is_left_out
from ringfence.app.scan.here import Here
from ringfence.app.scan.request import Progress, ScanRequest
from ringfence.app.scan.scan import Scan
from ringfence.artifacts.examine import surely_weights
from ringfence.core.dataclass import dataclass
from ringfence.core.digests import Sha256
from ringfence.core.findings import Finding
from ringfence.core.inventory import Skipped
from ringfence.core.judged import JudgedFile
from ringfence.core.locks import LockedFile, LockedModel, Reason, Reference
from ringfence.core.models import Model, ModelFile
from ringfence.core.text import printable
from ringfence.core.verdicts import Verdict, verdict_of
from ringfence.endpoint.images import Image, unpacked
from ringfence.endpoint.opening import NotOpened, opened, refusal

__all__ = ["Gathered", "Seen", "gather"]

_BLOCK_BYTES = 1 << 20
_DELETED = "(deleted)"
_LIE = "digest-mismatch"  # a store recorded another digest
_ABOUT_FILES = ("file", "folder", "link", "store", "references", "image")
# Of a model's folder, beside what a scan takes for the model's: code that it brings, and what configures it.
_RIDES_ALONG = frozenset({".py", ".json", ".jinja", ".yaml", ".yml", ".model", ".txt"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One model as it is now."""

    model: LockedModel
    verdict: Verdict
    is_data: bool  # an array or a pickle that nobody called a model: it needs no license
    is_deleted: bool  # in a layer of an image, and not in what a container sees
    reasons: tuple[str, ...]  # the checks that led to the verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """All that was found. Whatever is in `skipped` could have been a model."""

    models: tuple[Seen, ...]
    references: tuple[Reference, ...]
    findings: tuple[Finding, ...]  # about the image
    skipped: tuple[Skipped, ...]


def gather(path: Path, here: Here, progress: Progress) -> Gathered:
    """Looks at a folder, a file, or a container image; sorted, and the same for the same bytes.

    Raises:
        UnreadableScope: there is nothing that can be read.
    """
    with tempfile.TemporaryDirectory(prefix="ringfence-image-") as made:
        folder = Path(made)
        image = unpacked(path, folder)
        if image:
            found = _of_image(image, replace(here, digest_cache=folder / "digests.sqlite"), progress)
            cleaned = (replace(each, subject=each.subject.replace(f"{made}/", "")) for each in found.skipped)
            return replace(found, skipped=tuple(cleaned))
    models, skipped = _models(path, here, progress)
    said = find_references(path)
    return Gathered(
        models=_sorted(models), references=said.references, findings=(), skipped=(*skipped, *said.skipped)
    )


def _of_image(image: Image, here: Here, progress: Progress) -> Gathered:
    models: list[Seen] = []
    skipped = list(image.skipped)
    references: dict[Reference, None] = {}
    for folder, deleted in ((image.files, False), (image.deleted, True)):
        found, not_read = _models(folder, here, progress, deleted=deleted)
        models += found
        skipped += not_read
    for folder in (image.files, image.configurations):
        said = find_references(folder)
        references |= dict.fromkeys(said.references)
        skipped += said.skipped
    return Gathered(
        models=_sorted(models),
        references=tuple(references),
        findings=image.findings,
        skipped=tuple(dict.fromkeys(skipped)),
    )


def _models(
    path: Path, here: Here, progress: Progress, *, deleted: bool = False
) -> tuple[list[Seen], list[Skipped]]:
    request = ScanRequest(
        paths=(path, *_homes(path)), min_size_bytes=1, processes=False, listeners=False, installed=False
    )
    with Judges(Allowed(), processes=here.cores) as judges:
        scan = Scan(request, here)
        scan.look(progress)
        inventory = scan.verify(progress)
        skipped = [each for each in inventory.skipped if each.kind in _ABOUT_FILES]
        seen: list[Seen] = []
        taken = {file.path for model in inventory.models for file in model.files}
        for model in inventory.models:
            if model.remote or not model.files or _is_left_out(model.location, path):
                continue
            made = _seen(model, path, judges, taken, skipped)
            seen.append(_as_deleted(made) if deleted else made)
    return seen, skipped


def _as_deleted(seen: Seen) -> Seen:
    """The same, as a model that no container sees."""
    model = replace(seen.model, at=f"{_DELETED}/{seen.model.at}")
    return replace(seen, model=model, is_deleted=True)


def _homes(path: Path) -> Iterator[Path]:
    """Homes within an image's files, whose stores lie where programs look for them."""
    for each in (path / "root", *sorted((path / "home").glob("*"))):
        if each.is_dir() and not each.is_symlink():
            yield each


def _seen(model: Model, inside: Path, judges: Judges, taken: set[Path], skipped: list[Skipped]) -> Seen:
    files = {file.name: file for file in model.files}
    rides: dict[str, LockedFile] = {}
    asked = [FileToJudge(path=file.path, name=file.name) for file in model.files]
    for path in _riding(model, taken):
        hashed = _hashed(path)
        if isinstance(hashed, Skipped):
            skipped.append(hashed)
        else:
            rides[path.name] = hashed
            asked.append(FileToJudge(path=path, name=path.name))
    verdict, reasons = Verdict.CLEAN, dict[str, None]()
    for answer in judges.judge(asked):
        if isinstance(answer, Skipped):
            skipped.append(answer)
            verdict = max(verdict, Verdict.INCONCLUSIVE)
        else:
            verdict = max(verdict, answer.verdict)
            reasons |= dict.fromkeys(_why(answer))
    for lie in (each for each in model.findings if each.check == _LIE):
        verdict = max(verdict, verdict_of(lie.severity, lie.confidence))
        reasons[f"{lie.check} in {lie.subject}"] = None
    locked = [_locked(file) for file in files.values()]
    for file, made in zip(files.values(), locked, strict=True):
        if made is None:
            verdict = max(verdict, Verdict.INCONCLUSIVE)
            skipped.append(_not_hashed(file))
    source = next(
        (each.source for each in model.licenses if each.expression == model.effective_license), None
    )
    every = (*filter(None, locked), *rides.values())
    return Seen(
        model=LockedModel(
            name=model.name,
            revision=model.revision,
            explanation=Reason.LOCK,
            at=_below(model.location, inside),
            verdict=verdict,
            license=model.effective_license,
            license_source=source,
            files=tuple(sorted(every, key=lambda each: (each.path, each.sha256))),
        ),
        verdict=verdict,
        is_data=not model.licenses and not surely_weights(file.format for file in model.files),
        is_deleted=False,
        reasons=tuple(reasons),
    )


def _why(file: JudgedFile) -> Iterator[str]:
    worst = max((each.severity for each in file.findings), default=None)
    return (f"{each.check} in {each.subject}" for each in file.findings if each.severity == worst)


def _riding(model: Model, taken: set[Path]) -> Iterator[Path]:
    """Files beside the weights of a folder that is a model, which its loaders read or run."""
    if model.store is not None or not os.path.isdir(model.location):  # noqa: PTH112
        return
    try:
        with os.scandir(model.location) as entries:
            found = sorted(entry.name for entry in entries if entry.is_file(follow_symlinks=False))
    except OSError:
        return
    for name in found:
        path = model.location / name
        if path.suffix.lower() in _RIDES_ALONG and path not in taken and name != "models.lock":
            yield path


def _hashed(path: Path) -> LockedFile | Skipped:
    digest, size = hashlib.sha256(), 0
    try:
        with opened(path) as fd:
            while part := os.read(fd, _BLOCK_BYTES):
                digest.update(part)
                size += len(part)
    except (NotOpened, OSError) as error:
        reason = error.reason if isinstance(error, NotOpened) else refusal(error).reason
        return Skipped(kind="file", subject=printable(str(path)), reason=reason)
    return LockedFile(path=path.name, sha256=Sha256(digest.hexdigest()), size_bytes=size)


def _locked(file: ModelFile) -> LockedFile | None:
    if file.sha256 is None:
        return None
    return LockedFile(path=file.name, sha256=file.sha256, size_bytes=file.size_bytes)


def _not_hashed(file: ModelFile) -> Skipped:
    return Skipped(kind="file", subject=printable(str(file.path)), reason="could not be hashed")


def _below(location: Path, inside: Path) -> str:
    """Where it lies below what was named; the name alone where that is outside, or the same."""
    for base in (inside.absolute(), Path(os.path.realpath(inside))):
        if location.is_relative_to(base):
            below = location.relative_to(base).as_posix()
            return location.name if below == "." and not inside.is_dir() else below
    return location.name


def _is_left_out(location: Path, inside: Path) -> bool:
    """Whether it lies in a repository's history, or in an environment that was installed beside it."""
    base = Path(os.path.realpath(inside))
    if not location.is_relative_to(base):
        return False
    return any(is_left_out(folder) for folder in location.parents if base in folder.parents)


def _sorted(models: Iterable[Seen]) -> tuple[Seen, ...]:
    return tuple(
        sorted(
            models,
            key=lambda each: (
                each.is_deleted,
                each.model.at or "",
                each.model.name,
                each.model.revision or "",
                [file.sha256 for file in each.model.files],
            ),
        )
    )
