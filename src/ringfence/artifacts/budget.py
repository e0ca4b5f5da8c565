"""What looking at one file, and at all files within it, may still cost."""

import time

from ringfence.artifacts.problems import Malformed, ProblemKind

__all__ = ["Budget"]


class Budget:
    """Shared by all readers of one file. Whatever is overdrawn raises `Malformed`, over the limit.

    Only reading and inflating look at the clock, so that work between two of these must be bounded by itself.
    """

    def __init__(
        self, *, read_bytes: int, inflated_bytes: int = 0, files: int = 0, seconds: float | None = None
    ) -> None:
        self._read = self._read_left = read_bytes
        self._inflated = self._inflated_left = inflated_bytes
        self._files = self._files_left = files
        self._seconds = seconds
        self._ends_at = None if seconds is None else time.monotonic() + seconds

    def read(self, size_bytes: int, *, at: int | None) -> None:
        """So many bytes are about to be read."""
        self._read_left -= size_bytes
        if self._read_left < 0:
            raise _over(at, f"more than {self._read} bytes to be read")
        self.check_time(at=at)

    def inflate(self, size_bytes: int, *, at: int | None) -> None:
        """So many bytes came out of a decompressor."""
        self._inflated_left -= size_bytes
        if self._inflated_left < 0:
            raise _over(at, f"inflates to more than {self._inflated} bytes")
        self.check_time(at=at)

    @property
    def inflated_bytes_left(self) -> int:
        """What may still come out of decompressors."""
        return max(0, self._inflated_left)

    def enter(self, *, at: int | None) -> None:
        """A file within the file is about to be looked at."""
        self._files_left -= 1
        if self._files_left < 0:
            raise _over(at, f"more than {self._files} files within it")

    def check_time(self, *, at: int | None) -> None:
        """For work that takes long without reading."""
        if self._ends_at is not None and time.monotonic() > self._ends_at:
            raise _over(at, f"takes longer than {self._seconds:g} s")


def _over(at: int | None, detail: str) -> Malformed:
    return Malformed(ProblemKind.OVER_LIMIT, at=at, detail=detail)
