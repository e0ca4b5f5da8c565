"""What waits while one transaction runs goes into the next one together."""

import threading
from collections.abc import Sequence

import pytest

from ringfence.core.action_types import Durability
from ringfence.core.limits import LIMITS
from ringfence.ledger.entry import Entry, Outcome
from ringfence.ledger.errors import LedgerUnavailable
from ringfence.ledger.group import GroupCommit
from ringfence.ledger.ledger import Position


class _Store:
    """Commits when it is let, and remembers what came together."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.at_work, self.may_end = threading.Semaphore(0), threading.Semaphore(0)

    def __call__(self, entries: Sequence[Entry]) -> list[Outcome]:
        self.groups.append([each.stream for each in entries])
        self.at_work.release()
        self.may_end.acquire()
        return [_position(each) for each in entries]


def test_what_waits_during_a_commit_shares_the_next_one() -> None:
    store, positions = _Store(), dict[str, Position]()
    group = GroupCommit(store)
    first = _appending(group, "first", positions)
    store.at_work.acquire()
    others = [_appending(group, f"other-{number}", positions) for number in range(20)]
    _until_waiting(group, 20)
    store.may_end.release()
    store.at_work.acquire()
    assert store.groups[0] == ["first"]
    assert sorted(store.groups[1]) == sorted(f"other-{number}" for number in range(20))
    store.may_end.release()
    for each in (first, *others):
        each.join()
    assert len(store.groups) == 2
    assert positions == {name: _position(_entry(name)) for name in positions}
    assert len(positions) == 21


def test_a_transaction_that_fails_fails_for_all_of_its_group_and_for_no_other() -> None:
    def commit(entries: Sequence[Entry]) -> list[Outcome]:
        if any(each.stream == "bad" for each in entries):
            raise LedgerUnavailable("the disk is full", hint="free some space")
        return [_position(each) for each in entries]

    group = GroupCommit(commit)
    outcomes = group.append_all([_entry("good"), _entry("bad")])
    assert [str(each) for each in outcomes] == ["the disk is full"] * 2
    assert group.append(_entry("good")) == _position(_entry("good"))


def test_more_than_fits_one_transaction_goes_into_several_in_order() -> None:
    sizes: list[int] = []

    def commit(entries: Sequence[Entry]) -> list[Outcome]:
        sizes.append(len(entries))
        return [_position(each) for each in entries]

    entries = [_entry(str(number)) for number in range(2 * LIMITS.ledger_group + 5)]
    assert GroupCommit(commit).append_all(entries) == [_position(each) for each in entries]
    assert sizes == [LIMITS.ledger_group, LIMITS.ledger_group, 5]
    assert GroupCommit(commit).append_all([]) == []


def test_who_does_not_wait_records_alone_or_not_at_all() -> None:
    store, positions = _Store(), dict[str, Position]()
    group = GroupCommit(store)
    first = _appending(group, "first", positions)
    store.at_work.acquire()
    assert group.append_at_once(_entry("second")) is None
    store.may_end.release(2)
    first.join()
    assert group.append_at_once(_entry("third")) == _position(_entry("third"))
    assert store.groups == [["first"], ["third"]]


def test_a_leader_that_is_interrupted_leaves_the_others_a_leader() -> None:
    store, positions = _Store(), dict[str, Position]()
    interrupts = iter((True, False, False))

    def commit(entries: Sequence[Entry]) -> list[Outcome]:
        outcomes = store(entries)
        if next(interrupts):
            raise KeyboardInterrupt
        return outcomes

    group, interrupted = GroupCommit(commit), threading.Event()

    def lead() -> None:
        with pytest.raises(KeyboardInterrupt):
            group.append(_entry("interrupted"))
        interrupted.set()

    leader = threading.Thread(target=lead)
    leader.start()
    store.at_work.acquire()
    other = _appending(group, "other", positions)
    _until_waiting(group, 1)
    store.may_end.release(2)
    other.join()
    leader.join()
    assert interrupted.is_set()
    assert positions == {"other": _position(_entry("other"))}
    assert group.append_all([]) == []


def _entry(stream: str) -> Entry:
    return Entry(stream=stream, type="scan.started/1", body=b"{}", durability=Durability.FSYNC)


def _position(entry: Entry) -> Position:
    return Position(stream=entry.stream, seq=1, hash=entry.stream.encode())


def _appending(group: GroupCommit, name: str, positions: dict[str, Position]) -> threading.Thread:
    def append() -> None:
        positions[name] = group.append(_entry(name))

    thread = threading.Thread(target=append)
    thread.start()
    return thread


def _until_waiting(group: GroupCommit, count: int) -> None:
    while len(group._waiting) < count:
        pass
