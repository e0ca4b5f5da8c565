"""Stores that keep no records: a folder of weight files, grouped by their names or by their folders."""

import re
from collections.abc import Iterable, Iterator

from ringfence.core.limits import LIMITS
from ringfence.core.text import clip
from ringfence.endpoint.stores.store import StoredFile, StoredModel
from ringfence.endpoint.stores.tree import Entry, Tree

__all__ = ["ALL_WEIGHTS", "models_by_file", "models_by_folder", "without_shard"]

ALL_WEIGHTS = (
    ".safetensors",
    ".sft",
    ".gguf",
    ".ckpt",
    ".pt",
    ".pt2",
    ".pth",
    ".bin",
    ".pkl",
    ".onnx",
    ".npz",
)
_UNFINISHED = (
    ".part",
    ".partial",
    ".incomplete",
    ".crdownload",
    ".aria2",
    ".downloadInProgress",
    ".download",
    ".tmp",
)
_SHARD = re.compile(r"(?P<stem>.+)-\d{5}-of-\d{5}(?P<suffix>\.[a-z0-9]+)", re.IGNORECASE)


def without_shard(name: str) -> str:
    """`name` without the number that says which part of a split file it is."""
    match = _SHARD.fullmatch(name)
    return match["stem"] + match["suffix"] if match else name


def models_by_file(
    tree: Tree, files: Iterable[tuple[str, Entry]], *, store: str, suffixes: tuple[str, ...]
) -> Iterator[StoredModel]:
    """Each file with one of `suffixes` (lowercase, with dot) is a model; shards of one belong together.

    `files` are paths relative to the root and entries, as `Tree.files_below` gives them. A model is called
    like its file, path and suffix included.
    """
    grouped: dict[str, list[tuple[str, Entry]]] = {}
    for name, entry in files:
        if _is_unfinished(tree, entry):
            continue
        if name.lower().endswith(suffixes):
            grouped.setdefault(without_shard(name), []).append((name, entry))
    for name, members in grouped.items():
        yield StoredModel(
            store=store,
            name=clip(name, chars=LIMITS.name_chars),
            revision=None,
            location=members[0][1].path,
            files=tuple(StoredFile(path=each.real, name=file.rpartition("/")[2]) for file, each in members),
        )


def models_by_folder(
    tree: Tree, folder: Entry, *, store: str, name: str, suffixes: tuple[str, ...] = ALL_WEIGHTS
) -> Iterator[StoredModel]:
    """All files below `folder` are one model, when one of them has one of `suffixes`."""
    files = [(file, each) for file, each in tree.files_below(folder.real) if not _is_unfinished(tree, each)]
    if any(file.lower().endswith(suffixes) for file, _ in files):
        yield StoredModel(
            store=store,
            name=clip(name, chars=LIMITS.name_chars),
            revision=None,
            location=folder.path,
            files=tuple(StoredFile(path=each.real, name=file) for file, each in files),
        )


def _is_unfinished(tree: Tree, entry: Entry) -> bool:
    """Whether the file is part of a download that has not finished; counted as skipped if so."""
    if not entry.name.endswith(_UNFINISHED):
        return False
    tree.skip(entry.path, "a download that has not finished")
    return True
