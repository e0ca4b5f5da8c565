"""Every file of a folder under every name that it has, for names are what is compared."""

import os
from collections.abc import Iterator
from pathlib import Path

from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.core.text import printable
from ringfence.endpoint.opening import refusal

__all__ = ["files_of"]

_LEFT_OUT = frozenset({".git", ".hg", ".svn"})  # a repository's own records


def files_of(top: Path) -> Iterator[str | Skipped]:
    """Names below `top`, with /. Links to files are followed, links to folders are not."""
    folders = [("", 0)]
    count = 0
    while folders:
        folder, depth = folders.pop()
        try:
            with os.scandir(top / folder) as entries:
                for entry in entries:
                    name = f"{folder}/{entry.name}" if folder else entry.name
                    count += 1
                    if count > LIMITS.folder_files:
                        yield _skipped(str(top), f"more than {LIMITS.folder_files} files", kind="folder")
                        return
                    if entry.is_dir(follow_symlinks=False):
                        if depth == LIMITS.walk_depth:
                            yield _skipped(name, f"deeper than {depth} folders", kind="folder")
                        elif entry.name not in _LEFT_OUT:
                            folders.append((name, depth + 1))
                    elif (found := _file(entry, name)) is not None:
                        yield found
        except OSError as error:
            yield _skipped(folder or str(top), refusal(error).reason, kind="folder")


def _file(entry: "os.DirEntry[str]", name: str) -> str | Skipped | None:
    """The name of a regular file, None for a pipe and the like, and for a link to a folder."""
    try:
        if entry.is_file():
            return name
        if entry.is_symlink() and not entry.is_dir():
            return _skipped(name, "a link that leads nowhere")
    except OSError as error:
        return _skipped(name, refusal(error).reason)
    return None


def _skipped(name: str, reason: str, *, kind: str = "file") -> Skipped:
    return Skipped(kind=kind, subject=printable(name), reason=reason)
