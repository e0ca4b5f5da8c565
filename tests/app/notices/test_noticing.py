"""Which questions are told, once each; and what became of them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from doors import doors_closed
from ringfence.app.approving import Answer, approve, deny
from ringfence.app.notices.noticing import Happened, Notice, Noticing
from ringfence.app.notices.saying import harmless, moment, quoted
from ringfence.app.watching.asking import Queue
from ringfence.core.action_types import Durability
from ringfence.core.limits import LIMITS
from ringfence.gate.asking import ASK_LASTS
from ringfence.ledger.events.ask_withdrawn import AskWithdrawn
from watched import Machine, machine, post, push, session_id

_AT = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
_ONE, _TWO, _THREE = map(session_id, (1, 2, 3))


class Clock:
    def __init__(self) -> None:
        self.at = _AT

    def __call__(self) -> datetime:
        return self.at

    def goes(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Told:
    """A machine, and what is told of it."""

    def __init__(self, folder: Path, *, since: datetime = _AT, asked_by: str = "ann") -> None:
        self.clock = Clock()
        self.here: Machine = machine(folder, clock=self.clock)
        self.who = self.here.watching.who
        self.approvals = self.who.door.approvals
        self.queue = Queue(self.approvals)
        self.noticing = Noticing(since=since, asked_by=asked_by)

    def look(self) -> list[Notice]:
        now = self.clock()
        return list(self.noticing.look(self.queue.look(now), self.approvals, now))

    def said(self) -> list[tuple[str, str | None, int]]:
        return [(each.happened.value, each.subject, each.waiting) for each in self.look()]


@pytest.fixture
def told(tmp_path: Path):
    with doors_closed():
        yield Told(tmp_path)


def test_a_question_is_told_whole_and_once(told: Told) -> None:
    told.here.does(_ONE, push())
    (ask,) = told.queue.look(told.clock())[0].asks
    assert told.look() == [
        Notice(
            started_at=_AT,
            complete=True,
            happened=Happened.ASKED,
            ask=ask,
            short_id=ask[:2],
            action_type="git.push",
            subject="/our-org/site refs/heads/main at github.example",
            facts=(
                'change: "update"',
                "force: no",
                'host: "github.example"',
                "port: 443",
                'ref: "refs/heads/main"',
                'repository: "/our-org/site"',
            ),
            agent="claude",
            session=_ONE,
            others=0,
            rules=("pushes",),
            opened_at=_AT,
            expires_at=_AT + ASK_LASTS,
        )
    ]
    told.here.does(_ONE, push())
    assert told.look() == []


def test_the_same_question_of_three_sessions_is_one_notice(told: Told) -> None:
    for each in (_ONE, _TWO, _THREE):
        told.here.does(each, push())
    (notice,) = told.look()
    assert (notice.session, notice.others) == (_ONE, 2)


@pytest.mark.parametrize(
    ("answers", "happened", "operator"),
    [("approve", Happened.GRANTED, "olga"), ("deny", Happened.REFUSED, "olga")],
)
def test_what_became_of_a_question_is_told_once(
    told: Told, answers: str, happened: Happened, operator: str
) -> None:
    told.here.does(_ONE, push())
    (asked,) = told.look()
    assert asked.ask is not None
    if answers == "approve":
        approve(asked.ask, Answer(uses=1), told.who)
    else:
        deny(asked.ask, None, told.who)
    (over,) = told.look()
    assert (over.happened, over.operator, over.ask, over.subject) == (
        happened,
        operator,
        asked.ask,
        asked.subject,
    )
    assert told.look() == []


def test_a_question_whose_session_ended_and_one_that_nobody_answered_are_over(told: Told) -> None:
    told.here.does(_ONE, push())
    told.here.does(_TWO, post())
    first, second = told.look()
    assert first.ask is not None
    told.here.door.ledger.append(
        AskWithdrawn(ask=first.ask, why="its session has ended"),
        stream="approvals",
        durability=Durability.FSYNC,
    )
    assert [(each.happened, each.ask) for each in told.look()] == [(Happened.WITHDRAWN, first.ask)]
    told.clock.goes(ASK_LASTS.total_seconds())
    assert [(each.happened, each.ask) for each in told.look()] == [(Happened.EXPIRED, second.ask)]


def test_what_other_sessions_ask_on_is_told_after_one_was_answered_but_not_at_once(told: Told) -> None:
    told.here.does(_ONE, push())
    told.here.does(_TWO, push())
    (asked,) = told.look()
    assert asked.ask is not None
    approve(asked.ask, Answer(uses=1), told.who)
    assert [each.happened for each in told.look()] == [Happened.GRANTED]
    told.clock.goes(5)
    (again,) = told.look()
    assert (again.happened, again.session, again.others) == (Happened.ASKED, _TWO, 0)


def test_what_waited_before_and_what_others_ask_is_not_told(tmp_path: Path) -> None:
    with doors_closed():
        late = Told(tmp_path / "late", since=_AT + timedelta(seconds=1))
        late.here.does(_ONE, push())
        assert late.look() == []
        late.clock.goes(1)
        late.here.does(_TWO, push())  # the same line, and a new question
        assert [each.session for each in late.look()] == [_TWO]
        others = Told(tmp_path / "others", asked_by="bob")
        others.here.does(_ONE, push())
        assert others.look() == []


def test_of_a_flood_few_are_told_and_how_many_wait_beside_them(told: Told) -> None:
    for number in range(40):
        told.here.does(_ONE, post(path=f"/{number}"))
    first = told.said()
    assert [each[0] for each in first] == ["asked"] * LIMITS.notices_of_session + ["more"]
    assert first[-1] == ("more", None, 37)
    told.here.does(_ONE, post(path="/one-more"))
    told.clock.goes(29)
    assert told.said() == []  # not at each look
    told.clock.goes(1)
    assert told.said() == [("more", None, 38)]


def test_a_flood_of_one_session_hides_no_question_of_another(told: Told) -> None:
    for number in range(100):
        told.here.does(_ONE, post(path=f"/{number}"))
    told.look()
    told.here.does(_TWO, push())
    assert [each.session for each in told.look()] == [_TWO]


def test_no_more_are_told_than_so_many_a_minute(told: Told) -> None:
    for number in range(20):
        told.here.does(session_id(number), post(path=f"/{number}"))
    found = told.said()
    assert [each[0] for each in found] == ["asked"] * LIMITS.notices_a_minute + ["more"]
    told.clock.goes(59)
    assert [each[0] for each in told.said()] == []
    told.clock.goes(1)
    assert [each[0] for each in told.said()] == ["asked"] * LIMITS.notices_a_minute + ["more"]


def test_that_no_more_wait_is_told(told: Told) -> None:
    for number in range(4):
        told.here.does(_ONE, post(path=f"/{number}"))
    asked = told.look()
    assert asked[-1].waiting == 1
    assert asked[0].ask is not None
    deny(asked[0].ask, None, told.who)
    assert [(each.happened, each.waiting) for each in told.look()] == [
        (Happened.REFUSED, 0),
        (Happened.ASKED, 0),
        (Happened.MORE, 0),
    ]


def test_a_thousand_lines_are_looked_at_without_an_id_for_each(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    monkeypatch.setattr(
        "ringfence.app.notices.noticing.short_id", lambda ask, _approvals: made.append(ask) or ask[:2]
    )
    for number in range(50):
        told.here.does(_ONE, post(path=f"/{number}"))
    told.look()
    told.look()
    assert len(made) == LIMITS.notices_of_session


def test_a_question_that_is_too_long_for_a_notice_is_not_whole_and_shows_no_part_of_its_facts(
    told: Told,
) -> None:
    told.here.does(_ONE, post(path="/" + "a" * 700))
    told.here.does(_TWO, post("x=" + "b" * 600))
    assert [(each.complete, each.facts, len(each.subject or "")) for each in told.look()] == [
        (False, (), 300),
        (False, (), 28),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("plain /a b", "plain /a b"),
        ("a\nringfence approve 00", "a\\nringfence approve 00"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("аpi.example.com", "\\u0430pi.example.com"),  # noqa: RUF001 - a letter that looks like another one
        ("\x1b[2J", "\\x1b[2J"),
        ("\udcff", "\\udcff"),
        ("x" * 400, "x" * 297 + "..."),
    ],
)
def test_anybodys_text_is_printable_ascii_of_a_bounded_length(text: str, said: str) -> None:
    assert harmless(text) == said


def test_an_end_of_quoted_text_cannot_be_made_up() -> None:
    assert quoted('x" by "ann') == '"x\\x22 by \\x22ann"'
    assert moment(_AT) == "2026-01-31 12:00 UTC"
