"""Small files of /proc and /sys, read with a bound."""

import os
from pathlib import Path

from ringfence.core.limits import LIMITS

__all__ = ["read_proc", "read_word"]


def read_proc(path: Path, *, strict: bool = False) -> bytes:
    """At most limits.proc_file_bytes of the file; empty when it cannot be read and `strict` is false.

    Raises:
        OSError: it cannot be read, and `strict` is true.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        try:
            return _read(fd)
        finally:
            os.close(fd)
    except OSError:
        if strict:
            raise
        return b""


def read_word(path: Path) -> str | None:
    """The file's text without the white space around it, None when it cannot be read or is empty."""
    return os.fsdecode(read_proc(path)).strip() or None


def _read(fd: int) -> bytes:
    parts: list[bytes] = []
    left = LIMITS.proc_file_bytes
    while left and (part := os.read(fd, min(left, 1 << 18))):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)
