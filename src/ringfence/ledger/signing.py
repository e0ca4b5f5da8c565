"""A ledger that is signed as it is written, and when it is closed.

A checkpoint is due as soon as 1,000 events or ten minutes have passed since the last one. What came after the
newest checkpoint is chained, and signed with the next, whichever process makes it.
"""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from ringfence.core.action_types import Durability
from ringfence.core.errors import RingfenceError
from ringfence.ledger.chain import Row
from ringfence.ledger.checkpoints import AGE, EVENTS, is_due, sign_all
from ringfence.ledger.ledger import Ledger, Position, Recorded
from ringfence.ledger.notes import SigningKey

if TYPE_CHECKING:  # all types of events, of which a writer needs few
    from ringfence.ledger.event_types import Event

__all__ = ["SignedLedger"]


class SignedLedger:
    """A ledger that is signed as it is written. `opened` is asked for it when it is first needed.

    `key` is asked for when the first checkpoint is due. A checkpoint that cannot be made stops nothing:
    `tell` hears why.
    """

    def __init__(
        self,
        opened: Callable[[], Ledger],
        key: Callable[[], SigningKey],
        *,
        now: Callable[[], datetime],
        tell: Callable[[str], None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._open, self._key, self._now, self._tell = opened, key, now, tell
        self._opened: dict[str, Ledger] = {}
        self._monotonic = monotonic
        self._appended, self._since = 0, monotonic()

    @property
    def _ledger(self) -> Ledger:
        if not self._opened:  # of two that threads open at one time, one is kept and the other never used
            self._opened.setdefault("ledger", self._open())
        return self._opened["ledger"]

    def append(
        self, event: "Event", *, stream: str, durability: Durability, expect_seq: int | None = None
    ) -> Position:
        """See `Ledger.append`."""
        position = self._ledger.append(event, stream=stream, durability=durability, expect_seq=expect_seq)
        self._sign_now_and_then(1)
        return position

    def append_at_once(self, event: "Event", *, stream: str) -> Position | None:
        """See `Ledger.append_at_once`. Who waits makes the checkpoint that is due."""
        position = None if self._looks() else self._ledger.append_at_once(event, stream=stream)
        self._appended += position is not None
        return position

    def append_all(
        self, events: "Sequence[Event]", *, stream: str, durability: Durability
    ) -> Position | None:
        """See `Ledger.append_all`."""
        position = self._ledger.append_all(events, stream=stream, durability=durability)
        self._sign_now_and_then(len(events))
        return position

    def read(
        self,
        *,
        stream: str | None = None,
        types: Collection[str] | None = None,
        since: datetime | None = None,
        after: int | None = None,
    ) -> Iterator[Recorded]:
        """See `Ledger.read`."""
        return self._ledger.read(stream=stream, types=types, since=since, after=after)

    def rows(
        self,
        *,
        stream: str | None = None,
        types: Collection[str] | None = None,
        since: datetime | None = None,
        after: int | None = None,
    ) -> Iterator[Row]:
        """See `Ledger.rows`."""
        return self._ledger.rows(stream=stream, types=types, since=since, after=after)

    def event(self, stream: str, seq: int) -> Recorded | None:
        """See `Ledger.event`."""
        return self._ledger.event(stream, seq)

    def last(self, stream: str) -> Recorded | None:
        """See `Ledger.last`."""
        return self._ledger.last(stream)

    def heads(self) -> tuple[Position, ...]:
        """See `Ledger.heads`."""
        return self._ledger.heads()

    def forget(self, ordinals: Collection[int]) -> None:
        """See `Ledger.forget`."""
        self._ledger.forget(ordinals)

    def close(self) -> None:
        """See `Ledger.close`."""
        if not self._opened:
            return
        try:
            if self._appended:
                self._sign_if_due()
        finally:
            self._ledger.close()

    def _sign_now_and_then(self, appended: int) -> None:
        self._appended += appended
        if self._looks():
            self._sign_if_due()

    def _looks(self) -> bool:
        """Whether so much was recorded here, or so long ago, that a checkpoint may be due."""
        return self._appended >= EVENTS or self._monotonic() - self._since >= AGE.total_seconds()

    def _sign_if_due(self) -> None:
        self._appended, self._since = 0, self._monotonic()
        try:
            if is_due(self._ledger, now=self._now()):
                sign_all(self._ledger, self._key(), durability=Durability.WRITTEN)
        except RingfenceError as error:
            self._tell(f"no checkpoint was made: {error.what}; {error.hint}")
