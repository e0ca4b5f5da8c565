"""Opens regular files and nothing else: no FIFO blocks, no device is touched, no descriptor leaks."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ringfence.core.text import printable

if TYPE_CHECKING:
    from ringfence.core.inventory import Skipped

__all__ = ["NotOpened", "opened", "read_head", "read_small", "refusal"]

_REASONS = {
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.ENOENT: "vanished while it was looked at",
    errno.ELOOP: "symbolic links in a circle",
    errno.ENXIO: "not a regular file",
    errno.ESTALE: "stale network handle",
    errno.EIO: "input/output error",
}


class NotOpened(Exception):
    """A file that cannot be read. `reason` is short and harmless to print; `missing` when there is none."""

    def __init__(self, reason: str, *, missing: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.missing = missing


@contextmanager
def opened(path: Path) -> Iterator[int]:
    """A descriptor of the regular file at `path` (symbolic links followed), open for reading.

    Raises:
        NotOpened: it is no regular file, or may not or cannot be read.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise refusal(error) from error
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise NotOpened("not a regular file")
        yield fd
    finally:
        os.close(fd)


def read_small(path: Path, *, max_bytes: int) -> "bytes | Skipped | None":
    """The whole file, None when there is none, or why it was not read: too large, unreadable, no file."""
    try:
        with opened(path) as fd:
            data = _read_up_to(fd, max_bytes + 1)
    except NotOpened as error:
        if error.missing:
            return None
        return _skipped(path, error.reason)
    except OSError as error:
        return _skipped(path, refusal(error).reason)
    if len(data) > max_bytes:
        return _skipped(path, f"larger than {max_bytes} bytes")
    return data


def read_head(path: Path, *, at_most_bytes: int) -> bytes | None:
    """The beginning of the file, or None where it cannot be read."""
    try:
        with opened(path) as fd:
            return _read_up_to(fd, at_most_bytes)
    except (NotOpened, OSError):
        return None


def refusal(error: OSError | ValueError) -> NotOpened:
    """Why the system said no, in words that name no path."""
    code = error.errno if isinstance(error, OSError) else None
    reason = _REASONS.get(code or 0) or (os.strerror(code).lower() if code else "not a valid path")
    return NotOpened(reason, missing=code in (errno.ENOENT, errno.ENOTDIR))


def _skipped(path: Path, reason: str) -> "Skipped":
    from ringfence.core.inventory import Skipped  # with all that a scan finds: for those who ask for it

    return Skipped(kind="file", subject=printable(str(path)), reason=reason)


def _read_up_to(fd: int, size_bytes: int) -> bytes:
    parts: list[bytes] = []
    while size_bytes and (part := os.read(fd, size_bytes)):
        parts.append(part)
        size_bytes -= len(part)
    return b"".join(parts)
