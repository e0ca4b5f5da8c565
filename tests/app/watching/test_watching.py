"""What an operator watches, as values: read on and never again, bounded, the same questions one line."""

import fcntl
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ledgers import scan
from ringfence.app.approving import Answer
from ringfence.app.watching.answering import Answered, answer_all
from ringfence.app.watching.asking import Origin, Queue
from ringfence.app.watching.kinds import Kind
from ringfence.app.watching.log import Filter, Log
from ringfence.app.watching.rows import EventRow
from ringfence.app.watching.sessions import State
from ringfence.app.watching.watch import Watch
from ringfence.core.action_types import Durability
from ringfence.core.actions import CredentialUse, HostConnect, ModelUse
from ringfence.core.limits import LIMITS
from ringfence.core.receipts import Receipt
from ringfence.ledger.events.sandbox_ended import EndedBy
from ringfence.ledger.ledger import Ledger, Recorded
from ringfence.ledger.places import lock_path
from watched import Machine, get, machine, post, push, session_id

_AT = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
_ONE, _TWO, _THREE = map(session_id, (1, 2, 3))


@pytest.fixture
def here(tmp_path: Path) -> Machine:
    return machine(tmp_path)


class Counting:
    """A ledger that counts the events that are read of it."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger, self.read_events = ledger, 0

    def read(self, **how: object) -> Iterator[Recorded]:
        for each in self._ledger.read(**how):
            self.read_events += 1
            yield each

    def __getattr__(self, name: str) -> object:
        return getattr(self._ledger, name)


def _watch(here: Machine, *, since: datetime | None = None) -> tuple[Watch, Counting]:
    counting = Counting(here.watching.who.door.ledger)
    watch = Watch(
        counting, here.watching.queue, since=since or _AT - timedelta(days=9999), now=here.watching.now
    )
    return watch, counting


def test_each_event_is_read_once_however_often_one_looks(here: Machine) -> None:
    here.starts(_ONE, "/bin/true")
    watch, counting = _watch(here)
    first = watch.look()
    here.does(_ONE, get("/a"))
    more = [watch.look() for _ in range(5)]
    assert [row.ordinal for row in first.rows + more[0].rows] == list(range(1, 5))
    assert [len(each.rows) for each in more] == [1, 0, 0, 0, 0]
    assert (counting.read_events, more[-1].seen) == (4, 4)


def test_a_ledger_on_a_server_is_watched_and_answered_as_a_file_is(
    tmp_path: Path, ledger_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RINGFENCE_LEDGER", ledger_dsn)
    here = machine(tmp_path)
    here.starts(_ONE, "/bin/true")
    here.does(_ONE, push())
    watch, who = here.watching.watch, here.watching.who
    first = watch.look()
    assert ([each.state for each in first.sessions], len(first.asks), first.is_behind) == (
        [State.RUNNING],
        1,
        False,
    )
    assert answer_all(first.asks[0].asks, Answer(), who) == Answered(granted=1)
    assert isinstance(here.tries(_ONE, push()), Receipt)
    again = watch.look()
    assert (again.asks, {row.kind for row in again.rows}) == ((), {Kind.ASK, Kind.REQUEST})


def test_a_long_past_is_taken_in_pieces(here: Machine) -> None:
    for number in range(6):
        here.does(_ONE, get(f"/{number}"))
    watch, _ = _watch(here)
    looks = [watch.look(at_once=4) for _ in range(3)]
    assert [(len(each.rows), each.is_behind) for each in looks] == [(4, True), (3, False), (0, False)]


def test_what_was_before_is_looked_through_once_at_most(here: Machine) -> None:
    """Where nothing came since then, the next look begins at the end."""
    here.starts(_ONE, "/bin/true")
    watch, counting = _watch(here, since=datetime.now(UTC) + timedelta(hours=1))
    assert watch.look().rows == ()
    here.does(_ONE, get("/late"))
    assert [row.subject for row in watch.look().rows] == ["GET api.example.com/late by claude"]
    assert counting.read_events == 1


def test_sessions_stand_where_their_last_event_left_them(here: Machine) -> None:
    for each in (_ONE, _TWO, _THREE):
        here.starts(each, "/usr/bin/claude", "--print")
    here.reads(_ONE, "news.example.com")
    here.does(_ONE, push())
    here.ends(_TWO, EndedBy.LIMIT, 137)
    here.ends(_THREE)
    here.starts(_THREE, "/usr/bin/claude", "--resume")
    looked = _watch(here)[0].look()
    shown = {
        each.id: (each.state, each.command, each.refused, each.integrity, each.lowered_by)
        for each in looked.sessions
    }
    assert shown == {
        _ONE: (State.RUNNING, "/usr/bin/claude --print", 1, "untrusted", "news.example.com"),
        _TWO: (State.OVER_TIME, "/usr/bin/claude --print", 0, "", ""),
        _THREE: (State.RUNNING, "/usr/bin/claude --resume", 0, "", ""),
    }
    assert looked.running == 2
    assert looked.sessions[-1].id == _TWO, "those that ended come last"


def test_of_too_many_sessions_those_that_ended_long_ago_go_first(here: Machine) -> None:
    here.starts(_ONE, "/bin/true")
    here.ends(_TWO)
    for number in range(3, LIMITS.watched_sessions + 3):
        here.reads(session_id(number), "a.example")
    looked = _watch(here)[0].look(at_once=LIMITS.watched_sessions + 9)
    kept = {each.id for each in looked.sessions}
    assert len(kept) == LIMITS.watched_sessions
    assert (_TWO in kept, session_id(LIMITS.watched_sessions + 2) in kept) == (False, True)


def test_the_same_question_of_several_sessions_is_one_line_with_all_that_is_known(here: Machine) -> None:
    here.does(_ONE, push())
    here.does(_ONE, push())
    here.does(_TWO, push())
    here.does(_TWO, push("refs/heads/other"))
    watch = here.watching.watch
    one, other = watch.look().asks
    assert (one.sessions, watch.tries(one), other.sessions, watch.tries(other)) == (
        (_ONE, _TWO),
        3,
        (_TWO,),
        1,
    )
    assert one.kind == other.kind
    detail = here.watching.queue.detail(one, here.watching.now())
    assert detail.same == ("host", "port", "repository", "ref", "change", "force")
    assert detail.free == ("program",)
    assert detail.origins == (
        Origin(of="", integrity="untrusted", sensitivity="public", sources=("session/x:12",)),
    )


def test_a_question_that_was_answered_and_comes_again_says_how_often(here: Machine) -> None:
    here.does(_ONE, post("q=1"))
    watching = here.watching
    for _ in range(2):
        (row,) = watching.queue.look(watching.now())
        answer_all(row.asks, Answer(), watching.who)
        here.does(_ONE, post("q=1"))  # uses the grant
        here.does(_ONE, post("q=1"))
        assert watching.queue.detail(row, watching.now()).proposal is None
    (row,) = watching.queue.look(watching.now())
    assert row.asked_before == 2
    proposal = watching.queue.detail(row, watching.now()).proposal
    assert proposal is not None
    assert '"rule": "posts"' in proposal


def test_answers_go_on_past_one_that_cannot_be_given(here: Machine) -> None:
    for number in range(3):
        here.does(_ONE, post(f"q={number}"))
    rows = here.watching.queue.look(here.watching.now())
    ids = [each for row in rows for each in row.asks]
    assert answer_all(ids[1:2], None, here.watching.who) == Answered(refused=1)
    done = answer_all([ids[0], ids[1], "nothing", ids[2]], None, here.watching.who)
    assert (done.granted, done.refused) == (0, 2)
    assert done.problems == (
        f"question {ids[1]} is refused by olga already; see: ringfence asks, ringfence grants",
        "question nothing: there is none; look for its id: ringfence asks",
    )


def test_whoever_answered_is_not_the_one_through_whom_others_write(here: Machine, tmp_path: Path) -> None:
    here.does(_ONE, push())
    here.door.ledger.close()
    (row,) = here.watching.queue.look(here.watching.now())
    assert answer_all(row.asks, None, here.watching.who) == Answered(refused=1)
    with lock_path(tmp_path / "state" / "ledger.sqlite").open("r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_question_leaves_the_queue_when_its_time_is_over(tmp_path: Path) -> None:
    at = [_AT]
    here = machine(tmp_path, clock=lambda: at[0])
    here.does(_ONE, push())
    assert len(here.watching.watch.look().asks) == 1
    at[0] += timedelta(days=2)
    assert here.watching.watch.look().asks == ()


def test_every_type_of_event_and_action_is_of_a_kind(here: Machine) -> None:
    here.does(_ONE, HostConnect(host="a.example.com", port=443))
    here.does(_ONE, CredentialUse(credential="key", host="a.example", method="GET", path="/"))
    here.does(_ONE, ModelUse(name="llama", remote=False, formats=(), findings=()))
    here.reads(_ONE, "a.example")
    here.ends(_ONE)
    here.door.ledger.append(scan("1"), stream="endpoint", durability=Durability.WRITTEN)
    rows = _watch(here)[0].look().rows
    assert [row.kind for row in rows] == [
        Kind.RECORD,
        Kind.CONNECTION,
        Kind.CREDENTIAL,
        Kind.MODEL,
        Kind.LABEL,
        Kind.BOX,
        Kind.RECORD,
    ]
    assert [row.is_refusal for row in rows] == [False, True, True, True, False, False, False]


def test_the_log_keeps_the_newest_and_shows_what_the_filter_has() -> None:
    log = Log(kept=5)
    assert log.take(_row(number, refused=number % 2 == 0) for number in range(4)) == 0
    log.choose(Filter(refusals=True))
    assert [row.ordinal for row in log.shown] == [0, 2]
    assert log.take(_row(number, refused=True) for number in range(4, 7)) == 1
    assert ([row.ordinal for row in log.shown], log.kept) == ([2, 4, 5, 6], 5)
    log.choose(Filter(text="NUMBER 3"))
    assert [row.ordinal for row in log.shown] == [3]
    log.choose(Filter(kind=Kind.TOOL))
    assert log.shown == []
    log.choose(Filter(session=_TWO))
    log.take([replace(_row(7), session=_TWO)])
    assert [row.ordinal for row in log.shown] == [7]


def test_a_queue_of_thousands_is_looked_through_as_one(here: Machine) -> None:
    queue = Queue(here.door.approvals)
    for number in range(60):
        here.does(session_id(number), post("q=1"))
    (row,) = queue.look(here.watching.now())
    assert (len(row.asks), len(row.sessions)) == (60, 60)


def _row(number: int, *, refused: bool = False) -> EventRow:
    return EventRow(
        ordinal=number,
        at=_AT,
        stream="endpoint",
        seq=number,
        kind=Kind.REQUEST,
        is_refusal=refused,
        session=None,
        agent="",
        what=f"number {number}",
        subject="",
        chars=0,
        is_subject_first=False,
        place="",
    )
