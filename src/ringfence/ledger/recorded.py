"""Between events and rows: the same for every store."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ringfence.core.action_types import Durability
from ringfence.core.limits import LIMITS
from ringfence.ledger.chain import Row, is_row, named
from ringfence.ledger.codec import decode, encode, time_of
from ringfence.ledger.entry import Entry
from ringfence.ledger.errors import LedgerDamaged
from ringfence.ledger.ledger import Position, Recorded

if TYPE_CHECKING:  # all types of events, of which a writer needs few
    from ringfence.ledger.event_types import Event

__all__ = ["entries_of", "entry_of", "recorded_of"]


def entry_of(event: "Event", *, stream: str, durability: Durability, expect_seq: int | None) -> Entry:
    """The event, ready for a store.

    Raises:
        EventRefused: it cannot be recorded.
    """
    named(stream, event.TYPE)
    return Entry(
        stream=stream, type=event.TYPE, body=encode(event), durability=durability, expect_seq=expect_seq
    )


def entries_of(events: "Sequence[Event]", *, stream: str, durability: Durability) -> list[Entry]:
    """The events in groups, each of which a store records as a whole.

    Raises:
        EventRefused: one of them cannot be recorded.
    """
    groups: list[list[tuple[str, bytes]]] = []
    size = 0
    for event in events:
        named(stream, event.TYPE)
        body = encode(event)
        size += len(body)
        if not groups or len(groups[-1]) >= LIMITS.ledger_group or size > LIMITS.ledger_group_bytes:
            groups.append([])
            size = len(body)
        groups[-1].append((event.TYPE, body))
    return [
        Entry(stream=stream, type=type_, body=body, more=tuple(more), durability=durability)
        for (type_, body), *more in groups
    ]


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
