"""Removes a folder that programs of a box wrote, whatever they made in it.

They may nest folders deeper than any path or any number of open files reaches, and take from a folder that
its owner may look into it. So what lies deep is moved up to the top before it is emptied. Nothing but folders
is opened, and no link is followed. Whoever is killed on the way begins again.
"""

import errno
import os
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Final

__all__ = ["remove"]

_PATH: Final = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_DEPTH: Final = 32  # folders in folders that are open at one time
_BLOCK_BYTES: Final = 512  # of st_blocks, whatever the file system
_TAKEN: Final = (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR, errno.EISDIR)


def remove(folder: Path) -> int:
    """Removes it with all that is in it; how many bytes of the disk that frees. One that is gone frees none.

    Raises:
        OSError: something in it cannot be removed.
    """
    try:
        top = _opened(str(folder), None)
    except FileNotFoundError:
        return 0
    try:
        freed = _emptied(top, top, map(str, count()), depth=0)
    finally:
        os.close(top)
    with suppress(FileNotFoundError):
        folder.rmdir()
    return freed


def _emptied(folder: int, top: int, names: "map[str]", *, depth: int) -> int:
    freed, found = 0, True
    while found:  # what is moved up meanwhile is not surely seen in the same round
        found = False
        with os.scandir(folder) as entries:
            for each in entries:
                found = True
                with suppress(FileNotFoundError):  # somebody else removes it too
                    if not each.is_dir(follow_symlinks=False):
                        freed += _unlinked(each, folder)
                        continue
                    inner = _opened(each.name, folder)  # the kernel moves only what may be written
                    try:
                        if depth == _DEPTH:
                            _move(each.name, folder, top, names)
                            continue
                        freed += _emptied(inner, top, names, depth=depth + 1)
                    finally:
                        os.close(inner)
                    os.rmdir(each.name, dir_fd=folder)
    return freed


def _move(name: str, inner: int, top: int, names: "map[str]") -> None:
    """Under the first of `names` that is free."""
    while True:
        try:
            os.rename(name, next(names), src_dir_fd=inner, dst_dir_fd=top)
        except OSError as error:
            if error.errno not in _TAKEN:
                raise
        else:
            return


def _unlinked(entry: "os.DirEntry[str]", folder: int) -> int:
    status = entry.stat(follow_symlinks=False)
    os.unlink(entry.name, dir_fd=folder)
    return status.st_blocks * _BLOCK_BYTES if status.st_nlink == 1 else 0


def _opened(name: str, folder: int | None) -> int:
    """The folder, in which its owner may do everything from now on."""
    path = os.open(name, _PATH, dir_fd=folder)
    try:
        reached = f"/proc/self/fd/{path}"
        os.chmod(reached, 0o700)  # noqa: PTH101 - of what is open, whatever its name leads to by now
        return os.open(reached, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    finally:
        os.close(path)
