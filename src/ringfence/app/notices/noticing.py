"""Which questions are told to whoever does not look, and what became of those.

    waits → told → over (granted, refused, withdrawn, expired); the same of another session then waits again

The same question of several sessions is told once, and named by its oldest. No more are told than so many a
minute, and of a session no more than so many that nobody has answered; how many wait beside those is told as
one number. Of all that wait those come first whose agent and session have the fewest told, so that who asks a
thousand things hides nobody else's. Nothing here has an effect, and nothing that anybody answers comes back.
"""

import dataclasses
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from ringfence.app.approving import ShownAsk
from ringfence.app.approving.shown import shown_ask
from ringfence.app.ledger.telling import fact
from ringfence.app.notices.saying import harmless
from ringfence.app.watching.asking import AskRow
from ringfence.core.dataclass import dataclass
from ringfence.core.exact import exact
from ringfence.core.limits import LIMITS
from ringfence.gate.approvals import Approvals, Ask, AskState
from ringfence.gate.asking import short_id

__all__ = ["Happened", "Notice", "Noticing"]

_MINUTE = timedelta(minutes=1)
_MORE_EVERY = timedelta(seconds=30)  # how many more wait is told
_ELSEWHERE = ("agent", "session")  # a notice has them anyway
_QUIET = timedelta(
    seconds=5
)  # after an answer: whoever answers the same of several sessions is not told each


class Happened(StrEnum):
    """What a notice tells."""

    ASKED = "asked"
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"  # its session has ended
    EXPIRED = "expired"
    MORE = "more"  # so many wait that are not told one by one


_BECAME = {
    AskState.OPEN: Happened.EXPIRED,
    AskState.GRANTED: Happened.GRANTED,
    AskState.REFUSED: Happened.REFUSED,
    AskState.WITHDRAWN: Happened.WITHDRAWN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing that is told. Text of anybody's is harmless: printable ASCII, cut at a limit.

    `started_at` is when it was told, and `complete` whether all of the question is there: one that is not is
    to be looked at before it is answered. Of `MORE` only these, `happened` and `waiting` are known.
    """

    started_at: datetime
    complete: bool
    happened: Happened
    ask: str | None = None  # id; the same in all notices of one question
    short_id: str | None = None  # what `ringfence approve` takes
    action_type: str | None = None
    subject: str | None = None
    facts: tuple[str, ...] = ()  # `name: value`, all that are known; none where they are too long
    agent: str | None = None
    session: str | None = None  # id; None: a person asks
    others: int = 0  # sessions that ask the same
    rules: tuple[str, ...] = ()
    opened_at: datetime | None = None
    expires_at: datetime | None = None
    operator: str | None = None  # who answered
    waiting: int = 0  # questions that are not told one by one
    left_out: int = 0  # notices before this one that its receiver was never told

    @property
    def key(self) -> str:
        """The same for all that is told of one question; "" for how many more wait."""
        return self.ask or ""


class Noticing:
    """What was told so far. `since`: questions asked before it are known already. One thread at a time.

    Of a ledger that several people share only what the account `asked_by` asked is told.
    """

    def __init__(self, *, since: datetime, asked_by: str) -> None:
        self._since, self._asked_by = since, asked_by
        self._told: dict[str, Notice] = {}  # by the key of their row, until they are over
        self._quiet: dict[str, datetime] = {}  # rows of which one was just answered
        self._minute: deque[datetime] = deque()
        self._more, self._more_at = 0, since - _MORE_EVERY

    def look(self, rows: Sequence[AskRow], approvals: Approvals, now: datetime) -> tuple[Notice, ...]:
        """What is to be told now, of the lines of the queue as they are."""
        over = tuple(self._over(approvals, now))
        self._quiet = {key: at for key, at in self._quiet.items() if now < at + _QUIET}
        waiting = [each for row in rows if (each := self._waiting(row, approvals))]
        told = tuple(self._tell(waiting, approvals, now))
        return (*over, *told, *self._tell_more(len(waiting) - len(told), now))

    def _over(self, approvals: Approvals, now: datetime) -> Iterator[Notice]:
        """Those told that nobody waits for any more."""
        for key, notice in tuple(self._told.items()):
            ask = approvals.asks[notice.key]
            if not ask.is_pending(now):
                del self._told[key]
                self._quiet[key] = now
                operator = harmless(ask.operator) if ask.operator else None
                yield dataclasses.replace(
                    notice, started_at=now, happened=_BECAME[ask.state], operator=operator
                )

    def _waiting(self, row: AskRow, approvals: Approvals) -> "_Waiting | None":
        """The line, with those of its questions that are new; None where it was told, or is not to be."""
        if row.key in self._told or row.key in self._quiet or row.asked_by != self._asked_by:
            return None
        asks = (approvals.asks[each] for each in row.asks)
        fresh = tuple(each for each in asks if each.opened_at >= self._since)
        return _Waiting(row, fresh, fact(fresh[0].action, "session")) if fresh else None

    def _tell(self, waiting: Sequence["_Waiting"], approvals: Approvals, now: datetime) -> Iterator[Notice]:
        """As many of them as may be told now."""
        while self._minute and self._minute[0] <= now - _MINUTE:
            self._minute.popleft()
        while len(self._minute) < LIMITS.notices_a_minute:
            sessions = Counter(each.session or "" for each in self._told.values())
            agents = Counter(each.agent for each in self._told.values())
            may = (
                each
                for each in waiting
                if each.row.key not in self._told and sessions[each.session] < LIMITS.notices_of_session
            )
            first = min(may, key=lambda each: _urgency(each, agents, sessions), default=None)
            if first is None:
                return
            self._minute.append(now)
            self._told[first.row.key] = told = _asked(first, approvals, now)
            yield told

    def _tell_more(self, waiting: int, now: datetime) -> Iterator[Notice]:
        if waiting == self._more or (waiting and now < self._more_at + _MORE_EVERY):
            return
        self._more, self._more_at = waiting, now
        yield Notice(started_at=now, complete=True, happened=Happened.MORE, waiting=waiting)


class _Waiting(NamedTuple):
    """A line of the queue that nobody was told of."""

    row: AskRow
    asks: tuple[Ask, ...]
    session: str


def _urgency(
    waiting: _Waiting, agents: Counter[str | None], sessions: Counter[str]
) -> tuple[int, int, datetime]:
    """The least first: of whom the fewest are told, then the oldest."""
    return agents[harmless(waiting.row.agent)], sessions[waiting.session], waiting.asks[0].opened_at


def _asked(waiting: _Waiting, approvals: Approvals, now: datetime) -> Notice:
    row, ask = waiting.row, waiting.asks[0]
    subject, facts = harmless(row.subject), _facts(shown_ask(ask, approvals, now=now))
    return Notice(
        started_at=now,
        complete=bool(facts),
        happened=Happened.ASKED,
        ask=ask.id,
        short_id=short_id(ask.id, approvals),
        action_type=harmless(row.action_type),
        subject=subject,
        facts=facts,
        agent=harmless(row.agent),
        session=harmless(waiting.session) or None,
        others=len(waiting.asks) - 1,
        rules=tuple(map(harmless, row.rules)),
        opened_at=ask.opened_at,
        expires_at=ask.expires_at,
    )


def _facts(ask: ShownAsk) -> tuple[str, ...]:
    """All that are known, as an operator sees them; none where that is too long for a notice."""
    known = (each for each in ask.facts if each.value is not None and each.name not in _ELSEWHERE)
    most = LIMITS.notice_facts_chars
    facts = tuple(harmless(f"{each.name}: {exact(each.value)}", chars=most + 1) for each in known)
    return facts if sum(map(len, facts)) <= most else ()
