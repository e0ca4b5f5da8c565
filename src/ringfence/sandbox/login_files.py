"""Puts files of logins, with placeholders in them, into a session's home: anew before each start of a box.

A box that had the home before may have put anything there. No link is followed, nothing of it is opened, and
what stands in a file's place goes, unless it is a folder. Source: openat(2), rename(2).
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from ringfence.sandbox.furnishing import InTheWay
from ringfence.sandbox.plan import Identity

__all__ = ["put_login_files"]

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def put_login_files(home: Path, files: Iterable[tuple[str, str]], who: Identity) -> None:
    """Writes them: paths relative to `home`, and contents. Nobody else of the machine may read them.

    Raises:
        InTheWay: a link or a file stands where a folder should, or a folder where a file should.
    """
    top = os.open(home, _FOLDER)
    try:
        for path, content in files:
            try:
                _put(top, path, content.encode(), who)
            except OSError as error:
                why = os.strerror(error.errno or 0).lower()
                raise InTheWay(
                    f"~/{path} in the session's home cannot be written: {why}",
                    hint="something else stands there: move it away, or start a new session",
                ) from None
    finally:
        os.close(top)


def _put(top: int, path: str, content: bytes, who: Identity) -> None:
    *folders, name = path.split("/")
    at = os.dup(top)
    try:
        for each in folders:
            inner = _folder(at, each, who)
            os.close(at)
            at = inner
        beside = f"{name}.new"
        with suppress(FileNotFoundError):
            os.unlink(beside, dir_fd=at)
        fd = os.open(beside, _NEW, 0o600, dir_fd=at)
        with os.fdopen(fd, "wb") as file:
            _give(fd, who)
            file.write(content)
        os.rename(beside, name, src_dir_fd=at, dst_dir_fd=at)
    finally:
        os.close(at)


def _folder(at: int, name: str, who: Identity) -> int:
    try:
        os.mkdir(name, 0o700, dir_fd=at)
    except FileExistsError:
        return os.open(name, _FOLDER, dir_fd=at)
    inner = os.open(name, _FOLDER, dir_fd=at)
    _give(inner, who)
    return inner


def _give(fd: int, who: Identity) -> None:
    if os.geteuid() == 0:
        os.fchown(fd, who.owner_uid, who.owner_gid)
