"""Puts files into the home of a box and takes them away, between its boxes.

A box that had the home before may have put anything there. No link is followed, nothing of it is opened but
folders, and what stands in a file's place goes, unless it is a folder. Source: openat(2), rename(2).
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ringfence.core.errors import ExitCode, RingfenceError
from ringfence.core.text import printable
from ringfence.sandbox.plan import Identity

__all__ = ["InTheWay", "open_home", "put_files", "remove_files"]

_PATH = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_OPEN = 0o700  # to its owner, who may have closed it


class InTheWay(RingfenceError):
    """Something stands where the box needs a place."""

    code = ExitCode.NO_BOX


def open_home(home: Path) -> None:
    """Sees to it that its owner may do everything in it, whatever a box that had it took from itself.

    Raises:
        InTheWay: it is no folder of the user's own.
    """
    try:
        at = os.open(home, _PATH)
        try:
            _open_up(at)
        finally:
            os.close(at)
    except OSError as error:
        raise InTheWay(
            f"{printable(str(home))}: it is no home of a box: {os.strerror(error.errno or 0).lower()}",
            hint="something else was put there: remove it",
        ) from error


def put_files(home: Path, files: Iterable[tuple[str, bytes]], who: Identity) -> None:
    """Writes them: paths relative to `home`, and contents. Nobody else of the machine may read them.

    Raises:
        InTheWay: a link or a file stands where a folder should, or a folder where a file should.
    """
    for path, content in files:
        try:
            with _folder_of(home, path, who) as at:
                _put(at, path.rpartition("/")[2], content, who)
        except OSError as error:
            why = os.strerror(error.errno or 0).lower()
            raise InTheWay(
                f"~/{printable(path)} in the session's home cannot be written: {why}",
                hint="something else stands there: move it away, or start a new session",
            ) from None


def remove_files(home: Path, paths: Iterable[str]) -> None:
    """Takes them away, where they are: folders stay, and so does what a link on the way leads to."""
    for path in paths:
        name = path.rpartition("/")[2]
        for each in (name, _beside(name)):
            with suppress(OSError), _folder_of(home, path) as at:
                os.unlink(each, dir_fd=at)


@contextmanager
def _folder_of(home: Path, path: str, who: Identity | None = None) -> Iterator[int]:
    """A descriptor of the folder that a file is in; made where it is missing and `who` is given it."""
    at = os.open(home, _PATH)
    try:
        for each in path.split("/")[:-1]:
            inner = _folder(at, each, who)
            os.close(at)
            at = inner
        yield at
    finally:
        os.close(at)


def _folder(at: int, name: str, who: Identity | None) -> int:
    is_new = False
    if who is not None:
        with suppress(FileExistsError):
            os.mkdir(name, _OPEN, dir_fd=at)
            is_new = True
    inner = os.open(name, _PATH, dir_fd=at)
    try:
        _open_up(inner)
        if is_new and who is not None:
            _give(f"/proc/self/fd/{inner}", who)
    except OSError:
        os.close(inner)
        raise
    return inner


def _open_up(folder: int) -> None:
    """Whoever owns it may do everything in it from now on."""
    mode = os.fstat(folder).st_mode & 0o7777
    if mode & _OPEN != _OPEN:
        os.chmod(f"/proc/self/fd/{folder}", mode | _OPEN)  # noqa: PTH101 - of what is open, whatever its name leads to


def _put(at: int, name: str, content: bytes, who: Identity) -> None:
    beside = _beside(name)
    with suppress(FileNotFoundError):
        os.unlink(beside, dir_fd=at)
    fd = os.open(beside, _NEW, 0o600, dir_fd=at)
    with os.fdopen(fd, "wb") as file:
        _give(fd, who)
        file.write(content)
    os.rename(beside, name, src_dir_fd=at, dst_dir_fd=at)


def _beside(name: str) -> str:
    return f"{name}.new"


def _give(what: int | str, who: Identity) -> None:
    if os.geteuid() == 0:
        os.chown(what, who.owner_uid, who.owner_gid)
