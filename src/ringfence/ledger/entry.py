"""An event on its way into a store."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ringfence.core.action_types import Durability
from ringfence.ledger.chain import Head
from ringfence.ledger.errors import LedgerError, StreamMoved
from ringfence.ledger.ledger import Position

__all__ = ["Commit", "Entry", "Outcome", "moved_on"]

Outcome = Position | LedgerError


@dataclass(slots=True, kw_only=True, eq=False)
class Entry:
    """One event that waits to be recorded, and what became of it."""

    stream: str
    type: str
    body: bytes
    durability: Durability
    expect_seq: int | None = None
    key: bytes | None = None  # tells a retry from another event with the same body
    retried: bool = False  # it may have been recorded already
    outcome: Outcome | None = None
    leads: bool = False  # whoever waits for this entry commits the next group
    woken: threading.Lock = field(default_factory=threading.Lock)  # held until there is something to do


def moved_on(entry: Entry, head: Head) -> StreamMoved:
    """What an entry hears that expected another end of its stream."""
    return StreamMoved(
        f"the stream {entry.stream} ends at {head.seq}, not at {entry.expect_seq}",
        hint="somebody else appended first; look again",
    )


class Commit(Protocol):
    """How a store takes a group."""

    def __call__(self, entries: Sequence[Entry]) -> list[Outcome]:
        """Records what can be recorded, all of it in one transaction, and says of each what became of it.

        Raises:
            LedgerError: the transaction failed; none of it was recorded, as far as the store can tell.
        """
