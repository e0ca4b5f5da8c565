"""SHA-256 of many files, on every core, and never of a file that was changing under the reader's eyes.

A digest belongs to a file in one state: device, inode, size, mtime and ctime were the same before the first
byte and after the last. A file that changed is read once more; one that changes again is skipped, so that no
report holds the digest of a mixture.
"""

import hashlib
import os
import queue
import threading
import time
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Self

from ringfence.core.dataclass import dataclass
from ringfence.core.digests import GitBlobSha1, Sha256
from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip, printable
from ringfence.endpoint.digest_cache import DigestCache, Digests
from ringfence.endpoint.found import FileId, FoundFile
from ringfence.endpoint.opening import NotOpened, opened, refusal

__all__ = ["Hashed", "hash_files"]

_BLOCK_BYTES = 128 << 10  # stays in the core's own cache: 1 MiB doubled the time that reading took
_PROGRESS_BYTES = 32 << 20
_ATTEMPTS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Hashed:
    """A file's digests. `file` is as it was when they were taken: newer, perhaps, than the one asked for."""

    file: FoundFile
    sha256: Sha256
    git_sha1: GitBlobSha1 | None  # only where it was asked for
    read_from_ns: int | None  # when its first byte was read, since 1970; None when the cache knew it


_Answer = Hashed | Skipped | int | None
"""From a thread: a file's result, a number of bytes that were read, or that the thread is at its end."""


def hash_files(
    files: Iterable[FoundFile],
    *,
    cache: DigestCache,
    threads: int,
    git_sha1_of: Container[FileId] = frozenset(),
    on_progress: Callable[[int], None] = lambda _size_bytes: None,
    clock: Callable[[], int] = time.time_ns,
) -> Iterator[Hashed | Skipped]:
    """Every file's digests, or why it has none: what the cache knows first, then the others as they are done.

    The largest are begun first, so that none is left over for one core. `on_progress` is told in the caller's
    thread of bytes read; those of a file that must be read again are taken back. `git_sha1_of` names the
    files whose git digest is wanted as well. `clock` gives nanoseconds since 1970.
    """
    unknown: list[FoundFile] = []
    for file in files:
        known = _known(file, cache, git_sha1=file.id in git_sha1_of)
        if known:
            yield known
        else:
            unknown.append(file)
    unknown.sort(key=lambda file: file.size_bytes)
    with _Crew(unknown, threads=threads, git_sha1_of=git_sha1_of, clock=clock) as crew:
        for answer in crew:
            if isinstance(answer, int):
                on_progress(answer)
                continue
            if isinstance(answer, Hashed) and answer.read_from_ns is not None:
                digests = Digests(sha256=answer.sha256, git_sha1=answer.git_sha1)
                cache.store(answer.file, digests, read_from_ns=answer.read_from_ns)
            yield answer


def _known(file: FoundFile, cache: DigestCache, *, git_sha1: bool) -> Hashed | Skipped | None:
    """What the cache knows of the file as it is now."""
    try:
        with opened(file.path) as fd:
            now = FoundFile.of(file.path, os.fstat(fd))
    except NotOpened as error:
        return _skipped(file, error.reason)
    except OSError as error:
        return _skipped(file, refusal(error).reason)
    known = cache.lookup(now, git_sha1=git_sha1)
    if known is None:
        return None
    return Hashed(file=now, sha256=known.sha256, git_sha1=known.git_sha1, read_from_ns=None)


class _Crew:
    """Threads that share a list of files, of which the last is taken first."""

    def __init__(
        self,
        files: list[FoundFile],
        *,
        threads: int,
        git_sha1_of: Container[FileId],
        clock: Callable[[], int],
    ) -> None:
        self._files = files
        self._expected = len(files)
        self._git_sha1_of = git_sha1_of
        self._clock = clock
        self._stopped = threading.Event()
        self._answers: queue.SimpleQueue[_Answer] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, daemon=True) for _ in range(min(max(1, threads), len(files)))
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def __iter__(self) -> Iterator[Hashed | Skipped | int]:
        running = len(self._threads)
        while running:
            answer = self._answers.get()
            if answer is None:
                running -= 1
                continue
            self._expected -= not isinstance(answer, int)
            yield answer
        if self._expected:
            raise RuntimeError("hashing broke off")

    def _work(self) -> None:
        buffer = memoryview(bytearray(_BLOCK_BYTES))
        try:
            while self._files and not self._stopped.is_set():
                with suppress(IndexError):  # another thread took the last
                    file = self._files.pop()
                    self._answers.put(self._hash(file, buffer))
        finally:
            self._answers.put(None)

    def _hash(self, file: FoundFile, buffer: memoryview) -> Hashed | Skipped:
        git_sha1 = file.id in self._git_sha1_of
        try:
            for _ in range(_ATTEMPTS):
                with opened(file.path) as fd:
                    status = os.fstat(fd)
                    if status.st_size - 512 * status.st_blocks > LIMITS.hashed_hole_bytes:
                        return _skipped(file, "it is nearly all holes, made to be read for ever")
                    before = FoundFile.of(file.path, status)
                    read_from_ns = self._clock()
                    digests = self._read(fd, before.size_bytes, buffer, git_sha1=git_sha1)
                    if digests and FoundFile.of(file.path, os.fstat(fd)) == before:
                        return Hashed(
                            file=before,
                            sha256=digests.sha256,
                            git_sha1=digests.git_sha1,
                            read_from_ns=read_from_ns,
                        )
                self._answers.put(-before.size_bytes)
        except NotOpened as error:
            return _skipped(file, error.reason)
        except OSError as error:
            return _skipped(file, refusal(error).reason)
        return _skipped(file, "it changed while it was read")

    def _read(self, fd: int, size_bytes: int, buffer: memoryview, *, git_sha1: bool) -> Digests | None:
        """The digests of just so many bytes; None when there are fewer, or the crew was stopped."""
        sha256 = hashlib.sha256()
        git = hashlib.sha1(f"blob {size_bytes}\0".encode(), usedforsecurity=False) if git_sha1 else None
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_SEQUENTIAL)
        left = told = size_bytes
        while left:
            block = buffer[: min(left, _BLOCK_BYTES)]
            count = os.readv(fd, [block])
            if not count or self._stopped.is_set():
                self._answers.put(told)
                return None
            sha256.update(block[:count])
            if git:
                git.update(block[:count])
            left -= count
            if told - left >= _PROGRESS_BYTES:
                self._answers.put(told - left)
                told = left
        self._answers.put(told)
        return Digests(
            sha256=Sha256(sha256.hexdigest()), git_sha1=GitBlobSha1(git.hexdigest()) if git else None
        )


def _skipped(file: FoundFile, reason: str) -> Skipped:
    return Skipped(
        kind="file", subject=clip(printable(str(file.path)), chars=LIMITS.name_chars), reason=reason
    )
