"""Examines bytes in memory, and counts what is read of them."""

from ringfence.artifacts.examine import Examined, examine
from ringfence.artifacts.reader import Reader

__all__ = ["CountedFile", "examined"]


def examined(data: bytes, suffix: str = "") -> Examined:
    """What a file of those bytes turns out to be."""
    return examine(Reader.of_bytes(data), suffix=suffix)


class CountedFile:
    """A file that is as long as it says and counts what is read of it. Behind `start` stand zeros."""

    def __init__(self, start: bytes, size_bytes: int) -> None:
        self._start = start
        self.size_bytes = size_bytes
        self.read_bytes = 0

    def read_at(self, size_bytes: int, offset: int) -> bytes:
        """As `os.pread`."""
        size_bytes = max(0, min(size_bytes, self.size_bytes - offset))
        self.read_bytes += size_bytes
        return self._start[offset : offset + size_bytes].ljust(size_bytes, b"\0")

    def examined(self, suffix: str = "") -> Examined:
        """What it turns out to be."""
        return examine(Reader(self.read_at, self.size_bytes), suffix=suffix)
