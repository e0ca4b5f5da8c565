"""Reads small files of a working tree: bounded, no link followed, only regular files, never waiting."""

import os
import stat

__all__ = ["folder_in", "lexists", "names_in", "read_at", "read_regular"]

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_FOLDER = os.O_PATH | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC


def read_regular(path: str, *, at_most: int) -> bytes | None:
    """The whole file; None when it is no regular file, is longer, or cannot be read."""
    return read_at(path, None, at_most=at_most)


def read_at(name: str, folder: int | None, *, at_most: int) -> bytes | None:
    """As `read_regular`, for a name in an open folder."""
    try:
        fd = os.open(name, _READ, dir_fd=folder)
    except (OSError, ValueError):
        return None
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            return None
        with os.fdopen(fd, "rb", closefd=False) as file:
            data = file.read(at_most + 1)
    except OSError:
        return None
    finally:
        os.close(fd)
    return data if len(data) <= at_most else None


def folder_in(root: str, path: str) -> int:
    """A descriptor of the folder `path`, reached from `root` through folders only: no link on the way.

    Raises:
        OSError: it is not there, or something on the way is no folder.
    """
    fd = os.open(root, _FOLDER)
    parts = [part for part in path[len(root) :].split("/") if part]
    for part in parts:
        try:
            below = os.open(part, _FOLDER, dir_fd=fd)
        finally:
            os.close(fd)
        fd = below
    return fd


def names_in(path: str, *, at_most: int) -> list[str] | None:
    """The first names in a folder, sorted; None where it is none or cannot be read."""
    found: list[str] = []
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                found.append(entry.name)
                if len(found) > at_most:
                    break
    except (OSError, ValueError):
        return None
    return sorted(found)


def lexists(path: str) -> os.stat_result | None:
    """The status of what is there, a link itself included; None when nothing is or nobody may know."""
    try:
        return os.lstat(path)
    except (OSError, ValueError):
        return None
