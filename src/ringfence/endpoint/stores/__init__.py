"""The table of stores, and the models that lie in them."""

import stat
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from ringfence.core.dataclass import dataclass
from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip, printable
from ringfence.endpoint.folders import real_path
from ringfence.endpoint.home import Home
from ringfence.endpoint.opening import refusal
from ringfence.endpoint.stores import (
    comfyui,
    docker_model_runner,
    gpt4all,
    huggingface,
    jan,
    llamacpp,
    llamafile,
    lmstudio,
    mlx,
    ollama,
    ramalama,
    vllm,
)
from ringfence.endpoint.stores.store import Store, StoredModel
from ringfence.endpoint.stores.tree import Tree

__all__ = ["STORES", "StoreRoot", "read_root", "root_around", "store_roots", "stored_models"]

STORES: tuple[Store, ...] = (
    huggingface.STORE,
    ollama.STORE,
    lmstudio.STORE,
    gpt4all.STORE,
    jan.STORE,
    llamacpp.STORE,
    docker_model_runner.STORE,
    ramalama.STORE,
    comfyui.STORE,
    mlx.STORE,
    vllm.STORE,
    llamafile.STORE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreRoot:
    """A folder that exists, and the store that keeps its models there."""

    store: Store
    path: Path  # links resolved


def store_roots(homes: Iterable[Home], *, system: bool) -> Iterator[StoreRoot | Skipped]:
    """Every existing root of every store for these homes, and of the machine when `system`; none twice.

    Where the home is not the running user's own, a root outside of it must belong to the home's owner:
    nobody can make root look at the folders of others.
    """
    asked = tuple(homes)
    seen: set[StoreRoot | Skipped] = set()
    for store in STORES:
        groups = [_roots_of_home(store, home) for home in asked]
        if system:
            groups.append([_existing(place, within=place.parent) for place in store.system_roots])
        for root in (root for group in groups for root in group if root is not None):
            found = root if isinstance(root, Skipped) else StoreRoot(store=store, path=root)
            if found not in seen:
                seen.add(found)
                yield found


def root_around(folder: Path) -> StoreRoot | None:
    """The root of what `folder` is a part of, when it is one repository of a hub's cache or lies in one."""
    found = huggingface.repository_around(folder)
    return StoreRoot(store=found[0], path=found[1]) if found else None


def read_root(root: StoreRoot) -> Iterator[StoredModel | Skipped]:
    """The models below one root, at most `limits.store_models`, then all that had to be left out."""
    tree = Tree(root.path)
    for count, model in enumerate(root.store.read(tree)):
        if count == LIMITS.store_models:
            tree.skip(tree.root, f"more than {LIMITS.store_models} models", kind="store")
            break
        if len(model.files) > LIMITS.model_files:
            tree.skip(model.location, f"more than {LIMITS.model_files} files in one model", kind="store")
            model = replace(model, files=model.files[: LIMITS.model_files])  # noqa: PLW2901
        yield model
    yield from tree.skipped()


def stored_models(homes: Iterable[Home], *, system: bool) -> Iterator[StoredModel | Skipped]:
    """The models that the stores of these homes know, and of the machine when `system`; no model twice."""
    seen: set[tuple[str, Path]] = set()
    for root in store_roots(homes, system=system):
        for found in (root,) if isinstance(root, Skipped) else read_root(root):
            if isinstance(found, StoredModel):
                if (found.name, found.location) in seen:
                    continue
                seen.add((found.name, found.location))
            yield found


def _roots_of_home(store: Store, home: Home) -> list[Path | Skipped | None]:
    """Where that store keeps models for that home: at most `limits.store_roots`, and what is not."""
    roots: list[Path] = []
    others: list[Path | Skipped | None] = []
    for place in store.locate(home):
        root = _existing(place, within=None if home.own else home.path) if isinstance(place, Path) else place
        if not isinstance(root, Path):
            others.append(root)
        elif len(roots) == LIMITS.store_roots:
            others.append(_skipped(home.path, f"more than {LIMITS.store_roots} places for {store.title}"))
            break
        elif root not in roots:
            roots.append(root)
    if store.reads_all_below:
        roots = [root for root in roots if not any(root.is_relative_to(o) for o in roots if o != root)]
    return [*roots, *others]


def _existing(place: Path, *, within: Path | None) -> Path | Skipped | None:
    """The folder behind `place`, None when there is none, or why it is not looked at.

    Where it lies outside of `within`, it has to have the same owner.
    """
    try:
        real = Path(real_path(str(place)))
        status = real.stat()
        if not stat.S_ISDIR(status.st_mode):
            return None
        if real == real.parent:
            return _skipped(place, "the whole file system, not a store")
        if within is None or real.is_relative_to(real_path(str(within))):
            return real
        if status.st_uid != within.stat().st_uid:
            return _skipped(place, "leads to a folder of somebody else")
        return real
    except (OSError, ValueError) as error:
        no = refusal(error)
        return None if no.missing else _skipped(place, no.reason)


def _skipped(place: Path, reason: str) -> Skipped:
    return Skipped(kind="store", subject=clip(printable(str(place)), chars=LIMITS.name_chars), reason=reason)
