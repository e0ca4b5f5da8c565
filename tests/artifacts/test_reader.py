import os
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.core.limits import LIMITS


def _problem(stop: pytest.ExceptionInfo[Malformed]) -> Problem:
    return stop.value.problem


def test_numbers_and_strings_are_read_one_after_the_other() -> None:
    reader = Reader.of_bytes(struct.pack("<IQQ", 7, 2**63, 3) + b"abc" + b"rest")
    assert (reader.u32(), reader.u64(), reader.string(), reader.take(4)) == (7, 2**63, b"abc", b"rest")
    assert reader.remaining_bytes == 0


def test_reading_past_the_end_is_truncated() -> None:
    with pytest.raises(Malformed) as stop:
        Reader.of_bytes(b"abc").u32()
    assert _problem(stop) == Problem(kind=ProblemKind.TRUNCATED, at=0, detail="4 bytes end past the file")


def test_a_count_that_cannot_fit_is_refused_before_anything_is_read() -> None:
    reader = Reader.of_bytes(struct.pack("<Q", 2**62) + bytes(100))
    with pytest.raises(Malformed) as stop:
        reader.count(each_at_least_bytes=8)
    assert _problem(stop) == Problem(
        kind=ProblemKind.DOES_NOT_FIT, at=0, detail=f"{2**62} items do not fit into the file"
    )


def test_a_string_that_fits_the_file_but_not_the_limit_is_refused() -> None:
    reader = Reader.of_bytes(struct.pack("<Q", 101) + bytes(101))
    with pytest.raises(Malformed) as stop:
        reader.string(max_bytes=100)
    assert _problem(stop) == Problem(kind=ProblemKind.OVER_LIMIT, at=0, detail="a string of 101 bytes")


def test_a_file_that_shrinks_while_it_is_read_is_malformed(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(bytes(1000))
    fd = os.open(path, os.O_RDONLY)
    try:
        reader = Reader.of_fd(fd)
        os.truncate(path, 10)
        with pytest.raises(Malformed) as stop:
            reader.take(1000)
    finally:
        os.close(fd)
    assert _problem(stop) == Problem(
        kind=ProblemKind.TRUNCATED, at=10, detail="the file shrank while it was read"
    )


def test_all_reading_of_one_file_together_has_a_limit_and_its_parts_share_it() -> None:
    reader = Reader(lambda size, _offset: bytes(size), 1 << 40)
    part = reader.part(1 << 30, 1 << 30)
    part.at(0, LIMITS.read_bytes // 2)
    reader.at(0, LIMITS.read_bytes // 2)
    with pytest.raises(Malformed) as stop:
        part.at(0, 1)
    assert _problem(stop).kind is ProblemKind.OVER_LIMIT


def test_a_part_counts_from_zero_and_ends_where_it_ends() -> None:
    part = Reader.of_bytes(b"0123456789").part(3, 4)
    assert (part.take(2), part.at(2, 2), part.head) == (b"34", b"56", b"3456")
    with pytest.raises(Malformed):
        part.at(3, 2)


def test_a_part_outside_the_file_is_refused() -> None:
    with pytest.raises(Malformed) as stop:
        Reader.of_bytes(b"0123").part(2, 3)
    assert _problem(stop) == Problem(kind=ProblemKind.TRUNCATED, at=2, detail="3 bytes end past the file")


def test_work_on_a_file_is_done_once() -> None:
    asked = []
    reader = Reader.of_bytes(b"abc")

    def work(file: Reader) -> int:
        asked.append(file)
        return file.size_bytes

    assert (reader.once(work), reader.once(work), asked) == (3, 3, [reader])


@given(st.lists(st.binary(max_size=90_000), max_size=12), st.binary(max_size=30))
def test_skipping_strings_ends_where_reading_them_does(strings: list[bytes], rest: bytes) -> None:
    data = b"".join(struct.pack("<Q", len(s)) + s for s in strings) + rest
    read, skipped = Reader.of_bytes(data), Reader.of_bytes(data)
    assert [read.string() for _ in strings] == strings
    skipped.skip_strings(len(strings))
    assert skipped.offset == read.offset
    assert skipped.take(len(rest)) == rest


@pytest.mark.parametrize("size", [2**41, 2**63 - 1, 2**64 - 1])
def test_a_skipped_string_longer_than_any_file_does_not_fit(size: int) -> None:
    with pytest.raises(Malformed) as stop:
        Reader.of_bytes(struct.pack("<QQ", size, 1) + bytes(100)).skip_strings(2)
    assert _problem(stop).kind is ProblemKind.DOES_NOT_FIT


def test_a_file_that_ends_within_a_skipped_string_was_cut_short() -> None:
    with pytest.raises(Malformed) as stop:
        Reader.of_bytes(struct.pack("<Q", 2**40) + bytes(100)).skip_strings(1)
    assert _problem(stop) == Problem(
        kind=ProblemKind.TRUNCATED, at=0, detail="a string does not fit into the file"
    )


@given(st.binary(max_size=300_000), st.lists(st.integers(0, 100_000), max_size=20))
def test_pieces_are_the_file_whatever_the_windows(data: bytes, sizes: list[int]) -> None:
    reader = Reader.of_bytes(data)
    for size in sizes:
        at = reader.offset
        if size > len(data) - at:
            break
        assert reader.take(size) == data[at : at + size]
        reader.skip(min(size // 2, reader.remaining_bytes))
