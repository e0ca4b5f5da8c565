"""The newest events as a list that somebody filters: so many are kept, however many there were."""

from collections import deque
from collections.abc import Iterable

from ringfence.app.watching.kinds import Kind
from ringfence.app.watching.rows import EventRow
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS

__all__ = ["Filter", "Log"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What is to be seen; None, False and "" leave out nothing."""

    kind: Kind | None = None
    session: str | None = None  # id
    refusals: bool = False
    text: str = ""  # somewhere in the line, whatever the case

    def has(self, row: EventRow) -> bool:
        """Whether the line is one of them."""
        return (
            (self.kind is None or row.kind is self.kind)
            and (self.session is None or row.session == self.session)
            and (row.is_refusal or not self.refusals)
            and (not self.text or row.has(self.text.casefold()))
        )


class Log:
    """Lines that are kept, and those of them that the filter has, both the oldest first."""

    def __init__(self, *, kept: int = LIMITS.watched_events) -> None:
        self._all: deque[EventRow] = deque(maxlen=kept)
        self._filter = Filter()
        self.shown: list[EventRow] = []

    @property
    def filter(self) -> Filter:
        """What is shown of them."""
        return self._filter

    @property
    def kept(self) -> int:
        """How many there are, shown or not."""
        return len(self._all)

    def take(self, rows: Iterable[EventRow]) -> int:
        """Adds new lines; how many of those shown are gone for them."""
        for row in rows:
            self._all.append(row)
            if self._filter.has(row):
                self.shown.append(row)
        oldest = self._all[0].ordinal if self._all else 0
        gone = next((n for n, row in enumerate(self.shown) if row.ordinal >= oldest), len(self.shown))
        del self.shown[:gone]
        return gone

    def choose(self, filter_: Filter) -> None:
        """Shows other lines."""
        self._filter = filter_
        self.shown = [row for row in self._all if filter_.has(row)]
