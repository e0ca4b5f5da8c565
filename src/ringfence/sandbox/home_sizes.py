"""How much of the disk a home takes, where a box has made anything, or is at work. Source: stat(2)."""

import os
import stat
from pathlib import Path

from ringfence.core.limits import LIMITS

__all__ = ["size_of"]

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_BLOCK_BYTES = 512  # of st_blocks, whatever the file system


class _Unknown(Exception):
    """Nobody has counted all of it."""


def size_of(folder: Path) -> int | None:
    """Bytes of the disk that it takes; None where there is more than is counted, or may be seen."""
    try:
        top = os.open(folder, _FOLDER)
        try:
            return _taken(top, [LIMITS.home_size_names], LIMITS.home_copy_depth)
        finally:
            os.close(top)
    except (OSError, _Unknown):
        return None


def _taken(folder: int, names: list[int], depth: int) -> int:
    if not depth:
        raise _Unknown
    taken = 0
    with os.scandir(folder) as entries:
        for each in entries:
            names[0] -= 1
            if names[0] < 0:
                raise _Unknown
            try:
                status = each.stat(follow_symlinks=False)
                links = 1 if stat.S_ISDIR(status.st_mode) else max(status.st_nlink, 1)
                taken += status.st_blocks * _BLOCK_BYTES // links
                if not stat.S_ISDIR(status.st_mode):
                    continue
                inner = os.open(each.name, _FOLDER, dir_fd=folder)
            except FileNotFoundError:
                continue
            try:
                taken += _taken(inner, names, depth - 1)
            finally:
                os.close(inner)
    return taken
