"""What a session keeps of its working tree as it was: a private file, written before anything else.

With it a run can be put in order by whoever comes next, also when the one that began it was killed. It holds
the contents of small files that are put back when a run changed them.
"""

import base64
import binascii
import hashlib
import json
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ringfence.core.dataclass import asdict, dataclass
from ringfence.core.limits import LIMITS
from ringfence.gate.state import read_private, write_private
from ringfence.sandbox.tree.protected import Care
from ringfence.sandbox.tree.reading import lexists, names_in, read_regular
from ringfence.sandbox.tree.tree import GitFolder, Protected, Secret, Tree, Trouble

__all__ = [
    "EMPTY",
    "LISTED",
    "TODO",
    "Kept",
    "Record",
    "digest",
    "forget",
    "is_there",
    "read",
    "taken",
    "write",
]

LISTED = ("hooks", "remotes", "branches")
"""Folders of a git folder in which every file acts."""

TODO = "rebase-merge/git-rebase-todo"
"""What git does, programs among it, when somebody goes on with a rebase."""

EMPTY = "empty"
"""Instead of a digest: a folder in which nothing was."""

_NAME = "tree.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A small file or a link as it was. Neither data nor link: it was too large, or could not be read."""

    mode: int
    uid: int
    gid: int
    data: bytes | None = None
    link: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The tree, its small files that act, digests of others, and the folders that were made for the run."""

    tree: Tree
    kept: Mapping[str, Kept]
    digests: Mapping[str, str]
    made: tuple[str, ...]


def taken(tree: Tree, made: Iterable[str]) -> Record:
    """The record of the tree as it is now; `made` are folders that stand there for the run only."""
    paths = [each.path for each in tree.protected if not each.is_folder]
    for git in tree.git:
        paths.extend(f"{git.path}/{name}" for name in ("config", *LISTED, *git.acting))
    kept = {path: found for path in paths if (found := _kept(path)) is not None}
    told = {each.path: digest(each.path) for each in tree.told}
    for git in tree.git:
        told |= {path: digest(path) for path in _acting(git) if lexists(path)}
    folders = (
        *(each.path for each in tree.protected if each.is_folder),
        *(f"{git.path}/hooks" for git in tree.git),
    )
    told |= {path: EMPTY for path in folders if names_in(path, at_most=1) == []}
    return Record(tree=tree, kept=kept, digests=told, made=tuple(made))


def _acting(git: GitFolder) -> Iterator[str]:
    yield f"{git.path}/{TODO}"
    for name in LISTED:
        folder = f"{git.path}/{name}"
        if not git.is_worktree_s and (name != "hooks" or git.is_foreign):  # a mount is over the others
            names = names_in(folder, at_most=LIMITS.git_names) or ()
            yield from (f"{folder}/{each}" for each in names if not each.endswith(".sample"))


def digest(path: str) -> str:
    """What tells one content from another: a digest of a small file, the state of anything else."""
    data = read_regular(path, at_most=LIMITS.kept_file_bytes)
    if data is not None:
        return hashlib.sha256(data).hexdigest()
    status = lexists(path)
    return f"{status.st_ino}:{status.st_size}:{status.st_mtime_ns}" if status else ""


def read(session: Path) -> Record | None:
    """The session's record; None when there is none, or none that ringfence wrote.

    Raises:
        StateRefused: others can get at it.
    """
    data = read_private(session / _NAME)
    if data is None or len(data) > LIMITS.tree_record_bytes:
        return None
    try:
        return _record(json.loads(data))
    except (ValueError, TypeError, KeyError, AttributeError, binascii.Error):
        return None


def write(session: Path, record: Record) -> None:
    """Keeps it, on the disk before this returns.

    Raises:
        StateRefused: it cannot be written.
    """
    kept = {
        path: {**asdict(each), "data": None if each.data is None else base64.b64encode(each.data).decode()}
        for path, each in record.kept.items()
    }
    document = {
        "tree": asdict(record.tree),
        "kept": kept,
        "digests": dict(record.digests),
        "made": record.made,
    }
    write_private(session / _NAME, json.dumps(document).encode(), replace=True)


def is_there(session: Path) -> bool:
    """Whether a run began that nobody has put in order."""
    return (session / _NAME).exists()


def forget(session: Path) -> None:
    """There is nothing left to be put in order."""
    (session / _NAME).unlink(missing_ok=True)


def _kept(path: str) -> Kept | None:
    status = lexists(path)
    if status is None:
        return None
    is_link = stat.S_ISLNK(status.st_mode)
    return Kept(
        mode=stat.S_IMODE(status.st_mode),
        uid=status.st_uid,
        gid=status.st_gid,
        link=str(Path(path).readlink()) if is_link else None,
        data=None if is_link else read_regular(path, at_most=LIMITS.kept_file_bytes),
    )


def _record(document: dict[str, Any]) -> Record:
    fields = document["tree"]
    tree = Tree(
        **{
            **fields,
            "id": tuple(fields["id"]),
            "git": tuple(_git(each) for each in fields["git"]),
            "protected": tuple(_protected(each) for each in fields["protected"]),
            "told": tuple(_protected(each) for each in fields["told"]),
            "secrets": tuple(Secret(**each) for each in fields["secrets"]),
            "troubles": tuple(Trouble(**each) for each in fields["troubles"]),
            **{name: tuple(fields[name]) for name in ("sockets", "closed", "setuid", "missing")},
        }
    )
    kept = {
        path: Kept(**{**each, "data": None if each["data"] is None else base64.b64decode(each["data"])})
        for path, each in document["kept"].items()
    }
    return Record(tree=tree, kept=kept, digests=document["digests"], made=tuple(document["made"]))


def _git(fields: dict[str, Any]) -> GitFolder:
    hooks = tuple(fields["hooks"]) if fields["hooks"] else None
    return GitFolder(
        **{**fields, "id": tuple(fields["id"]), "hooks": hooks, "acting": tuple(fields["acting"])}
    )


def _protected(fields: dict[str, Any]) -> Protected:
    return Protected(**{**fields, "care": Care(fields["care"]), "id": tuple(fields["id"])})
