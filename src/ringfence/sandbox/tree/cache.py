"""What is remembered of working trees between runs: one file for each, in ringfence's own cache folder.

It is a convenience. A file that is not as ringfence wrote it, or that others can get at, is as none; and what
it says of a folder or a file counts only while its state is the same. It names paths and kinds of secrets, no
secret. Boxes do not see the folder.
"""

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path

from ringfence.core.bounded_json import Json
from ringfence.core.dataclass import dataclass, field
from ringfence.core.limits import LIMITS
from ringfence.gate.state import StateRefused, make_folder, read_private
from ringfence.sandbox.tree.walk import Folder, Mark

__all__ = ["FileState", "Remembered", "load", "save"]

FileState = tuple[int, int, int, int, int]
"""Device, inode, size in bytes, mtime and ctime in ns."""

_VERSION = 2


@dataclass(slots=True)
class Remembered:
    """Folders by their path relative to the tree; and files that were read, with what secret they hold."""

    folders: dict[str, Folder] = field(default_factory=dict)
    files: dict[str, tuple[FileState, str | None]] = field(default_factory=dict)


def load(cache: Path | None, root: str) -> Remembered:
    """What is remembered of the tree at `root`; nothing where there is no cache or it cannot be trusted."""
    if cache is None:
        return Remembered()
    try:
        data = read_private(_path(cache, root))
    except (StateRefused, OSError):
        return Remembered()
    if data is None or len(data) > LIMITS.tree_cache_bytes:
        return Remembered()
    try:
        document = json.loads(data)
        if document["version"] != _VERSION or document["root"] != root:
            return Remembered()
        return Remembered(
            folders={path: _folder(row) for path, row in document["folders"].items()},
            files={path: _file(row) for path, row in document["files"].items()},
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Remembered()


def save(cache: Path | None, root: str, remembered: Remembered) -> None:
    """Remembers it, whole or not at all. Where it cannot be written, the next look takes longer."""
    if cache is None:
        return
    document = {"version": _VERSION, "root": root, "folders": remembered.folders, "files": remembered.files}
    data = json.dumps(document, separators=(",", ":")).encode()
    if len(data) > LIMITS.tree_cache_bytes:
        return
    with suppress(OSError, StateRefused):
        make_folder(cache)
        path = _path(cache, root)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(data)
        draft.replace(path)


def _path(cache: Path, root: str) -> Path:
    return cache / f"tree-{hashlib.sha256(os.fsencode(root)).hexdigest()[:32]}.json"


def _folder(row: list[Json]) -> Folder:
    device, inode, mtime_ns, ctime_ns, links, below, marks = row
    if not (
        isinstance(device, int)
        and isinstance(inode, int)
        and isinstance(mtime_ns, int)
        and isinstance(ctime_ns, int)
        and isinstance(links, int)
        and isinstance(below, list)
        and isinstance(marks, list)
    ):
        raise TypeError("not a folder")
    names = tuple(map(_name, below)) if below else ()
    return device, inode, mtime_ns, ctime_ns, links, names, tuple(map(_mark, marks)) if marks else ()


def _mark(row: Json) -> Mark:
    if not isinstance(row, list) or len(row) != 2 or not isinstance(row[0], str):
        raise TypeError("not a mark")
    return row[0], _name(row[1]) if row[1] else ""


def _name(value: Json) -> str:
    if not isinstance(value, str) or not value or "/" in value or value in (".", "..") or "\0" in value:
        raise TypeError("not a name")
    return value


def _file(row: list[Json]) -> tuple[FileState, str | None]:
    state, why = row
    if not (isinstance(state, list) and len(state) == 5 and (why is None or isinstance(why, str))):
        raise TypeError("not a file")
    device, inode, size, mtime_ns, ctime_ns = (each for each in state if isinstance(each, int))
    return (device, inode, size, mtime_ns, ctime_ns), why
