"""The first step of a scan: everything there is, with digests as the stores claim them."""

from collections.abc import Iterable, Iterator, MutableMapping
from dataclasses import field
from pathlib import Path
from typing import TypeVar

from ringfence.app.scan.files import Files
from ringfence.app.scan.here import Here
from ringfence.app.scan.machine import Running, start_looking
from ringfence.app.scan.request import Progress, ScanRequest
from ringfence.app.scan.scope import Where, where
from ringfence.artifacts.examine import KNOWN_SUFFIXES, Examined
from ringfence.core.dataclass import dataclass
from ringfence.core.inventory import Inventory, Scope, Skipped
from ringfence.core.machine import Agent, Process, Repository, Runtime
from ringfence.endpoint.explanations import Explanations, read_explanations
from ringfence.endpoint.found import FileId, FoundFile
from ringfence.endpoint.stores import StoreRoot, read_root
from ringfence.endpoint.stores.store import StoredModel
from ringfence.endpoint.walk import Found, FoundEnvironment, FoundRepository, Walk, Walked

__all__ = ["Look", "look"]

_LOCK_NAME = "models.lock"
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was found before anything was hashed, and what the second step needs besides."""

    inventory: Inventory  # without signals
    looked_at_processes: bool
    looked_at_listeners: bool
    listening: frozenset[tuple[str, int]] | None  # every port; None when nobody looked
    found: tuple[FoundFile, ...]  # every file of every model, each once
    explanations: Explanations


@dataclass(slots=True)
class _Haul:
    """What the walk brings home."""

    files: Files
    repositories: list[Path] = field(default_factory=list)
    environments: list[Path] = field(default_factory=list)
    locks: list[Path] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)


def look(
    request: ScanRequest,
    here: Here,
    progress: Progress,
    *,
    known: MutableMapping[str, Examined] | None = None,
) -> Look:
    """Walks, reads stores and headers, and looks at what runs.

    `known` are files of which somebody has read the headers already: what is left to do is then little, and
    done in this process.

    Raises:
        UnreadableScope: nothing of what was asked for can be read.
    """
    started_at = here.now()
    place = where(request, here.environment)
    with Walk(
        place.roots,
        min_size_bytes=request.min_size_bytes,
        known_suffixes=KNOWN_SUFFIXES,
        known_folders=[store.path for store in place.stores],
        cross_network_mounts=request.network_mounts,
        processes=here.cores if known is None else 0,
    ) as walk:
        looking = start_looking(request, here)
        from ringfence.app.scan.modelling import make_models  # while the walkers walk

        haul = _walk(walk, Files(known=known), progress)
    skipped = [*place.skipped, *haul.skipped]
    models = make_models(haul.files, tuple(_kept(_stored(place.stores), skipped)), skipped)
    skipped += haul.files.skipped()
    explanations = read_explanations((*request.locks, *haul.locks))
    installed = tuple(_kept(_installed(place, haul), skipped)) if request.installed else ()
    running = looking()
    processes = tuple(_kept(_processes(running, haul.files), skipped))
    return Look(
        inventory=Inventory(
            started_at=started_at,
            complete=place.complete,
            scope=_scope(request, place),
            models=models,
            processes=processes,
            listeners=running.listeners,
            accelerators=running.accelerators,
            network=running.network,
            runtimes=tuple(each for each in installed if isinstance(each, Runtime)),
            agents=tuple(each for each in installed if isinstance(each, Agent)),
            repositories=tuple(each for each in installed if isinstance(each, Repository)),
            skipped=tuple(sorted((*skipped, *running.skipped, *explanations.skipped), key=_order)),
        ),
        looked_at_processes=running.snapshot is not None,
        looked_at_listeners=running.looked_at_listeners,
        listening=running.listening,
        found=haul.files.of(models),
        explanations=explanations,
    )


def _walk(walk: Iterable[Found], files: Files, progress: Progress) -> _Haul:
    haul = _Haul(files=files)
    looked_into = 0
    for item in walk:
        match item:
            case FoundFile():
                if item.path.name == _LOCK_NAME:
                    haul.locks.append(item.path)
                else:
                    looked_into += 1
                    if not_read := haul.files.meet(item):
                        haul.skipped.append(not_read)
            case FoundRepository():
                haul.repositories.append(item.path)
            case FoundEnvironment():
                haul.environments.append(item.path)
            case Walked():
                progress.walking(files=item.files, candidates=looked_into)
            case Skipped():
                haul.skipped.append(item)
    return haul


def _stored(roots: Iterable[StoreRoot]) -> Iterator[StoredModel | Skipped]:
    """The models of all stores; a model that two roots lead to comes once."""
    seen: set[tuple[str, Path]] = set()
    for root in roots:
        for item in read_root(root):
            if isinstance(item, StoredModel):
                if (item.name, item.location) in seen:
                    continue
                seen.add((item.name, item.location))
            yield item


def _installed(place: Where, haul: _Haul) -> Iterator[Runtime | Agent | Repository | Skipped]:
    if not (place.homes or haul.environments or haul.repositories):
        return  # and nothing needs to be loaded to find that out
    from ringfence.app.scan.installed import installed

    yield from installed(place, environments=haul.environments, repositories=haul.repositories)


def _processes(running: Running, files: Files) -> Iterator[Process | Skipped]:
    if running.snapshot is None:
        return
    from ringfence.endpoint.processes import find_processes

    def is_model(path: Path, file_id: FileId | None) -> bool:
        if file_id is None:
            try:
                status = path.stat()
            except (OSError, ValueError):
                return False
            file_id = (status.st_dev, status.st_ino)
        return files.is_model(file_id)

    yield from find_processes(running.snapshot, is_model)


def _kept(found: Iterable[_T | Skipped | None], skipped: list[Skipped]) -> Iterator[_T]:
    """What was found; what was skipped goes to the list of those."""
    for item in found:
        if isinstance(item, Skipped):
            skipped.append(item)
        elif item is not None:
            yield item


def _scope(request: ScanRequest, place: Where) -> Scope:
    return Scope(
        paths=place.roots,
        homes=tuple(home.path for home in place.homes),
        min_size_bytes=request.min_size_bytes,
        machine=request.home is None and (request.processes or request.listeners),
        hashed=request.hashed,
    )


def _order(skipped: Skipped) -> tuple[str, str, str]:
    return (skipped.kind, skipped.reason, skipped.subject)
