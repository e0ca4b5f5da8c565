"""What every ledger does, wherever it lies."""

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from ledgers import assert_whole, opened, scan, scans, writers
from ringfence.core.action_types import Durability
from ringfence.core.limits import LIMITS
from ringfence.core.secrets import Secret
from ringfence.ledger.errors import EventRefused, LedgerTooNew, StreamMoved
from ringfence.ledger.event_types import AskWithdrawn, EffectFailed
from ringfence.ledger.following import follow
from ringfence.ledger.ledger import Ledger, Position, Unknown
from ringfence.ledger.values import Foreign

_FSYNC, _WRITTEN = Durability.FSYNC, Durability.WRITTEN
_START = datetime(2026, 11, 23, 12, tzinfo=UTC)


class _Clock:
    def __init__(self, *times: datetime) -> None:
        self._times = list(times)

    def __call__(self) -> datetime:
        return self._times.pop(0)


def test_events_are_numbered_in_each_stream_and_read_in_the_order_they_came(where: str) -> None:
    ledger = opened(where)
    positions = [
        ledger.append(scan(name), stream=stream, durability=durability)
        for name, stream, durability in (("a", "one", _FSYNC), ("b", "two", _WRITTEN), ("c", "one", _WRITTEN))
    ]
    assert [(each.stream, each.seq) for each in positions] == [("one", 1), ("two", 1), ("one", 2)]
    found = list(ledger.read())
    assert [each.position for each in found] == positions
    assert [each.event for each in found] == [scan("a"), scan("b"), scan("c")]
    assert sorted({each.ordinal for each in found}) == [each.ordinal for each in found]
    assert ledger.heads() == (positions[2], positions[1])
    assert_whole(ledger.rows())
    ledger.close()


def test_a_ledger_that_nothing_was_written_to_is_empty(where: str) -> None:
    ledger = opened(where)
    assert (list(ledger.read()), ledger.heads(), ledger.event("one", 1)) == ([], (), None)
    ledger.close()


def test_a_ledger_goes_on_where_it_ended(where: str) -> None:
    for name in ("a", "b", "c"):
        ledger = opened(where)
        ledger.append(scan(name), stream="one", durability=_WRITTEN)
        ledger.close()
    ledger = opened(where)
    assert [(each.position.seq, each.event) for each in ledger.read()] == [
        (1, scan("a")),
        (2, scan("b")),
        (3, scan("c")),
    ]
    assert_whole(ledger.rows())
    ledger.append(scan("d"), stream="one", durability=_FSYNC)
    ledger.close()
    ledger.append(scan("e"), stream="one", durability=_FSYNC)
    assert scans(ledger) == ["a", "b", "c", "d", "e"]
    ledger.close()


def test_readers_choose_by_stream_type_time_and_place(where: str) -> None:
    times = [_START + timedelta(hours=hours) for hours in range(5)]
    ledger = opened(where, clock=_Clock(*times))
    ask = AskWithdrawn(ask="1", why="gone")
    for event, stream in (
        (scan("a"), "one"),
        (ask, "one"),
        (scan("b"), "two"),
        (ask, "two"),
        (scan("c"), "one"),
    ):
        ledger.append(event, stream=stream, durability=_WRITTEN)
    every = list(ledger.read())
    assert [each.at for each in every] == times
    assert list(ledger.read(stream="one")) == [every[0], every[1], every[4]]
    assert list(ledger.read(types=["ask.withdrawn"])) == [every[1], every[3]]
    assert list(ledger.read(types=["ask", "ask.with", "ask.withdrawn/1"])) == []
    assert list(ledger.read(types=[])) == []
    assert list(ledger.read(types=["scan.started", "ask.withdrawn"])) == every
    assert list(ledger.read(since=times[3])) == every[3:]
    assert list(ledger.read(since=_START + timedelta(days=9))) == []
    assert list(ledger.read(after=every[1].ordinal)) == every[2:]
    assert list(ledger.read(stream="one", types=["scan.started"], since=times[1])) == [every[4]]
    assert list(ledger.read(stream="none")) == []
    assert (ledger.event("two", 2), ledger.event("two", 3)) == (every[3], None)
    ledger.close()


def test_who_follows_gets_each_event_once_as_it_comes(where: str) -> None:
    ledger, seen, turns = opened(where), list[str](), iter(range(3))
    ledger.append(scan("before"), stream="one", durability=_WRITTEN)

    def more_comes() -> bool:
        turn = next(turns, None)
        if turn is not None:
            for stream in ("one", "two"):
                ledger.append(scan(f"{stream}-{turn}"), stream=stream, durability=_WRITTEN)
        return turn is not None

    seen += [each.event.scan for each in follow(ledger, pause=more_comes, stream="one")]
    assert seen == ["before", "one-0", "one-1", "one-2"]
    assert [each.event.scan for each in follow(ledger, pause=lambda: False)] == scans(ledger)
    ledger.close()


def test_a_clock_that_goes_backwards_is_recorded_as_it_is(where: str) -> None:
    times = [_START, _START - timedelta(days=400), _START + timedelta(seconds=1)]
    ledger = opened(where, clock=_Clock(*times))
    for name in ("a", "b", "c"):
        ledger.append(scan(name), stream="one", durability=_FSYNC)
    assert [(each.position.seq, each.at) for each in ledger.read(stream="one")] == [*enumerate(times, 1)]
    assert scans(ledger, since=_START) == ["a", "c"]
    assert_whole(ledger.rows())
    ledger.close()


def test_who_expects_another_end_of_the_stream_records_nothing(where: str) -> None:
    ledger = opened(where)
    ledger.append(scan("a"), stream="one", durability=_FSYNC, expect_seq=0)
    with pytest.raises(StreamMoved):
        ledger.append(scan("b"), stream="one", durability=_FSYNC, expect_seq=0)
    with pytest.raises(StreamMoved):
        ledger.append(scan("b"), stream="one", durability=_FSYNC, expect_seq=2)
    ledger.append(scan("c"), stream="one", durability=_FSYNC, expect_seq=1)
    assert scans(ledger) == ["a", "c"]
    ledger.close()


def test_of_many_that_expect_the_same_end_exactly_one_records(where: str) -> None:
    ledger, outcomes, at_once = opened(where), [], threading.Barrier(12)

    def append(name: str) -> None:
        at_once.wait()
        try:
            outcomes.append(ledger.append(scan(name), stream="one", durability=_FSYNC, expect_seq=0).seq)
        except StreamMoved:
            outcomes.append(0)

    _all_at_once(append, [str(number) for number in range(12)])
    assert sorted(outcomes) == [*[0] * 11, 1]
    assert len(scans(ledger)) == 1
    ledger.close()


@pytest.fixture(params=["itself", "another"])
def writer(request: pytest.FixtureRequest, where: str) -> Iterator[Ledger]:
    """A ledger that writes itself, or appends through another that does, where that is not a server."""
    other = opened(where)
    if request.param == "another":
        other.append(scan("before"), stream="other", durability=_FSYNC)
    ledger = opened(where)
    yield ledger
    ledger.close()
    other.close()


def test_many_events_are_recorded_as_if_one_by_one(writer: Ledger) -> None:
    writer.append(scan("a"), stream="one", durability=_FSYNC)
    assert writer.append_all([], stream="one", durability=_FSYNC) is None
    last = writer.append_all([scan(str(number)) for number in range(50)], stream="one", durability=_WRITTEN)
    writer.append(scan("z"), stream="one", durability=_FSYNC)
    found = list(writer.read(stream="one"))
    assert [each.event.scan for each in found] == ["a", *map(str, range(50)), "z"]
    assert [each.position.seq for each in found] == [*range(1, 53)]
    assert last == found[50].position
    assert_whole(writer.rows())


def test_more_events_than_fit_a_transaction_are_recorded_in_order(writer: Ledger) -> None:
    names = [f"{number}-{'x' * 3000}" for number in range(2 * LIMITS.ledger_group + 5)]
    writer.append_all([scan(name) for name in names], stream="one", durability=_WRITTEN)
    assert scans(writer, stream="one") == names
    assert_whole(writer.rows())


def test_of_many_events_one_that_cannot_be_recorded_lets_none_be(writer: Ledger) -> None:
    bad = cast("Any", _Judged(model="m", score=0.5))
    with pytest.raises(EventRefused):
        writer.append_all([scan("a"), bad, scan("b")], stream="one", durability=_FSYNC)
    with pytest.raises(EventRefused):
        writer.append_all([*map(scan, map(str, range(1_500))), bad], stream="one", durability=_FSYNC)
    assert list(writer.read(stream="one")) == []


def test_many_threads_lose_and_double_nothing(where: str) -> None:
    ledger = opened(where)
    positions: list[Position] = []

    def append(name: str) -> None:
        for number in range(20):
            durability = _FSYNC if number % 2 else _WRITTEN
            positions.append(
                ledger.append(scan(f"{name}-{number}"), stream=f"s{int(name) % 3}", durability=durability)
            )

    _all_at_once(append, [str(number) for number in range(16)])
    found = list(ledger.read())
    assert sorted(each.event.scan for each in found) == sorted(
        f"{name}-{number}" for name in range(16) for number in range(20)
    )
    assert {each.position for each in found} == set(positions)
    assert_whole(ledger.rows())
    ledger.close()


def test_many_processes_lose_and_double_nothing(where: str) -> None:
    running = [writers(where, f"p{number}", threads=2, durability=_FSYNC) for number in range(4)]
    acknowledged = set()
    for each in running:
        assert each.stdout is not None
        acknowledged |= {each.stdout.readline().decode().strip() for _ in range(20)}
    for each in running:
        rest, _ = each.communicate()
        acknowledged |= set(rest.decode().split())
        assert each.returncode == 0
    ledger = opened(where)
    found = scans(ledger)
    assert len(found) == len(set(found))
    assert set(found) == acknowledged
    assert_whole(ledger.rows())
    ledger.close()


def test_an_event_of_a_type_that_is_not_known_here_is_read_whole(where: str) -> None:
    ledger = opened(where)
    ledger.append(cast("Any", _Judged(model="m", score=3)), stream="one", durability=_FSYNC)
    ledger.append(scan("a"), stream="one", durability=_FSYNC)
    assert [(each.type, each.event) for each in ledger.read()] == [
        ("model.judged/7", Unknown(type="model.judged/7", body={"model": "m", "score": 3})),
        ("scan.started/1", scan("a")),
    ]
    assert len(list(ledger.read(types=["model.judged"]))) == 1
    ledger.close()


def test_what_cannot_be_recorded_is_refused_and_leaves_nothing(where: str) -> None:
    ledger = opened(where)
    for value in (Secret(b"s3cret"), b"bytes", 0.5, 2**53, {1: 2}, "x" * 1_100_000):
        with pytest.raises(EventRefused) as refused:
            ledger.append(cast("Any", _Judged(model="m", score=value)), stream="one", durability=_FSYNC)
        assert "s3cret" not in f"{refused.value.what} {refused.value.hint}"
    for stream in ("", "a b", 'a"', "é", "-a", "a" * 201, "a\n"):
        with pytest.raises(EventRefused):
            ledger.append(scan("a"), stream=stream, durability=_FSYNC)
    assert list(ledger.read()) == []
    ledger.close()


def test_text_whose_bytes_are_no_utf_8_comes_back_exactly(where: str) -> None:
    name = os.fsdecode(b"caf\xe9 \xf0\x9f\x90\x8d \\xe9 \x1b[2J")
    event = EffectFailed(
        action_type="file.read", decision_stream="one", decision_seq=1, problem=Foreign(text=name)
    )
    ledger = opened(where)
    ledger.append(event, stream="one", durability=_FSYNC)
    (found,) = ledger.read()
    assert found.event == event
    ledger.close()


def test_a_ledger_of_a_newer_version_is_refused_with_what_to_do(where: str) -> None:
    ledger = opened(where)
    ledger.append(scan("a"), stream="one", durability=_FSYNC)
    ledger.close()
    _make_newer(where)
    with pytest.raises(LedgerTooNew, match="newer ringfence") as refused:
        ledger.append(scan("b"), stream="one", durability=_FSYNC)
    assert "use that version" in refused.value.hint
    with pytest.raises(LedgerTooNew):
        list(ledger.read())
    ledger.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    TYPE = "model.judged/7"

    model: str
    score: object


def _make_newer(where: str) -> None:
    if where.startswith("postgresql:"):
        import psycopg

        with psycopg.connect(where, autocommit=True) as server:
            server.execute("UPDATE ringfence_schema SET version = 2")
        return
    import sqlite3

    file = sqlite3.connect(where)
    file.execute("PRAGMA user_version = 2")
    file.close()


def _all_at_once(act: Any, names: list[str]) -> None:
    threads = [threading.Thread(target=act, args=(name,)) for name in names]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
