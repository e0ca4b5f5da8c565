"""An event on its way into a store."""

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from ringfence.core.action_types import Durability
from ringfence.core.dataclass import dataclass, field
from ringfence.ledger.chain import SALT_BYTES, Head, Row, link
from ringfence.ledger.errors import LedgerError, StreamMoved
from ringfence.ledger.ledger import Position

__all__ = ["Commit", "Entry", "Outcome", "linked", "moved_on", "position_of"]

Outcome = Position | LedgerError


@dataclass(slots=True, kw_only=True, eq=False)
class Entry:
    """One event that waits to be recorded, or several that are recorded together, and what became of them."""

    stream: str
    type: str
    body: bytes
    durability: Durability
    more: tuple[tuple[str, bytes], ...] = ()  # types and bodies that follow at once, in the same transaction
    expect_seq: int | None = None
    key: bytes | None = None  # tells a retry from another event with the same body
    retried: bool = False  # it may have been recorded already
    outcome: Outcome | None = None
    leads: bool = False  # whoever waits for this entry commits the next group
    woken: threading.Lock = field(default_factory=threading.Lock)  # held until there is something to do

    @property
    def events(self) -> tuple[tuple[str, bytes], ...]:
        """The type and body of each event. The outcome is the last one's, and so is the key."""
        return ((self.type, self.body), *self.more)


def moved_on(entry: Entry, head: Head) -> StreamMoved:
    """What an entry hears that expected another end of its stream."""
    return StreamMoved(
        f"the stream {entry.stream} ends at {head.seq}, not at {entry.expect_seq}",
        hint="somebody else appended first; look again",
    )


def linked(entry: Entry, head: Head, *, at: int, random: Callable[[int], bytes]) -> list[Row]:
    """The rows that the entry's events become after `head`."""
    rows: list[Row] = []
    for type_, body in entry.events:
        salt = random(SALT_BYTES)
        rows.append(link(head, stream=entry.stream, at=at, type_=type_, salt=salt, body=body))
        head = Head(rows[-1].seq, rows[-1].hash)
    return rows


def position_of(row: Row) -> Position:
    """Where a row stands."""
    return Position(stream=row.stream, seq=row.seq, hash=row.hash)


class Commit(Protocol):
    """How a store takes a group."""

    def __call__(self, entries: Sequence[Entry]) -> list[Outcome]:
        """Records what can be recorded, all of it in one transaction, and says of each what became of it.

        Raises:
            LedgerError: the transaction failed; none of it was recorded, as far as the store can tell.
        """
