"""The second step of a scan: the bytes are read, claims become digests or findings, models get their ids."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ringfence.app.scan.here import Here
from ringfence.app.scan.look import Look
from ringfence.app.scan.request import Progress
from ringfence.core.dataclass import replace
from ringfence.core.digests import model_id
from ringfence.core.findings import Confidence, Finding, Severity, finding
from ringfence.core.inventory import Inventory, Skipped
from ringfence.core.models import Model, ModelFile
from ringfence.endpoint.digest_cache import DigestCache
from ringfence.endpoint.digests import Hashed, hash_files

__all__ = ["verify", "with_digests"]


def verify(look: Look, here: Here, progress: Progress) -> Inventory:
    """Hashes every file of every model; what could not be hashed is added to what was skipped."""
    hashed: dict[Path, Hashed] = {}
    skipped: list[Skipped] = []
    for item in _hashed(look, here, progress):
        if isinstance(item, Skipped):
            skipped.append(item)
        else:
            hashed[item.file.path] = item
    inventory = look.inventory
    return replace(
        inventory,
        models=with_digests(inventory.models, hashed),
        skipped=(*inventory.skipped, *skipped),
    )


def with_digests(models: Iterable[Model], hashed: Mapping[Path, Hashed]) -> tuple[Model, ...]:
    """The models with what was computed from their bytes; a claim that does not hold becomes a finding."""
    return tuple(_with_digests(model, hashed) for model in models)


def _hashed(look: Look, here: Here, progress: Progress) -> Iterator[Hashed | Skipped]:
    claims = {
        file.path
        for model in look.inventory.models
        for file in model.files
        if file.git_sha1_claimed is not None
    }
    total_bytes = sum(file.size_bytes for file in look.found)
    done_bytes = 0

    def on_progress(size_bytes: int) -> None:
        nonlocal done_bytes
        done_bytes += size_bytes
        progress.hashing(done_bytes=done_bytes, total_bytes=total_bytes)

    with DigestCache(here.digest_cache) as cache:
        yield from hash_files(
            look.found,
            cache=cache,
            threads=here.cores,
            git_sha1_of={file.id for file in look.found if file.path in claims},
            on_progress=on_progress,
        )
        yield from cache.skipped


def _with_digests(model: Model, hashed: Mapping[Path, Hashed]) -> Model:
    files = tuple(_with_digest(file, hashed.get(file.path)) for file in model.files)
    digests = [file.sha256 for file in files if file.sha256 is not None]
    lies = [lie for file in files if (lie := _lie(file, hashed.get(file.path)))]
    return replace(
        model,
        files=files,
        id=model_id(digests) if files and len(digests) == len(files) else None,
        findings=(*model.findings, *lies),
    )


def _with_digest(file: ModelFile, found: Hashed | None) -> ModelFile:
    return file if found is None else replace(file, sha256=found.sha256)


def _lie(file: ModelFile, found: Hashed | None) -> Finding | None:
    if found is None:
        return None
    for claimed, actual in (
        (file.sha256_claimed, found.sha256),
        (file.git_sha1_claimed, found.git_sha1),
    ):
        if claimed is not None and actual is not None and claimed != actual:
            return finding(
                "digest-mismatch",
                severity=Severity.HIGH,
                confidence=Confidence.CERTAIN,
                subject=file.name,
                evidence=(f"claimed {claimed}", f"is {actual}"),
                advice="do not load it: the bytes are not those that the store recorded; pull it again",
            )
    return None
