"""From files and the stores' records to models: which file belongs where, and what the whole is."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from ringfence.app.scan.companions import companions, is_model_folder
from ringfence.app.scan.files import Files
from ringfence.app.scan.grouping import group
from ringfence.app.scan.licensing import judge_licenses
from ringfence.app.scan.seen import SeenFile
from ringfence.artifacts.problems import as_finding
from ringfence.core.digests import parse_sha256
from ringfence.core.findings import Finding
from ringfence.core.inventory import Skipped
from ringfence.core.models import Model, ModelFile
from ringfence.endpoint.found import FileId
from ringfence.endpoint.stores.local_dir import METADATA_FOLDER, local_downloads
from ringfence.endpoint.stores.store import StoredFile, StoredModel

__all__ = ["make_models"]

_LOCAL_DIR_DEPTH = 3  # folders between a downloaded file and the records of its download


def make_models(files: Files, stored: Iterable[StoredModel], skipped: list[Skipped]) -> tuple[Model, ...]:
    """Every model, sorted by name. What a record names and nobody can read is added to `skipped`."""
    claimed: set[FileId] = set()
    models = [_recorded(record, files, claimed, skipped) for record in stored]
    downloads = tuple(_downloaded(files.unclaimed(claimed), skipped))
    models += [_recorded(record, files, claimed, skipped) for record in downloads]
    models += _loose(files, claimed, skipped)
    return tuple(sorted(judge_licenses(models), key=_order))


def _recorded(record: StoredModel, files: Files, claimed: set[FileId], skipped: list[Skipped]) -> Model:
    members: list[ModelFile] = []
    findings: list[Finding] = []
    for stored in record.files:
        seen = files.get(stored.path)
        if isinstance(seen, Skipped):
            skipped.append(seen)
            continue
        claimed.add(seen.found.id)
        members.append(_file(seen, stored))
        findings += _problems(seen, stored.name)
    return Model(
        id=None,
        name=record.name,
        revision=record.revision,
        store=record.store,
        location=record.location,
        remote=record.remote,
        files=tuple(members),
        findings=tuple(findings),
    )


def _downloaded(files: Iterable[SeenFile], skipped: list[Skipped]) -> Iterator[StoredModel]:
    """What hub downloads into a folder of the user's choice recorded there."""
    own = {os.path.dirname(file.found.path) for file in files}  # noqa: PTH120  thousands of times
    near = {folder for each in map(Path, own) for folder in (each, *each.parents[: _LOCAL_DIR_DEPTH - 1])}
    folders = (folder for folder in sorted(near) if os.path.isdir(folder / METADATA_FOLDER))  # noqa: PTH112
    for record in local_downloads(folders):
        if isinstance(record, Skipped):
            skipped.append(record)
        else:
            yield record


def _loose(files: Files, claimed: set[FileId], skipped: list[Skipped]) -> Iterator[Model]:
    for each in group(tuple(files.unclaimed(claimed)), is_model_folder=is_model_folder):
        members = [(seen, seen.found.path.name) for seen in each.files]
        if each.is_folder:
            members += _beside(each.location, files, skipped)
        named = [
            StoredFile(path=seen.found.path, name=name, sha256_claimed=parse_sha256(name))
            for seen, name in members
        ]
        yield Model(
            id=None,
            name=each.name,
            revision=None,
            store=None,
            location=each.location,
            files=tuple(_file(seen, stored) for (seen, _), stored in zip(members, named, strict=True)),
            findings=tuple(finding for seen, name in members for finding in _problems(seen, name)),
        )


def _beside(folder: Path, files: Files, skipped: list[Skipped]) -> Iterator[tuple[SeenFile, str]]:
    for path in companions(folder):
        seen = files.get(path)
        if isinstance(seen, Skipped):
            skipped.append(seen)
        elif seen.examined.format is None:
            yield seen, path.name


def _file(seen: SeenFile, stored: StoredFile) -> ModelFile:
    return ModelFile(
        path=seen.found.path,
        name=stored.name,
        format=seen.examined.format,
        size_bytes=seen.found.size_bytes,
        sha256_claimed=stored.sha256_claimed,
        git_sha1_claimed=stored.git_sha1_claimed,
        facts=seen.examined.facts,
    )


def _problems(seen: SeenFile, name: str) -> list[Finding]:
    return [as_finding(problem, subject=name) for problem in seen.examined.problems]


def _order(model: Model) -> tuple[str, str, str, str]:
    return (model.store or "", model.name, model.revision or "", str(model.location))
