"""Moves, puts back, makes and removes single names in a tree that a box has written.

Every name is reached from a folder that no box can exchange (the tree's top, or a git folder beside it)
through folders only: a link that was planted on the way is an error, never followed. Nothing is started.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ringfence.sandbox.tree.reading import folder_in
from ringfence.sandbox.tree.record import Kept

__all__ = ["make", "move", "open_up", "put_back", "remove_empty", "take_setuid"]

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_PATH = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC


def move(anchor: str, path: str, into: Path, aside: str, name: str) -> str:
    """Renames what is at `path` into the folder `into`, on another file system into `aside`; where it is now.

    Raises:
        OSError: it is not there, or cannot be moved.
    """
    with _parent(anchor, path) as (folder, last):
        _let_rename(folder, last)
        try:
            target = os.open(into, _PATH | os.O_DIRECTORY)
            try:
                os.rename(last, name, src_dir_fd=folder, dst_dir_fd=target)
            finally:
                os.close(target)
            return f"{into}/{name}"
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
        _make_aside(anchor, aside, name)
        with _parent(anchor, f"{aside}/{name}") as (target, _):
            os.rename(last, name, src_dir_fd=folder, dst_dir_fd=target)
        return f"{aside}/{name}"


def put_back(anchor: str, path: str, kept: Kept) -> None:
    """Makes the file or link as it was, where nothing is now or something else: that is replaced.

    Raises:
        OSError: it cannot be made.
    """
    with _parent(anchor, path) as (folder, last):
        draft = f".{last[:200]}.ringfence"
        with suppress(FileNotFoundError):
            os.unlink(draft, dir_fd=folder)
        if kept.link is not None:
            os.symlink(kept.link, draft, dir_fd=folder)
        else:
            fd = os.open(draft, _NEW, 0o600, dir_fd=folder)
            with os.fdopen(fd, "wb") as file:
                file.write(kept.data or b"")
                file.flush()
                if os.geteuid() == 0:
                    os.fchown(fd, kept.uid, kept.gid)
                os.fchmod(fd, kept.mode & 0o777)
        os.rename(draft, last, src_dir_fd=folder, dst_dir_fd=folder)


def make(anchor: str, path: str) -> None:
    """An empty folder, of whoever has the one above. What is there already stays.

    Raises:
        OSError: it cannot be made.
    """
    with _parent(anchor, path) as (folder, last), suppress(FileExistsError):
        _make(folder, last, 0o755)


def remove_empty(anchor: str, path: str) -> None:
    """Removes the folder where it is one and is empty; what is not stays."""
    with suppress(OSError), _parent(anchor, path) as (folder, last):
        os.rmdir(last, dir_fd=folder)


def open_up(anchor: str, path: str) -> None:
    """Lets the folder's owner look into it.

    Raises:
        OSError: it is none, or belongs to somebody else.
    """
    with _parent(anchor, path) as (folder, last):
        _add_mode(folder, last, 0o700)


def take_setuid(anchor: str, path: str) -> None:
    """Takes the bits from the file by which it would run as its owner.

    Raises:
        OSError: it is not there, or belongs to somebody else.
    """
    with _parent(anchor, path) as (folder, last):
        fd = os.open(last, _PATH, dir_fd=folder)
        try:
            if stat.S_ISREG(mode := os.fstat(fd).st_mode):
                os.chmod(f"/proc/self/fd/{fd}", stat.S_IMODE(mode) & 0o1777)  # noqa: PTH101
        finally:
            os.close(fd)


@contextmanager
def _parent(anchor: str, path: str) -> Iterator[tuple[int, str]]:
    """An open folder and the last name of `path`, which lies below `anchor`."""
    above, _, last = path.rpartition("/")
    fd = folder_in(anchor, above)
    try:
        yield fd, last
    finally:
        os.close(fd)


def _make_aside(anchor: str, aside: str, name: str) -> None:
    """The folder at a tree's top; what a box put in its place goes out of the way."""
    with _parent(anchor, aside) as (folder, last):
        with suppress(FileNotFoundError):
            if not stat.S_ISDIR(os.lstat(last, dir_fd=folder).st_mode):
                os.rename(last, f"{last}.{name}", src_dir_fd=folder, dst_dir_fd=folder)
        with suppress(FileExistsError):
            _make(folder, last, 0o700)


def _make(folder: int, name: str, mode: int) -> None:
    os.mkdir(name, mode, dir_fd=folder)
    if os.geteuid() == 0:
        above = os.fstat(folder)
        os.chown(name, above.st_uid, above.st_gid, dir_fd=folder, follow_symlinks=False)


def _let_rename(folder: int, name: str) -> None:
    """A folder that may not be written, and one in it, cannot be moved: whoever planted one knew."""
    status = os.lstat(name, dir_fd=folder)
    if os.geteuid() == 0:
        return
    if stat.S_ISDIR(status.st_mode) and not status.st_mode & stat.S_IWUSR:
        _add_mode(folder, name, 0o700)
    above = os.fstat(folder)
    if above.st_mode & 0o300 != 0o300 and above.st_uid == os.geteuid():
        os.chmod(f"/proc/self/fd/{folder}", stat.S_IMODE(above.st_mode) | 0o700)  # noqa: PTH101


def _add_mode(folder: int, name: str, mode: int) -> None:
    fd = os.open(name, _PATH | os.O_DIRECTORY, dir_fd=folder)
    try:
        before = stat.S_IMODE(os.fstat(fd).st_mode)
        os.chmod(f"/proc/self/fd/{fd}", before | mode)  # noqa: PTH101
    finally:
        os.close(fd)
