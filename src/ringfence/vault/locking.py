"""One writer at a time.

Source: flock(2).
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ringfence.core.text import printable
from ringfence.vault.errors import VaultRefused

__all__ = ["locked"]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Within it nobody else writes. The lock goes with the process that has it.

    Raises:
        VaultRefused: the file cannot be made or is no file of one's own.
    """
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise VaultRefused(
            f"{printable(str(path))}: it cannot be opened: {os.strerror(error.errno or 0).lower()}",
            hint="it must be a regular file of your own, without a link",
        ) from None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)
