"""Folders that `hf download --local-dir` filled: plain files, and what was fetched from which commit.

`.cache/huggingface/download/<file>.metadata` holds three lines: commit, entity tag (SHA-256 or Git SHA-1)
and the time at which both were true. Such folders can lie anywhere, so this is no store: the walk asks when
it meets one. The repository's name stands nowhere; the model is called after its folder.

Source: huggingface_hub 2.4, _local_folder.py; HubApi of swift-transformers writes the same.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from ringfence.core.dataclass import dataclass
from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip, printable
from ringfence.endpoint.stores.digest_names import git_sha1_of, sha256_of
from ringfence.endpoint.stores.store import StoredFile, StoredModel
from ringfence.endpoint.stores.tree import Budget, Tree

__all__ = ["METADATA_FOLDER", "downloaded_model", "local_downloads"]

METADATA_FOLDER = Path(".cache/huggingface/download")
_METADATA = ".metadata"
_CLOCK_TOLERANCE_S = 1.0  # huggingface_hub's own


def local_downloads(folders: Iterable[Path]) -> Iterator[StoredModel | Skipped]:
    """The models that were downloaded into `folders`, and what could not be read. What is read of all the
    records together is bounded as for one store: links can lead from each folder to the same ones."""
    budget = Budget()
    for folder in folders:
        tree = Tree(folder, budget)
        if model := downloaded_model(tree, tree.root, store="huggingface", name=tree.root.name):
            yield model
        yield from tree.skipped()
        if budget.entries == 0:
            reason = f"more than {LIMITS.store_entries} names in records of downloads"
            yield Skipped(kind="folder", subject=printable(str(folder)), reason=reason)
            return


def downloaded_model(tree: Tree, folder: Path, *, store: str, name: str) -> StoredModel | None:
    """The files of `folder` that have metadata, and are unchanged since, as one model."""
    files, commits = [], set()
    for metadata, entry in tree.files_below(folder / METADATA_FOLDER):
        if metadata.endswith(".incomplete"):
            tree.skip(entry.path, "a download that has not finished")
        if not metadata.endswith(_METADATA) or (said := _metadata(tree, entry.real)) is None:
            continue
        file = metadata.removesuffix(_METADATA)
        path = tree.place(folder / file)
        if path is None or (changed_s := _modified_at(path)) is None:
            continue
        fresh = changed_s - _CLOCK_TOLERANCE_S <= said.at
        commits.add(said.commit)
        files.append(
            StoredFile(
                path=path,
                name=file,
                sha256_claimed=sha256_of(said.etag) if fresh else None,
                git_sha1_claimed=git_sha1_of(said.etag) if fresh else None,
            )
        )
    if not files:
        return None
    return StoredModel(
        store=store,
        name=clip(name, chars=LIMITS.name_chars),
        revision=commits.pop() if len(commits) == 1 else None,
        location=folder,
        files=tuple(files),
    )


@dataclass(frozen=True, slots=True)
class _Metadata:
    commit: str
    etag: str
    at: float  # seconds since 1970


def _metadata(tree: Tree, path: Path) -> _Metadata | None:
    lines = (tree.record(path) or b"").decode("ascii", errors="replace").split()
    if len(lines) == 3 and (commit := git_sha1_of(lines[0])):
        try:
            return _Metadata(commit, lines[1], float(lines[2]))
        except ValueError:
            pass
    tree.skip(path, "not the metadata of a download")
    return None


def _modified_at(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except (OSError, ValueError):
        return None
