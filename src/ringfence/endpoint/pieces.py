"""Digests of files or of parts of them, on every core, in constant memory, always from the bytes themselves.

No cache is asked: what a signature is checked against must have been read now. A file must be in the state
in which it was listed before its first byte is read and after its last; one that is not has no digest.
"""

import hashlib
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Protocol

from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.endpoint.found import FoundFile
from ringfence.endpoint.opening import NotOpened, opened, refusal

__all__ = ["Hasher", "NoDigest", "Piece", "PieceDigest", "hash_pieces"]

_BLOCK_BYTES = 256 << 10
_REPORT_S = 0.2


class Hasher(Protocol):
    """What hashlib makes, and libraries like it."""

    def update(self, data: memoryview, /) -> object:
        """Takes more bytes."""

    def hexdigest(self) -> str:
        """The digest of all so far."""


@dataclass(frozen=True, slots=True)
class Piece:
    """The bytes of `file` from `start` to before `end`."""

    file: FoundFile
    start: int
    end: int


PieceDigest = str
"""Lowercase hexadecimal digits."""


@dataclass(frozen=True, slots=True)
class NoDigest:
    """Why a piece has none; short and harmless to print."""

    reason: str


def hash_pieces(
    pieces: Sequence[Piece],
    *,
    hasher: Callable[[], Hasher] = hashlib.sha256,
    threads: int,
    on_progress: Callable[[int], None] = lambda _done_bytes: None,
) -> list[PieceDigest | NoDigest]:
    """The digest of each piece, in their order. The largest are begun first.

    `on_progress` is told in the caller's thread how many bytes have been read in all.
    """
    crew = _Crew(pieces, hasher)
    with ThreadPoolExecutor(max_workers=max(1, threads)) as executor:
        working = [executor.submit(crew.work) for _ in range(max(1, min(threads, len(pieces))))]
        try:
            left = set(working)
            while left:
                _, left = wait(left, timeout=_REPORT_S)
                on_progress(crew.done_bytes)
        finally:
            crew.stopped.set()
        for each in working:
            each.result()
    return crew.results


class _Crew:
    """Threads that share one list of pieces."""

    def __init__(self, pieces: Sequence[Piece], hasher: Callable[[], Hasher]) -> None:
        self._pieces = pieces
        self._hasher = hasher
        self._left = sorted(range(len(pieces)), key=lambda i: pieces[i].end - pieces[i].start)
        self._lock = threading.Lock()
        self.results: list[PieceDigest | NoDigest] = [NoDigest("it was not read")] * len(pieces)
        self.done_bytes = 0
        self.stopped = threading.Event()

    def work(self) -> None:
        """Takes pieces until none is left."""
        buffer = memoryview(bytearray(_BLOCK_BYTES))
        while not self.stopped.is_set():
            with self._lock:
                if not self._left:
                    return
                number = self._left.pop()
            self.results[number] = self._digest(self._pieces[number], buffer)

    def _digest(self, piece: Piece, buffer: memoryview) -> PieceDigest | NoDigest:
        try:
            with opened(piece.file.path) as fd:
                status = os.fstat(fd)
                if status.st_size - 512 * status.st_blocks > LIMITS.hashed_hole_bytes:
                    return NoDigest("it is nearly all holes, made to be read for ever")
                if FoundFile.of(piece.file.path, status) != piece.file:
                    return NoDigest("it changed while it was looked at")
                digest = self._read(fd, piece, buffer)
                if digest is None or FoundFile.of(piece.file.path, os.fstat(fd)) != piece.file:
                    return NoDigest("it changed while it was read")
                return digest
        except NotOpened as error:
            return NoDigest(error.reason)
        except OSError as error:
            return NoDigest(refusal(error).reason)

    def _read(self, fd: int, piece: Piece, buffer: memoryview) -> PieceDigest | None:
        """The digest of just these bytes; None when there are fewer, or the crew was stopped."""
        hasher = self._hasher()
        at = piece.start
        while at < piece.end:
            block = buffer[: min(piece.end - at, len(buffer))]
            count = os.preadv(fd, [block], at)
            if not count or self.stopped.is_set():
                return None
            hasher.update(block[:count])
            at += count
            with self._lock:
                self.done_bytes += count
        return hasher.hexdigest()
