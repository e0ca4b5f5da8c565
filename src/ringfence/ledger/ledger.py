"""The ledger as everybody else sees it: append an event, read what was recorded.

Streams are chains of their own: (stream, seq) names an event for good. Times are what the writer's clock
said; where it went backwards they do too, and only `seq` says what came first.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from ringfence.core.action_types import Durability
from ringfence.core.dataclass import dataclass
from ringfence.ledger.chain import Row
from ringfence.ledger.values import Json

if TYPE_CHECKING:  # all types of events, of which a writer needs few
    from ringfence.ledger.event_types import Event

__all__ = ["Ledger", "Position", "Recorded", "Unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where an event stands, and what the chain says up to there."""

    stream: str
    seq: int  # from 1
    hash: bytes  # SHA-256 of the event's header, which holds its predecessor's


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """An event of a type, or of a version, that this ringfence does not know."""

    type: str
    body: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One event, as it stands in the ledger."""

    position: Position
    ordinal: int  # grows over all streams of this ledger; not part of any chain
    at: datetime  # UTC
    type: str
    event: "Event | Unknown | None"  # None: its body was pruned


class Ledger(Protocol):
    """Any number of threads and processes may use it at once."""

    def append(
        self, event: "Event", *, stream: str, durability: Durability, expect_seq: int | None = None
    ) -> Position:
        """Records the event at the end of the stream, and returns once it is as durable as asked.

        With `expect_seq` it is recorded only if the stream's last event has this number (0: there is none),
        so that who decides by what the stream says decides by all of it.

        Raises:
            EventRefused: the event cannot be recorded as it is.
            StreamMoved: the stream's last event has another number than expected.
            LedgerUnavailable: it could not be recorded now; nothing of it was.
        """

    def append_at_once(self, event: "Event", *, stream: str) -> Position | None:
        """The same for an event of *written* durability, where no thread, process or disk is waited for.

        None where one would be, and nothing was recorded. For an event loop, which must not be kept long: now
        and then what is written is moved within the file, which takes as long as that.
        """

    def append_all(
        self, events: "Sequence[Event]", *, stream: str, durability: Durability
    ) -> Position | None:
        """Records the events at the end of the stream in this order, as if they were appended one by one.

        Returns the last one's position; None for no events. Up to 1,000 events and 2 MiB are recorded
        together or not at all; more are recorded in such groups, one after the other.

        Raises:
            EventRefused: one of them cannot be recorded as it is; nothing was.
            LedgerUnavailable: a group could not be recorded now; those before it were.
        """

    def read(
        self,
        *,
        stream: str | None = None,
        types: Collection[str] | None = None,
        since: datetime | None = None,
        after: int | None = None,
    ) -> Iterator[Recorded]:
        """What was recorded, in order.

        Of this stream, of these types (`noun.verb`, whatever the version), recorded at or after `since`, with
        an ordinal greater than `after`.

        Raises:
            LedgerDamaged: from here on the file cannot be read; what came before is good.
        """

    def event(self, stream: str, seq: int) -> Recorded | None:
        """The one event, or None."""

    def last(self, stream: str) -> Recorded | None:
        """The stream's newest event, or None."""

    def forget(self, ordinals: Collection[int]) -> None:
        """Takes salt and body out of these events and of the files that hold them. Nothing brings it back.

        Raises:
            LedgerUnavailable: it was not done, or old copies are still in use; doing it again is harmless.
        """

    def rows(
        self,
        *,
        stream: str | None = None,
        types: Collection[str] | None = None,
        since: datetime | None = None,
        after: int | None = None,
    ) -> Iterator[Row]:
        """What `read` gives, as it is stored: for who checks it or takes it elsewhere."""

    def heads(self) -> tuple[Position, ...]:
        """The last event of each stream, by name."""

    def close(self) -> None:
        """Gives up what this process holds; what was acknowledged is on the disk."""
