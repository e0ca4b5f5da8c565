"""Whether the chains of a ledger hold, from its rows alone. Nothing that only a copy elsewhere shows."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ringfence.ledger.chain import START, Head, Row, fault_of

__all__ = ["Fault", "faults"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """The first event of a stream that is not what was recorded there."""

    stream: str
    seq: int
    ordinal: int
    what: str


def faults(rows: Iterable[Row]) -> Iterator[Fault]:
    """The first fault of each stream; `rows` has all rows of its streams, each stream's in its order."""
    heads: dict[str, Head | None] = {}
    for row in rows:
        head = heads.get(row.stream, START)
        if head is None:
            continue
        fault = fault_of(row, head)
        if fault is None:
            heads[row.stream] = Head(row.seq, row.hash)
        else:
            heads[row.stream] = None
            seq = row.seq if isinstance(row.seq, int) else head.seq + 1
            yield Fault(stream=row.stream, seq=seq, ordinal=row.ordinal, what=fault)
