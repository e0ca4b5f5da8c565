"""What is counted again of a session that goes on, and what it may cost to do so."""

import dataclasses
import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from doors import door_in, now
from ringfence.core.action_types import Durability
from ringfence.core.actions import HttpRequest
from ringfence.core.limits import LIMITS
from ringfence.egress.broker import replaying
from ringfence.egress.broker.money import Account, Limit, Purses
from ringfence.egress.broker.replaying import count_outlays, outlays, spent_before
from ringfence.gate.door import Door
from ringfence.gate.hiding import foreign
from ringfence.ledger.events.decision_made import DecisionMade
from ringfence.ledger.events.egress_carried import EgressCarried
from ringfence.ledger.events.spend_counted import SpendBasis, SpendCounted
from ringfence.ledger.events.spend_reserved import SpendReserved
from ringfence.ledger.ledger import Position, Recorded
from ringfence.policy.egressing import Budgets, egressing

POLICY = """
version: 1
agents:
  profiles:
    claude:
      network: [{host: api.example.com}]
      credentials: [{name: one, host: api.example.com, id: key, spend: 1 USD/day}]
      egress: {requests: 5/session}
"""


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    made = dataclasses.replace(door_in(tmp_path, POLICY), stream="session/s1", enforcing=True)
    yield made
    made.ledger.close()


def _ask(door: Door, times: int) -> None:
    action = HttpRequest(agent="claude", host="api.example.com", port=443, method="GET", path="/")
    for _ in range(times):
        door.decide(action)


def _granted(door: Door) -> Budgets:
    return egressing(door.policy().document, "claude").budgets


@pytest.mark.parametrize(("asked", "left"), [(0, 5), (3, 2), (6, 0)])
def test_requests_of_before_are_counted_again(door: Door, asked: int, left: int) -> None:
    _ask(door, asked)
    budgets = spent_before(door, door.policy(), "claude", now=now(), clock=lambda: 0.0)
    assert [budgets.request(_granted(door)) is None for _ in range(6)].count(True) == left


@pytest.mark.parametrize(("most", "goes"), [(3, True), (2, False)])
def test_past_its_limit_nothing_is_counted_and_nothing_is_left(
    door: Door, monkeypatch: pytest.MonkeyPatch, most: int, goes: bool
) -> None:
    monkeypatch.setattr(replaying, "LIMITS", dataclasses.replace(LIMITS, egress_replayed=most))
    _ask(door, 3)
    budgets = spent_before(door, door.policy(), "claude", now=now(), clock=lambda: 0.0)
    refused = budgets.request(_granted(door))
    assert (refused is None) == goes
    assert refused is None or "more than can be counted again" in refused.what


class _Long:
    """A ledger whose session has a million events; how many were read of it."""

    def __init__(self, door: Door) -> None:
        _ask(door, 1)
        (self._one,) = (each for each in door.ledger.read(stream=door.stream, types=("decision.made",)))
        assert isinstance(self._one.event, DecisionMade)
        self.read_of_it = 0

    def read(self, **_what: object) -> Iterator[Recorded]:
        for each in range(1_000_000):
            self.read_of_it = each + 1
            yield self._one


def test_a_million_events_are_neither_kept_nor_all_read(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replaying, "LIMITS", dataclasses.replace(LIMITS, egress_replayed=20_000))
    long = _Long(door)
    policy = door.policy()
    door = dataclasses.replace(door, ledger=long)  # type: ignore[arg-type]
    tracemalloc.start()
    budgets = spent_before(door, policy, "claude", now=now(), clock=lambda: 0.0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert long.read_of_it == 20_001
    assert budgets.is_used_up
    assert peak < 1_000_000


_ABOUT = {
    "session": "s1",
    "agent": "claude",
    "rules": ("key",),
    "host": foreign("api.example.com"),
    "model": foreign("m"),
}


def _reserve(door: Door, amount: int) -> Position:
    event = SpendReserved(**_ABOUT, usd_micro=amount)  # type: ignore[arg-type]
    return door.ledger.append(event, stream=door.stream, durability=Durability.WRITTEN)


def _count(door: Door, reserved: int, amount: int) -> None:
    event = SpendCounted(
        **_ABOUT,  # type: ignore[arg-type]
        reserved=reserved,
        basis=SpendBasis.USAGE,
        input_tokens=1,
        output_tokens=1,
        usd_micro=amount,
        prices_of=None,
    )
    door.ledger.append(event, stream=door.stream, durability=Durability.WRITTEN)


def _left(door: Door, *, of_session: bool, ago: timedelta = timedelta()) -> int:
    at = now() + ago
    purses = Purses(clock=lambda: 10**6)
    found = outlays(door, door.policy(), of_session=of_session, now=at)
    count_outlays(purses, found, now=at, session="s1" if of_session else None)
    account = Account(agent="claude", session="s1", rule="key")
    limit = Limit(account=account, amount=1000, per="session" if of_session else "day")
    return 0 if purses.check([limit]) else purses.left([limit])


@pytest.mark.parametrize("of_session", [True, False])
def test_what_was_counted_stands_for_what_was_reserved_and_else_that_stays(
    door: Door, of_session: bool
) -> None:
    _count(door, _reserve(door, 500).seq, 20)
    _reserve(door, 300)
    assert _left(door, of_session=of_session) == 1000 - 20 - 300


def test_a_day_later_the_day_is_new_and_the_session_is_not(door: Door) -> None:
    _reserve(door, 300)
    later = timedelta(days=1, seconds=1)
    assert _left(door, of_session=False, ago=later) == 1000
    assert _left(door, of_session=True, ago=later) == 700


def test_money_that_cannot_be_counted_again_is_spent(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replaying, "LIMITS", dataclasses.replace(LIMITS, egress_replayed=1))
    _reserve(door, 1)
    assert _left(door, of_session=True) == 999
    _reserve(door, 1)
    assert _left(door, of_session=True) == 0


def _carry(door: Door, sent: int, received: int, session: str = "s1") -> None:
    event = EgressCarried(session=session, sent_bytes=sent, received_bytes=received)
    door.ledger.append(event, stream=f"session/{session}", durability=Durability.WRITTEN)


@pytest.mark.parametrize("bound", ["egress: {sent: 10 GB}", "egress: {received: 10 GB}"])
def test_bytes_of_before_are_counted_again_where_they_are_bounded(tmp_path: Path, bound: str) -> None:
    text = f"version: 1\nagents: {{profiles: {{claude: {{{bound}}}}}}}\n"
    door = dataclasses.replace(door_in(tmp_path, text), stream="session/s1", enforcing=True)
    for sent, received in ((5, 0), (7, 1_000)):
        _carry(door, sent, received)
    _carry(door, 100, 100, "s2")
    made = spent_before(door, door.policy(), "claude", now=now(), clock=lambda: 0.0)
    assert (made.sent, made.received, made.recorded, made.is_used_up) == (12, 1_000, (12, 1_000), False)


def test_bytes_that_nothing_bounds_are_not_looked_up(door: Door) -> None:
    _carry(door, 5, 7)
    made = spent_before(door, door.policy(), "claude", now=now(), clock=lambda: 0.0)
    assert (made.sent, made.received, made.recorded) == (0, 0, (0, 0))


def test_more_records_of_bytes_than_are_read_leave_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replaying, "LIMITS", dataclasses.replace(LIMITS, egress_replayed=2))
    text = "version: 1\nagents: {profiles: {claude: {egress: {sent: 10 GB, requests: 9/day}}}}\n"
    door = dataclasses.replace(door_in(tmp_path, text), stream="session/s1", enforcing=True)
    for goes in (True, True, False):
        _carry(door, 1, 1)
        made = spent_before(door, door.policy(), "claude", now=now(), clock=lambda: 0.0)
        assert (made.bytes(_granted(door)) is None) == goes
