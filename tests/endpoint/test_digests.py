import hashlib
import os
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.endpoint.digest_cache import SETTLED_NS, DigestCache
from ringfence.endpoint.digests import Hashed, hash_files
from ringfence.endpoint.found import FoundFile

MIB = 1 << 20
BLOCK = 128 << 10


def found(path: Path, content: bytes | None = None) -> FoundFile:
    if content is not None:
        path.write_bytes(content)
    return FoundFile.of(path, path.stat())


def later() -> int:
    """A clock by which every file has been at rest for long."""
    return time.time_ns() + 10 * SETTLED_NS


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[DigestCache]:
    with DigestCache(tmp_path / "cache/digests.sqlite") as cache:
        yield cache


def hashed(files: Iterable[FoundFile], cache: DigestCache, **options) -> list[Hashed | Skipped]:
    return list(hash_files(files, cache=cache, **({"threads": 2, "clock": later} | options)))


def digest_of(results: list[Hashed | Skipped]) -> dict[str, str]:
    assert all(isinstance(result, Hashed) for result in results), results
    return {result.file.path.name: result.sha256 for result in results}


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_digests_are_those_of_all_bytes(tmp_path: Path, cache: DigestCache, threads: int) -> None:
    contents = {f"{size}": os.urandom(size) for size in (0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 9 * BLOCK)}
    files = [found(tmp_path / name, content) for name, content in contents.items()]
    expected = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    assert digest_of(hashed(files, cache, threads=threads)) == expected


def test_a_git_digest_is_what_git_says(tmp_path: Path, cache: DigestCache) -> None:
    file = found(tmp_path / "config.json", b'{"model_type": "llama"}')
    other = found(tmp_path / "other", b"x")
    said = subprocess.run(["git", "hash-object", file.path], capture_output=True, text=True, check=True)
    results = {r.file: r.git_sha1 for r in hashed([file, other], cache, git_sha1_of={file.id})}
    assert results == {file: said.stdout.strip(), other: None}


def test_the_largest_is_begun_first(tmp_path: Path, cache: DigestCache) -> None:
    files = [found(tmp_path / f"{size}", b"x" * size) for size in (5, 900, 70)]
    assert [r.file.size_bytes for r in hashed(files, cache, threads=1)] == [900, 70, 5]


def test_progress_adds_up_to_the_bytes_read(tmp_path: Path, cache: DigestCache) -> None:
    files = [found(tmp_path / f"{n}", b"x" * n * MIB) for n in (1, 2, 40)]
    told: list[int] = []
    hashed(files, cache, on_progress=told.append)
    assert sum(told) == 43 * MIB
    assert len(told) > len(files)


def test_what_the_cache_knows_is_not_read_again(tmp_path: Path, cache: DigestCache) -> None:
    files = [found(tmp_path / f"{n}", os.urandom(n)) for n in (3, 4)]
    first = hashed(files, cache)
    cache.close()
    with DigestCache(tmp_path / "cache/digests.sqlite") as again:
        told: list[int] = []
        second = hashed(files, again, on_progress=told.append)
    assert digest_of(second) == digest_of(first)
    assert [r.read_from_ns for r in second] == [None, None]
    assert told == []


def test_a_file_changed_in_place_with_its_time_set_back_is_read_again(tmp_path: Path) -> None:
    file = found(tmp_path / "model.gguf", b"one")
    for _ in range(2):
        with DigestCache(tmp_path / "cache/digests.sqlite") as cache:
            [result] = hashed([file], cache)
    assert isinstance(result, Hashed)
    assert result.read_from_ns is None
    file.path.write_bytes(b"two")
    os.utime(file.path, ns=(file.mtime_ns, file.mtime_ns))
    assert file.path.stat().st_mtime_ns == file.mtime_ns
    with DigestCache(tmp_path / "cache/digests.sqlite") as cache:
        [result] = hashed([file], cache)
    assert isinstance(result, Hashed)
    assert (result.file, result.sha256) == (found(file.path), hashlib.sha256(b"two").hexdigest())


def test_a_file_that_was_just_written_is_never_answered_from_the_cache(tmp_path: Path) -> None:
    file = found(tmp_path / "model.gguf", b"still being written")
    for now_ns, reads in [
        (file.ctime_ns, True),
        (file.ctime_ns + SETTLED_NS - 1, True),
        (file.ctime_ns + SETTLED_NS, True),
        (file.ctime_ns + SETTLED_NS, False),
    ]:
        with DigestCache(tmp_path / "cache/digests.sqlite") as cache:
            [result] = hashed([file], cache, clock=lambda now_ns=now_ns: now_ns)
        assert isinstance(result, Hashed)
        assert (result.read_from_ns is not None) == reads


class Meddler:
    """A clock that is asked when a file is open and not yet read: the moment to meddle with it."""

    def __init__(self, *deeds) -> None:
        self._deeds = list(deeds)

    def __call__(self) -> int:
        if self._deeds:
            self._deeds.pop(0)()
        return later()


def test_a_file_that_changes_once_is_read_again(tmp_path: Path, cache: DigestCache) -> None:
    file = found(tmp_path / "model.gguf", b"one")
    told: list[int] = []
    meddler = Meddler(lambda: file.path.write_bytes(b"two!"))
    [result] = hashed([file], cache, clock=meddler, on_progress=told.append)
    assert isinstance(result, Hashed)
    assert (result.file, result.sha256) == (found(file.path), hashlib.sha256(b"two!").hexdigest())
    assert sum(told) == 4


def test_a_file_replaced_by_another_while_it_is_read_is_read_anew(tmp_path: Path, cache: DigestCache) -> None:
    file = found(tmp_path / "model.gguf", b"one")
    other = found(tmp_path / "other", b"two")
    [result] = hashed([file], cache, clock=Meddler(lambda: other.path.rename(file.path)))
    assert isinstance(result, Hashed)
    assert (result.file.inode, result.sha256) == (other.inode, hashlib.sha256(b"two").hexdigest())


@pytest.mark.parametrize("size", [1, 3, 4000])
def test_a_file_that_keeps_changing_is_skipped(tmp_path: Path, cache: DigestCache, size: int) -> None:
    file = found(tmp_path / "model.gguf", b"one")
    meddler = Meddler(*[lambda: file.path.write_bytes(os.urandom(size))] * 9)
    assert hashed([file], cache, clock=meddler) == [
        Skipped(kind="file", subject=str(file.path), reason="it changed while it was read")
    ]


def test_a_file_that_grows_for_ever_is_read_for_its_first_size_only(
    tmp_path: Path, cache: DigestCache
) -> None:
    file = found(tmp_path / "log.bin", b"x" * MIB)
    over = threading.Event()

    def grow() -> None:
        with file.path.open("ab") as log:
            while not over.is_set():
                log.write(b"x" * MIB if log.tell() < 64 * MIB else b"")
                log.truncate(MIB) if log.tell() >= 64 * MIB else log.flush()

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        results = hashed([file], cache)
    finally:
        over.set()
        writer.join()
    assert [type(result) for result in results] in ([Skipped], [Hashed])


def test_what_cannot_be_read_is_said(tmp_path: Path, cache: DigestCache) -> None:
    gone = found(tmp_path / "gone.gguf", b"x")
    gone.path.unlink()
    pipe = found(tmp_path / "pipe.gguf", b"y")
    pipe.path.unlink()
    os.mkfifo(pipe.path)
    ugly = found(tmp_path / "\x1b[2J.gguf", b"z")
    ugly.path.unlink()
    assert hashed([gone, pipe, ugly], cache) == [
        Skipped(kind="file", subject=str(gone.path), reason="vanished while it was looked at"),
        Skipped(kind="file", subject=str(pipe.path), reason="not a regular file"),
        Skipped(kind="file", subject=f"{tmp_path}/\\x1b[2J.gguf", reason="vanished while it was looked at"),
    ]


def test_a_file_that_turns_into_a_pipe_after_the_cache_was_asked_does_not_hang(
    tmp_path: Path, cache: DigestCache
) -> None:
    first, file = found(tmp_path / "large", b"xx"), found(tmp_path / "model.gguf", b"x")

    def swap() -> None:
        file.path.unlink()
        os.mkfifo(file.path)

    results = hashed([first, file], cache, threads=1, clock=Meddler(swap))
    assert results[1:] == [Skipped(kind="file", subject=str(file.path), reason="not a regular file")]


def test_a_file_of_holes_is_not_read(tmp_path: Path, cache: DigestCache) -> None:
    path = tmp_path / "model.gguf"
    path.touch()
    os.truncate(path, LIMITS.hashed_hole_bytes + 8192)
    assert hashed([found(path)], cache) == [
        Skipped(kind="file", subject=str(path), reason="it is nearly all holes, made to be read for ever")
    ]


def test_who_stops_listening_ends_the_reading(tmp_path: Path, cache: DigestCache) -> None:
    files = [found(tmp_path / f"{n}", b"") for n in range(300)]
    for file in files:
        os.truncate(file.path, MIB)
    begun: list[int] = []

    def clock() -> int:
        begun.append(1)
        return later()

    results = hash_files(files, cache=cache, threads=2, clock=clock)
    next(results)
    results.close()
    assert len(begun) < len(files) / 2
