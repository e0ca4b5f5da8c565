"""Removes a folder that programs of a box wrote, whatever they made in it.

They may nest folders deeper than any path or any number of open files reaches, and take from a folder that
its owner may look into it. So folders are emptied at the top: what lies in one is moved up before it goes.
Nothing but folders is opened, and no link is followed. Whoever is killed on the way begins again.
"""

import errno
import os
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Final

__all__ = ["remove"]

_PATH: Final = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
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
        freed = _emptied(top)
    finally:
        os.close(top)
    with suppress(FileNotFoundError):
        folder.rmdir()
    return freed


def _emptied(top: int) -> int:
    freed, found, names = 0, True, map(str, count())
    while found:  # what was moved up meanwhile is not surely seen in the same round
        found = False
        with os.scandir(top) as entries:
            for each in entries:
                found = True
                with suppress(FileNotFoundError):  # somebody else removes it too
                    if each.is_dir(follow_symlinks=False):
                        freed += _moved_up(each.name, top, names)
                    else:
                        freed += _unlinked(each, top)
    return freed


def _moved_up(name: str, top: int, names: "map[str]") -> int:
    """Removes the folder of this name in `top`; the folders in it go beside it, under one of `names`."""
    freed, inner = 0, _opened(name, top)
    try:
        found = True
        while found:
            found = False
            with os.scandir(inner) as entries:
                for each in entries:
                    found = True
                    if not each.is_dir(follow_symlinks=False):
                        freed += _unlinked(each, inner)
                        continue
                    os.close(_opened(each.name, inner))  # the kernel moves only what may be written
                    _move(each.name, inner, top, names)
    finally:
        os.close(inner)
    os.rmdir(name, dir_fd=top)
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
