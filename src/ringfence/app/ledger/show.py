"""What the record says: events as values that people and programs read."""

import itertools
from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime

from ringfence.app.ledger.bodies import body_of
from ringfence.app.ledger.choosing import Chosen, Wanted, agent_of
from ringfence.app.ledger.news import News, NewsTeller
from ringfence.app.ledger.telling import told
from ringfence.core.dataclass import dataclass
from ringfence.core.errors import UsageError
from ringfence.core.limits import LIMITS
from ringfence.ledger.chain import Row
from ringfence.ledger.errors import LedgerError
from ringfence.ledger.ledger import Ledger, Recorded, Unknown

__all__ = ["Found", "LedgerShown", "Showing", "ShownEvent", "event_shown", "show"]

_MOST = LIMITS.ledger_shown


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownEvent:
    """One event of the ledger."""

    stream: str
    seq: int
    at: datetime
    type: str  # noun.verb/version
    state: str  # whole, forgotten (its body was pruned), unknown (of a newer kind)
    what: str
    subject: str  # holds text of anybody's
    agent: str | None
    effect: str | None  # of the policy, or what it says of a thing
    mode: str | None
    place: str | None  # file:line of what decided
    rule: str | None
    hash: str  # SHA-256 of its header, hexadecimal
    body: object  # any JSON, as it is recorded: times in microseconds since 1970


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerShown:
    """Events, in the order in which they were recorded."""

    started_at: datetime
    complete: bool
    since: datetime | None
    until: datetime | None
    events: tuple[ShownEvent, ...]
    news: News | None  # what became of things since then; null where that was not asked for
    trouble: str | None  # why there is no more


Found = tuple[Row, Recorded]
"""An event as it is stored, and what it says."""


class Showing:
    """Events as they are read. `pause` waits a while and says whether to go on."""

    def __init__(self, ledger: Ledger, chosen: Chosen, *, limit: int | None = None) -> None:
        self._ledger, self._chosen, self._limit = ledger, chosen, limit
        self._teller = NewsTeller()
        self.last: int | None = None  # ordinal of the last row that was read
        self.trouble: LedgerError | None = None  # what ended `show` early

    def events(self) -> Iterator[Found]:
        """Those that are there: all, or the newest `limit`.

        Raises:
            LedgerError: there is more that cannot be read; all that can was given before.
        """
        if self._limit is None:
            yield from self._read()
            return
        kept = deque[Found](maxlen=self._limit)
        try:
            kept.extend(self._read())
        except LedgerError:
            yield from kept
            raise
        yield from kept

    def followed(self, pause: Callable[[], bool]) -> Iterator[Found]:
        """Those that come, for as long as `pause` says so: each once, none left out.

        Raises:
            LedgerError: there is more that cannot be read.
        """
        while pause():
            yield from self._read()

    def news(self) -> News | None:
        """What became of things, among all that was read; None where not all of that was asked for."""
        return self._teller.news() if self._chosen.has_news else None

    def _read(self) -> Iterator[Found]:
        for row, recorded in self._chosen.read(self._ledger, after=self.last):
            self.last = row.ordinal
            if recorded is not None:
                self._teller.hear(recorded)
                yield row, recorded


def show(showing: Showing, wanted: Wanted, *, started_at: datetime) -> LedgerShown:
    """All of it in one value.

    Raises:
        UsageError: there are too many.
    """
    most, events = _MOST, list[ShownEvent]()
    try:
        events.extend(itertools.starmap(event_shown, itertools.islice(showing.events(), most + 1)))
    except LedgerError as error:
        showing.trouble = error
    if len(events) > most:
        raise UsageError(
            f"more than {most:,} events do not fit into one document",
            hint="use --format jsonl, or ask for fewer: --limit, --since",
        )
    return LedgerShown(
        started_at=started_at,
        complete=showing.trouble is None,
        since=wanted.since,
        until=wanted.until,
        events=tuple(events),
        news=showing.news(),
        trouble=showing.trouble.what if showing.trouble else None,
    )


def event_shown(row: Row, recorded: Recorded) -> ShownEvent:
    """One event."""
    words = told(recorded)
    whole = recorded.event is not None and not isinstance(recorded.event, Unknown)
    return ShownEvent(
        stream=row.stream,
        seq=row.seq,
        at=recorded.at,
        type=row.type,
        state="whole" if whole else "forgotten" if row.body is None else "unknown",
        what=words.what,
        subject=words.subject,
        agent=agent_of(recorded),
        effect=words.effect,
        mode=words.mode,
        place=words.place,
        rule=words.rule,
        hash=row.hash.hex(),
        body=body_of(row),
    )
