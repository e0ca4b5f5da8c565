from collections.abc import Iterator

import pytest

from ringfence.artifacts import spool
from ringfence.artifacts.budget import Budget
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.spool import spooled
from ringfence.core.limits import Limits


def _budget(inflated_bytes: int = 1 << 30) -> Budget:
    return Budget(read_bytes=1 << 30, inflated_bytes=inflated_bytes)


@pytest.mark.parametrize("memory_bytes", [0, 3, 7, 100])
def test_it_reads_the_same_from_memory_and_from_disk(
    memory_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "LIMITS", Limits(spool_memory_bytes=memory_bytes))
    found = spooled([b"abc", b"", b"defg"], budget=_budget(), at=0)
    assert (found.reader.size_bytes, found.reader.at(0, 7), found.problem) == (7, b"abcdefg", None)
    assert found.reader.at(2, 3) == b"cde"


def test_what_came_before_an_error_is_kept() -> None:
    def chunks() -> Iterator[bytes]:
        yield b"abc"
        raise Malformed(ProblemKind.BAD_HEADER, at=5, detail="broken")

    found = spooled(chunks(), budget=_budget(), at=0)
    assert found.reader.at(0, found.reader.size_bytes) == b"abc"
    assert found.problem == Problem(kind=ProblemKind.BAD_HEADER, at=5, detail="broken")


def test_one_stream_ends_at_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "LIMITS", Limits(judged_inflated_bytes=5))
    found = spooled(iter([b"abc"] * 9), budget=_budget(), at=7)
    assert found.reader.at(0, found.reader.size_bytes) == b"abc"
    assert found.problem == Problem(kind=ProblemKind.OVER_LIMIT, at=7, detail="inflates to more than 5 bytes")


def test_all_streams_of_a_file_end_at_its_budget() -> None:
    budget = _budget(inflated_bytes=5)
    assert spooled([b"abc"], budget=budget, at=0).problem is None
    second = spooled([b"abc"], budget=budget, at=9)
    assert (second.reader.size_bytes, second.problem) == (
        0,
        Problem(kind=ProblemKind.OVER_LIMIT, at=9, detail="inflates to more than 5 bytes"),
    )


def test_reading_it_is_at_the_expense_of_the_file_it_comes_from() -> None:
    found = spooled([b"abcdef"], budget=Budget(read_bytes=5, inflated_bytes=100), at=0)
    with pytest.raises(Malformed):
        found.reader.at(0, 6)
