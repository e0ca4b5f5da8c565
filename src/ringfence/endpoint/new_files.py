"""A file that appears whole or not at all, and takes no other file's place unless that is wanted."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

__all__ = ["AlreadyThere", "new_file"]

_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EACCES)


class AlreadyThere(Exception):
    """There is a file of that name, which is left as it is."""


@contextmanager
def new_file(path: Path, *, replace: bool) -> Iterator[IO[bytes]]:
    """A file to write to, and to read back, that gets its name when all went well. Otherwise nothing remains.

    Raises:
        AlreadyThere: something lies at `path`, and `replace` is not wanted.
        OSError: it cannot be written.
    """
    if not replace and os.path.lexists(path):
        raise AlreadyThere
    draft = path.with_name(f".ringfence-{secrets.token_hex(8)}.part")
    fd = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        with os.fdopen(fd, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _name(draft, path, replace=replace)
        _remember(path.parent)
    finally:
        with suppress(FileNotFoundError):
            draft.unlink()


def _name(draft: Path, path: Path, *, replace: bool) -> None:
    if replace:
        draft.replace(path)
        return
    try:
        os.link(draft, path)
    except FileExistsError:
        raise AlreadyThere from None
    except OSError as error:  # a file system without links
        if error.errno not in _NO_LINKS:
            raise
        if os.path.lexists(path):
            raise AlreadyThere from None
        draft.replace(path)


def _remember(folder: Path) -> None:
    """Makes the name outlive a loss of power, where folders can be synced."""
    with suppress(OSError):
        fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
