"""The folder where ringfence keeps its own state, and files in it that nobody else may read.

Source for where: the XDG base directory specification, `$XDG_STATE_HOME`.
"""

import os
import stat
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

from ringfence.core.errors import RingfenceError
from ringfence.core.text import printable

__all__ = ["KEY_BYTES", "StateRefused", "load_key", "make_folder", "read_private", "write_private"]

KEY_BYTES = 32
_PRIVATE_BYTES = 64 * 1024 * 1024  # policies that were kept; a key has 32


class StateRefused(RingfenceError):
    """The state folder or a file in it is not as ringfence would have made it."""


def make_folder(path: Path) -> Path:
    """`path` itself, a folder that only its owner can look into; made when missing.

    Raises:
        StateRefused: it is or would lie in somebody else's, others may use it, or it cannot be made.
    """
    try:
        for wanted in (path.parent.parent, path.parent, path):  # as ~/.local/state/ringfence; no home is made
            if not wanted.exists():
                _check_owner(wanted.parent, wanted.parent.stat(), owners=(0, os.geteuid()))
            with suppress(FileExistsError):
                wanted.mkdir(mode=0o700)
        status = path.lstat()
    except OSError as error:
        raise StateRefused(
            f"{printable(str(path))}: no state folder can be made: {_said(error)}",
            hint="set XDG_STATE_HOME to a folder that you may write to",
        ) from error
    if not stat.S_ISDIR(status.st_mode):
        raise StateRefused(
            f"{printable(str(path))}: not a folder", hint="move it away; ringfence makes a folder there"
        )
    _check_private(path, status)
    return path


def load_key(path: Path, *, randomness: Callable[[int], bytes]) -> bytes:
    """The 32 bytes in `path`; made at random when there are none. Of several makers at once one wins.

    Raises:
        StateRefused: others can read it, it is no key, or cannot be made.
    """
    key = read_private(path)
    if key is None:
        write_private(path, randomness(KEY_BYTES), replace=False)
        key = read_private(path)
    if key is None or len(key) != KEY_BYTES:
        raise StateRefused(
            f"{printable(str(path))}: this is no key of ringfence's",
            hint="remove it: a new one is made, and receipts sealed with it hold no more",
        )
    return key


def read_private(path: Path, *, most_bytes: int = _PRIVATE_BYTES) -> bytes | None:
    """The whole file, or so much of it; None when there is none.

    Raises:
        StateRefused: others can read or write it, it is a link or no regular file, or it cannot be read.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StateRefused(
            f"{printable(str(path))}: it cannot be read: {_said(error)}",
            hint="it must be a regular file of your own, without a link",
        ) from error
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise StateRefused(
                f"{printable(str(path))}: not a regular file", hint="move it away; ringfence makes it anew"
            )
        _check_private(path, status)
        with os.fdopen(fd, "rb", closefd=False) as file:
            return file.read(most_bytes)
    finally:
        os.close(fd)


def write_private(path: Path, data: bytes, *, replace: bool, lasts: bool = True) -> None:
    """All of it or nothing, on the disk before this returns. Without `replace` what is there stays.

    Without `lasts` it need not outlive the machine's running: then it may be damaged, or not be there.

    Raises:
        StateRefused: it cannot be written.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}-{os.urandom(4).hex()}")
    try:
        fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(fd, "wb") as file:
                file.write(data)
                file.flush()
                if lasts:
                    os.fsync(fd)
            if replace:
                draft.replace(path)
            else:
                with suppress(FileExistsError):
                    os.link(draft, path)
        finally:
            draft.unlink(missing_ok=True)
        if lasts:
            _sync(path.parent)
    except OSError as error:
        raise StateRefused(
            f"{printable(str(path))}: it cannot be written: {_said(error)}",
            hint="make room on the disk, or set XDG_STATE_HOME to a folder that you may write to",
        ) from error


def _check_private(path: Path, status: os.stat_result) -> None:
    shown = printable(str(path))
    _check_owner(path, status, owners=(os.geteuid(),))
    if status.st_mode & 0o077:
        raise StateRefused(f"{shown}: others can get at it", hint=f"run: chmod go-rwx {shown}")


def _check_owner(path: Path, status: os.stat_result, *, owners: Collection[int]) -> None:
    if status.st_uid not in owners:
        raise StateRefused(
            f"{printable(str(path))}: it belongs to somebody else",
            hint="set XDG_STATE_HOME to a folder of your own, also when you use sudo",
        )


def _sync(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _said(error: OSError) -> str:
    return os.strerror(error.errno).lower() if error.errno else "not possible"
