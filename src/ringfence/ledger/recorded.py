"""Between events and rows: the same for every store."""

from ringfence.core.action_types import Durability
from ringfence.ledger.chain import Row, is_row, named
from ringfence.ledger.codec import decode, encode, time_of
from ringfence.ledger.entry import Entry
from ringfence.ledger.errors import LedgerDamaged
from ringfence.ledger.events import Event
from ringfence.ledger.ledger import Position, Recorded

__all__ = ["entry_of", "recorded_of"]


def entry_of(event: Event, *, stream: str, durability: Durability, expect_seq: int | None) -> Entry:
    """The event, ready for a store.

    Raises:
        EventRefused: it cannot be recorded.
    """
    named(stream, event.TYPE)
    return Entry(
        stream=stream, type=event.TYPE, body=encode(event), durability=durability, expect_seq=expect_seq
    )


def recorded_of(row: Row) -> Recorded:
    """The event that a row tells.

    Raises:
        LedgerDamaged: it is no event, or its body is no JSON.
    """
    if not is_row(row):
        raise LedgerDamaged(
            "an event of the ledger is not whole", hint="`ringfence ledger verify` names the first bad event"
        )
    return Recorded(
        position=Position(stream=row.stream, seq=row.seq, hash=row.hash),
        ordinal=row.ordinal,
        at=time_of(row.at),
        type=row.type,
        event=None if row.body is None else decode(row.type, row.body),
    )
