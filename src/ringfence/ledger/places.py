"""Where a ledger's files lie, and that nobody else can change them."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ringfence.ledger.errors import LedgerUnavailable, LedgerUnsafe

__all__ = ["lock_path", "made_safe", "reachable", "socket_path"]

_SOCKET_NAME_BYTES = 100  # Linux takes 107, others less


def lock_path(path: Path) -> Path:
    """The file whose lock the one writer holds."""
    return path.with_name(f"{path.name}.lock")


def socket_path(path: Path) -> Path:
    """Where the one writer takes events of other processes."""
    return path.with_name(f"{path.name}.socket")


def made_safe(path: Path) -> None:
    """Makes the ledger's folder and file where they are missing, for their owner only.

    Raises:
        LedgerUnsafe: somebody else owns them or may write there.
        LedgerUnavailable: they cannot be made.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_way(path.parent)
        for each in (path, lock_path(path)):
            _check_file(each)
    except OSError as error:
        raise LedgerUnavailable(
            f"the ledger's file cannot be made: {error.strerror}",
            hint="its folder must be writable and not on a read-only disk",
        ) from None


@contextmanager
def reachable(path: Path) -> Iterator[str]:
    """A name for the socket's path that is short enough for the kernel."""
    if len(os.fsencode(path)) < _SOCKET_NAME_BYTES:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def _check_way(folder: Path) -> None:
    found = folder.stat()
    if found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise LedgerUnsafe(
            "somebody else could change the ledger's folder",
            hint="it must be your own and writable for you alone: chmod 700",
        )
    for above in folder.resolve().parents:
        found = above.stat()
        if found.st_uid not in (0, os.geteuid()) or (
            found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX
        ):
            raise LedgerUnsafe(
                "somebody else could put another folder in the place of the ledger's",
                hint="keep it in a folder that others cannot write, all the way up",
            )


def _check_file(path: Path) -> None:
    """Not opened when it is there: closing it would give up the locks that SQLite holds in this process."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        made = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        found = os.fstat(made)
        os.close(made)
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise LedgerUnsafe(
            "somebody else could change the ledger's file, or it is a link",
            hint="it must be a plain file, your own and writable for you alone: chmod 600",
        )
