"""What is forgotten, what never is, and what stops it: on both stores."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from doors import STREAM, door_in
from needs import missing
from postgresql_server import binaries, running_server
from ringfence.app.ledger.prune import Pruned, PrunedType, prune
from ringfence.core.action_types import Durability
from ringfence.core.actions import GrantGive, ModelSign, RecordPrune
from ringfence.gate import grants
from ringfence.gate.door import Door
from ringfence.gate.holds import STREAM as RETENTION
from ringfence.gate.holds import NoSuchHold, holds_of, lift, set_hold
from ringfence.gate.operators import Operator
from ringfence.gate.pruning import PRUNABLE, forget
from ringfence.gate.refused import Refused
from ringfence.gate.seals import ReceiptRefused
from ringfence.ledger.checkpoints import sign_all
from ringfence.ledger.errors import LedgerDamaged, LedgerUnavailable
from ringfence.ledger.event_types import EventsPruned, ScanStarted
from ringfence.ledger.ledger import Ledger
from ringfence.ledger.notes import SigningKey
from ringfence.ledger.open import open_ledger
from ringfence.ledger.vouching import vouch

_POLICY = """
version: 1
retention:
  mode: enforce
  events:
    - {types: "scan.*", days: 30}
"""
_DAY = timedelta(days=1)


class _Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    programs = binaries()
    if programs is None:
        missing("a PostgreSQL server", "apt-get install postgresql")
    with running_server(programs) as dsn:
        yield dsn


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path, clock: _Clock) -> Iterator[Ledger]:
    where = str(tmp_path / "ledger" / "ledger.sqlite")
    if request.param == "postgresql":
        schema = f"p{os.urandom(6).hex()}"
        dsn = request.getfixturevalue("server")
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {schema}")
        where = f"{dsn}&options=-csearch_path%3D{schema}"
    made = open_ledger(where, clock=clock)
    yield made
    made.close()


def _door(tmp_path: Path, ledger: Ledger, clock: _Clock, policy: str = _POLICY) -> Door:
    return door_in(tmp_path, policy, clock=clock, ledger=ledger)


def _scan(ledger: Ledger, name: str, stream: str = "endpoint") -> None:
    event = ScanStarted(scan=name, scope=(), tool_version="1")
    ledger.append(event, stream=stream, durability=Durability.FSYNC)


def _left(ledger: Ledger, type_: str = "scan.started") -> list[str | None]:
    return [each.event and each.event.scan for each in ledger.read(types=(type_,))]


def _told(result: Pruned) -> list[tuple[str, int, int, int]]:
    return [(each.type, each.events, each.held, each.needed) for each in result.types]


def test_what_is_older_than_it_is_kept_is_forgotten_and_that_is_recorded(
    tmp_path: Path, ledger: Ledger, clock: _Clock
) -> None:
    door = _door(tmp_path, ledger, clock)
    _scan(ledger, "old")
    clock.now += 30 * _DAY
    _scan(ledger, "young")
    key = SigningKey(bytes(32))
    signed = sign_all(ledger, key)
    clock.now += timedelta(microseconds=1)
    plan = prune(door, dry_run=True)
    assert _told(plan) == [("scan.started", 1, 0, 0)]
    assert _left(ledger) == ["old", "young"]
    result = prune(door, dry_run=False)
    at = f"{tmp_path}/system.yaml:6"
    row = PrunedType(type="scan.started", days=30, at=at, events=1, held=0, needed=0, refused=None)
    assert result == Pruned(started_at=clock.now, complete=True, dry_run=False, types=(row,))
    assert _left(ledger) == [None, "young"]
    (recorded,) = ledger.read(stream=RETENTION)
    assert recorded.event == EventsPruned(
        of_stream="endpoint",
        types=("scan.started",),
        before=clock.now - 30 * _DAY,
        events=1,
        policy_digest=door.policy().digest,
    )
    found = vouch(ledger, anchors=(signed.note,), keys=(key.public(signed.note.checkpoint.origin),))
    assert found.faults == ()
    assert prune(door, dry_run=False).types == ()
    effects = [each.type for each in ledger.read(types=("decision.made", "effect.done"))]
    assert effects == ["decision.made/1", "effect.done/1"]


def test_a_hold_stops_it_until_it_is_lifted_or_over(tmp_path: Path, ledger: Ledger, clock: _Clock) -> None:
    door = _door(tmp_path, ledger, clock)
    for stream in ("endpoint", "session-1", "session-2"):
        _scan(ledger, stream, stream)
    clock.now += 31 * _DAY
    common = {"why": "case 7", "operator": "ann"}
    set_hold(ledger, id_="aa11", streams="session-*", types="scan.*", until=clock.now + _DAY, **common)
    set_hold(ledger, id_="bb22", streams="session-1", types="*", until=None, **common)
    assert _told(prune(door, dry_run=False)) == [("scan.started", 1, 2, 0)]
    assert _left(ledger) == [None, "session-1", "session-2"]
    clock.now += _DAY
    assert _told(prune(door, dry_run=False)) == [("scan.started", 1, 1, 0)]
    holds = holds_of(ledger, door.policy().retention)
    assert [each.holds(clock.now) for each in holds.all] == [False, True]
    lifted = lift(ledger, holds, "bb", why="closed", operator="bob", now=clock.now)
    assert (lifted.id, lifted.lifted_by) == ("bb22", "bob")
    assert _told(prune(door, dry_run=False)) == [("scan.started", 1, 0, 0)]
    assert _left(ledger) == [None, None, None]
    with pytest.raises(NoSuchHold):
        lift(ledger, holds_of(ledger, door.policy().retention), "bb", why="", operator="bob", now=clock.now)


def test_a_hold_of_the_policy_stops_it(tmp_path: Path, ledger: Ledger, clock: _Clock) -> None:
    hold = "\n  legal_hold: [{streams: 'endpoint', types: '*', why: case 8}]"
    door = _door(tmp_path, ledger, clock, _POLICY.rstrip() + hold)
    _scan(ledger, "old")
    clock.now += 31 * _DAY
    assert _told(prune(door, dry_run=False)) == [("scan.started", 0, 1, 0)]
    assert _left(ledger) == ["old"]


def test_a_hold_that_is_set_meanwhile_is_seen(tmp_path: Path, ledger: Ledger, clock: _Clock) -> None:
    door = _door(tmp_path, ledger, clock)
    _scan(ledger, "old")
    clock.now += 31 * _DAY
    receipt = door.pass_(RecordPrune(event_types=("scan.started",), older_than_days=30))
    assert not isinstance(receipt, Refused)
    looks = []

    def look() -> object:
        found = holds_of(ledger, door.policy().retention)
        if not looks:  # behind its back, between looking and recording
            set_hold(ledger, id_="cc33", streams="*", types="*", why="now", until=None, operator="ann")
        looks.append(found)
        return found

    more = {"approvals": door.approvals, "policy_digest": "x", "now": clock.now}
    found = forget(receipt, seals=door.seals, ledger=ledger, look=look, **more)
    assert (found.ordinals, found.held, len(looks)) == ((), 1, 2)
    assert _left(ledger) == ["old"]
    with pytest.raises(ReceiptRefused):
        forget(receipt, seals=door.seals, ledger=ledger, look=look, **more)


def test_a_hold_that_cannot_be_read_stops_everything(tmp_path: Path, ledger: Ledger, clock: _Clock) -> None:
    door = _door(tmp_path, ledger, clock)
    set_hold(ledger, id_="aa", streams="*", types="*", why="x", until=None, operator="ann")
    ledger.forget([each.ordinal for each in ledger.rows(stream=RETENTION)])
    with pytest.raises(LedgerDamaged, match="legal hold retention:1 cannot be read"):
        prune(door, dry_run=False)


def test_a_policy_that_says_no_is_told_and_nothing_is_forgotten(
    tmp_path: Path, ledger: Ledger, clock: _Clock
) -> None:
    rules = "\n  rules: [{id: never, actions: [record.prune], then: deny}]"
    door = _door(tmp_path, ledger, clock, _POLICY.rstrip() + rules)
    _scan(ledger, "old")
    clock.now += 31 * _DAY
    result = prune(door, dry_run=False)
    assert (result.complete, [each.events for each in result.types]) == (False, [0])
    assert "never" in (result.types[0].refused or "")
    assert _left(ledger) == ["old"]


def test_younger_events_cannot_be_pruned_past_the_policy(
    tmp_path: Path, ledger: Ledger, clock: _Clock
) -> None:
    door = _door(tmp_path, ledger, clock)
    refused = door.pass_(RecordPrune(event_types=("scan.started",), older_than_days=29))
    assert isinstance(refused, Refused)
    assert "kept for 30 days" in refused.what


def test_grants_that_hold_and_questions_that_are_open_are_kept_whole(
    tmp_path: Path, ledger: Ledger, clock: _Clock
) -> None:
    """A use that was forgotten would be a use to spend again."""
    asks = (
        "version: 1\nmodels: {mode: enforce, rules: [{id: signing, actions: [model.sign], then: ask}]}\n"
        "retention: {events: [{types: '*', days: 0}]}\n"
    )
    door = _door(tmp_path, ledger, clock, asks)
    action = ModelSign(name="llama", path="/m", signer="key:00")
    held = door.pass_(action)
    assert isinstance(held, Refused)
    door.approvals.look()
    ask = door.approvals.asks[held.ask]
    give = GrantGive(operator="bob", asked_by="ann", action_type="model.sign", uses=1, lasts_s=7200)
    receipt = door.pass_approval(give, Operator(name="bob", groups=()))
    grants.give(
        receipt,
        ask=ask,
        grant=door.new_id(),
        note=None,
        approvals=door.approvals,
        seals=door.seals,
        now=clock.now,
    )
    assert not isinstance(door.pass_(action), Refused)
    clock.now += timedelta(hours=1)
    prune(door, dry_run=False)
    again = door_in(tmp_path, asks, clock=clock, ledger=ledger)
    assert isinstance(again.pass_(action), Refused)  # its one use is spent
    clock.now += 3 * _DAY
    prune(again, dry_run=False)
    assert {each.event for each in ledger.read(types=("grant.used", "grant.given"))} == {None}
    assert isinstance(again.pass_(action), Refused)


def test_what_says_what_the_rest_is_worth_is_never_pruned() -> None:
    kept = {"hold.set", "hold.lifted", "events.pruned", "checkpoint.made"}
    assert kept.isdisjoint(PRUNABLE)
    assert "decision.made" in PRUNABLE


def test_a_reader_that_stays_keeps_old_pages_and_that_is_said(tmp_path: Path, clock: _Clock) -> None:
    ledger = open_ledger(tmp_path / "l" / "ledger.sqlite", clock=clock)
    for number in range(2_000):
        ledger.append(
            ScanStarted(scan=str(number), scope=("x" * 900,), tool_version="1"),
            stream="one",
            durability=Durability.WRITTEN,
        )
    rows = ledger.rows()
    first = next(rows)
    with pytest.raises(LedgerUnavailable, match="old copies of its pages remain"):
        ledger.forget([first.ordinal])
    rows.close()
    ledger.forget([first.ordinal])
    assert next(ledger.read()).event is None
    ledger.close()


def test_the_streams_of_doors_and_holds_are_apart() -> None:
    assert STREAM != RETENTION
