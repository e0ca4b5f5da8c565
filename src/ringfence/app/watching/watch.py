"""The ledger as it grows: read on from where one was, in pieces, and told as values that never change."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import islice

from ringfence.app.watching.asking import AskRow, Queue
from ringfence.app.watching.rows import EventRow, row_of
from ringfence.app.watching.sessions import WatchedSession, WatchedSessions
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.gate.approvals import STREAM as APPROVALS
from ringfence.ledger.errors import LedgerError
from ringfence.ledger.events.decision_made import DecisionMade
from ringfence.ledger.ledger import Ledger, Recorded

__all__ = ["Looked", "Watch"]

_ASKS_END = timedelta(seconds=5)  # how late it may be seen that a question is over


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What one look saw."""

    rows: tuple[EventRow, ...]  # new ones, in order
    sessions: tuple[WatchedSession, ...]
    asks: tuple[AskRow, ...]
    running: int  # sessions
    seen: int  # events, since the first look
    refused: int
    is_behind: bool  # there is more than this look took
    trouble: str | None  # why there is no more


class Watch:
    """Events since a time, and what they say of sessions. One thread at a time looks."""

    def __init__(self, ledger: Ledger, queue: Queue, *, since: datetime, now: Callable[[], datetime]) -> None:
        self._ledger, self._queue, self._since, self._now = ledger, queue, since, now
        self._after: int | None = None
        self._end: int | None = None  # of the ledger, before the first look
        self._sessions = WatchedSessions()
        self._tries: Counter[str] = Counter()
        self._seen = self._refused = 0
        self._asks: tuple[AskRow, ...] = ()
        self._asks_until: datetime | None = None  # when they are to be looked at anew; None: now

    def look(self, *, at_once: int = LIMITS.watched_at_once) -> Looked:
        """Reads on, `at_once` events at most. What cannot be read is tried again by the next look."""
        rows, trouble = list[EventRow](), None
        try:
            self._read(rows, at_once)
            self._ask()
        except LedgerError as error:
            trouble = f"{error.what}; {error.hint}"
        return Looked(
            rows=tuple(rows),
            sessions=self._sessions.listed(),
            asks=self._asks,
            running=self._sessions.running(),
            seen=self._seen,
            refused=self._refused,
            is_behind=len(rows) == at_once,
            trouble=trouble,
        )

    def event(self, row: EventRow) -> Recorded | None:
        """The whole event of a line.

        Raises:
            LedgerError: it cannot be read now.
        """
        return self._ledger.event(row.stream, row.seq)

    def tries(self, row: AskRow) -> int:
        """How often the questions of a line held something, as far as events were read."""
        return sum(self._tries[each] for each in row.asks)

    def _read(self, rows: list[EventRow], at_once: int) -> None:
        if self._after is None and self._end is None:
            self._end = self._last_ordinal()
        since = self._since if self._after is None else None
        for recorded in islice(self._ledger.read(since=since, after=self._after), at_once):
            rows.append(self._heard(recorded))
            self._after = recorded.ordinal
        if self._after is None:  # nothing since then: what was there before is not looked through again
            self._after = self._end

    def _heard(self, recorded: Recorded) -> EventRow:
        row, event = row_of(recorded), recorded.event
        self._seen += 1
        self._refused += row.is_refusal
        self._sessions.hear(recorded, row)
        if recorded.position.stream == APPROVALS:
            self._asks_until = None
        ask = event.ask if isinstance(event, DecisionMade) else None
        if ask is not None and (ask in self._tries or len(self._tries) < LIMITS.pending_asks):
            self._tries[ask] += 1
        return row

    def _ask(self) -> None:
        now = self._now()
        if self._asks_until is None or now >= self._asks_until:
            self._asks = self._queue.look(now)
            self._asks_until = now + _ASKS_END

    def _last_ordinal(self) -> int | None:
        lasts = (self._ledger.last(each.stream) for each in self._ledger.heads())
        return max((each.ordinal for each in lasts if each is not None), default=None)
