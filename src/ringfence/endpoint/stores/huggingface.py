"""The Hugging Face cache: `models--org--name/{blobs,snapshots/<commit>,refs}`, each snapshot one model.

A snapshot's files are links to blobs, and a blob's name is its SHA-256 (large files) or its SHA-1 as a Git
blob; a blob may itself be a link into `blobs/` of the whole cache. Where links are not to be had, as on
Windows, the files are copies and claim nothing.

Source: huggingface_hub 2.4, constants.py, file_download.py and utils/_shared_blobs.py.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ringfence.core.limits import LIMITS
from ringfence.core.text import clip
from ringfence.endpoint.home import Home
from ringfence.endpoint.stores.digest_names import git_sha1_of, sha256_of
from ringfence.endpoint.stores.store import Store, StoredFile, StoredModel
from ringfence.endpoint.stores.tree import Entry, Tree

__all__ = ["STORE", "cached_models", "repository_around"]

_COMMIT = re.compile(r"[0-9a-f]{40}")


def _locate(home: Home) -> Iterator[Path]:
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "TRANSFORMERS_CACHE"):
        if folder := home.variable(name):
            yield folder
    if folder := home.variable("HF_HOME"):
        yield folder / "hub"
    yield home.unix_cache("huggingface") / "hub"


def _read(tree: Tree) -> Iterator[StoredModel]:
    return cached_models(tree, store=STORE.name)


def cached_models(tree: Tree, *, store: str) -> Iterator[StoredModel]:
    """The snapshots in a folder laid out like this cache, for the store of that name."""
    for repository in tree.folders(tree.root):
        kind, _, name = repository.name.partition("--")
        if kind == "models" and name:
            yield from _snapshots(tree, repository.real, store=store, name=name.replace("--", "/"))
        elif kind in ("datasets", "spaces") and name:
            tree.skip(repository.path, "a data set or a space, not a model", kind="folder")


def repository_around(folder: Path) -> tuple[Store, Path] | None:
    """The one repository of a cache that `folder` is or lies in, wherever the cache lies, and its root.

    Of that repository only the snapshots at or below `folder` are read.
    """
    asked = Path(os.path.realpath(folder))
    for root in (asked, *asked.parents):
        kind, _, name = root.name.partition("--")
        if kind == "models" and name and os.path.isdir(root / "snapshots"):  # noqa: PTH112 - never raises

            def read(tree: Tree, repository: Path = root, name: str = name) -> Iterator[StoredModel]:
                for model in _snapshots(tree, repository, store=STORE.name, name=name.replace("--", "/")):
                    if model.location.is_relative_to(asked):
                        yield model

            return replace(STORE, read=read), root
    return None


def _snapshots(tree: Tree, repository: Path, *, store: str, name: str) -> Iterator[StoredModel]:
    for blob in tree.files(repository / "blobs"):
        if blob.name.endswith(".incomplete"):
            tree.skip(blob.path, "a download that has not finished")
    for snapshot in tree.folders(repository / "snapshots"):
        if not _COMMIT.fullmatch(snapshot.name):
            tree.skip(snapshot.path, "not named after a commit", kind="folder")
            continue
        files = tuple(
            _file(file, each, blobs=repository / "blobs") for file, each in tree.files_below(snapshot.real)
        )
        if files:
            yield StoredModel(
                store=store,
                name=clip(name, chars=LIMITS.name_chars),
                revision=snapshot.name,
                location=snapshot.path,
                files=files,
            )


def _file(name: str, entry: Entry, *, blobs: Path) -> StoredFile:
    blob = _first_hop(entry.path)
    claim = blob.name if blob and blob.parent == blobs else None
    return StoredFile(
        path=entry.real, name=name, sha256_claimed=sha256_of(claim), git_sha1_claimed=git_sha1_of(claim)
    )


def _first_hop(link: Path) -> Path | None:
    """What the link itself points to; the blob's name stands there, even when the blob is a link again."""
    try:
        return Path(os.path.normpath(link.parent / link.readlink()))
    except (OSError, ValueError):
        return None


STORE = Store(name="huggingface", title="Hugging Face cache", locate=_locate, read=_read)
