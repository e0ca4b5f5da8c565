"""What a ledger's rows, its checkpoints and what is kept elsewhere say together.

    chains        an event that was edited, taken out, put in or moved, at its place
    checkpoints   all of that too, where the chain was made anew behind it but not signed
    keys          a checkpoint that nobody who is trusted has signed
    anchors       events cut off at the end, and a record that was made and signed anew

The events are read once, in the order of the ledger. Who holds the key and can write the file can make a
record that is whole in itself: nothing here shows that but an anchor.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

from ringfence.core.dataclass import dataclass
from ringfence.ledger.chain import START, Head, Row, fault_of
from ringfence.ledger.checkpoints import STREAM, Signed, origin_of, signed_of
from ringfence.ledger.errors import LedgerDamaged
from ringfence.ledger.ledger import Ledger
from ringfence.ledger.merkle import EMPTY, Growing
from ringfence.ledger.notes import BadNote, Note, PublicKey, trusted_signer
from ringfence.ledger.recorded import recorded_of

__all__ = ["Fault", "FaultKind", "Vouched", "vouch"]


class FaultKind(StrEnum):
    """What does not hold."""

    EVENT = "event"  # it does not follow from the one before it
    CHECKPOINT = "checkpoint"  # the events before it are not those that it was made over
    KEY = "key"  # nobody who is trusted has signed it
    ANCHOR = "anchor"  # what is kept elsewhere says otherwise


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong, and the first event that it may be about."""

    kind: FaultKind
    stream: str | None  # None: no event of this ledger
    seq: int | None
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouched:
    """What came of it. Sizes count events from the beginning of the ledger."""

    events: int
    told: int  # up to the last that is no checkpoint
    streams: int
    origin: str | None  # None: nothing is recorded yet
    faults: tuple[Fault, ...]
    checkpoints: int  # that hold
    signed_size: int  # what the last of them covers; 0: none
    anchored_size: int  # what the largest anchor covers
    unreadable: str | None  # why the rest could not be read; None: all was


@dataclass(frozen=True, slots=True)
class _At:
    """Where the ledger stood when so many events were read."""

    root: bytes
    stream: str | None = None  # of the event after that
    seq: int | None = None


class _Reading:
    """All rows, once: the chains' first faults, and the tree at the sizes that are asked for."""

    def __init__(self, sizes: Iterable[int]) -> None:
        self._wanted = sorted(set(sizes) - {0}, reverse=True)
        self._heads: dict[str, Head | None] = {}
        self.faults: list[Fault] = []
        self.at = {0: _At(EMPTY)}
        self.events = self.told = 0
        self.origin: str | None = None
        self.unreadable: str | None = None

    @property
    def streams(self) -> int:
        return len(self._heads)

    def run(self, rows: Iterator[Row]) -> None:
        tree, heads = Growing(), self._heads
        pending: int | None = 0
        try:
            for row in rows:
                if pending is not None:
                    self._stand(pending, row)
                    pending = None
                if not self.events:
                    self.origin = _origin(row)
                head = heads.get(row.stream, START)
                if head is not None:
                    fault = fault_of(row, head)
                    heads[row.stream] = None if fault else Head(row.seq, row.hash)
                    if fault:
                        self._found(row, head, fault)
                if self._wanted:
                    tree.add(row.hash if isinstance(row.hash, bytes) else b"")
                    if tree.size == self._wanted[-1]:
                        pending = self._wanted.pop()
                        self.at[pending] = _At(tree.root)
                self.events += 1
                if row.stream != STREAM:
                    self.told = self.events
        except LedgerDamaged as error:
            self.unreadable = error.what

    def _stand(self, size: int, row: Row) -> None:
        if isinstance(row.stream, str) and isinstance(row.seq, int):
            self.at[size] = dataclasses.replace(self.at[size], stream=row.stream, seq=row.seq)

    def _found(self, row: Row, head: Head, fault: str) -> None:
        stream = row.stream if isinstance(row.stream, str) else None
        seq = row.seq if isinstance(row.seq, int) else head.seq + 1
        self.faults.append(Fault(kind=FaultKind.EVENT, stream=stream, seq=seq, what=fault))


def vouch(ledger: Ledger, *, anchors: Sequence[Note] = (), keys: Sequence[PublicKey] = ()) -> Vouched:
    """Everything that is wrong with the ledger. Without `keys` nobody knows whose signatures are true.

    `anchors` are believed to have come from elsewhere; those of them that none of `keys` signed are a fault.

    Raises:
        LedgerError: nothing of it can be read.
    """
    signed, bad_notes = _checkpoints(ledger)
    reading = _Reading([each.size for each in signed] + [each.checkpoint.size for each in anchors])
    reading.run(ledger.rows())
    faults = [*reading.faults, *bad_notes]
    held, signed_size = 0, 0
    good = reading.at[0]  # where the last checkpoint that held ended
    for each in signed:
        if reading.unreadable is not None and each.size > reading.events:
            continue
        found = _of_checkpoint(each, reading, good, keys)
        if found is None:
            held, signed_size = held + 1, max(signed_size, each.size)
            good = reading.at[each.size]
        elif not (found.kind is FaultKind.CHECKPOINT and reading.faults):
            faults.append(found)  # else the chains say it better
    anchored = 0
    for note in sorted(anchors, key=lambda each: each.checkpoint.size):
        fault = _of_anchor(note, reading, reading.at[anchored], keys)
        if fault is None:
            anchored = max(anchored, note.checkpoint.size)
        elif reading.unreadable is None or fault.kind is FaultKind.KEY:
            faults.append(fault)
    return Vouched(
        events=reading.events,
        told=reading.told,
        streams=reading.streams,
        origin=reading.origin,
        faults=tuple(faults),
        checkpoints=held,
        signed_size=signed_size,
        anchored_size=anchored,
        unreadable=reading.unreadable,
    )


def _checkpoints(ledger: Ledger) -> tuple[list[Signed], list[Fault]]:
    found, bad = list[Signed](), list[Fault]()
    rows = ledger.rows(stream=STREAM)
    while True:
        try:
            row = next(rows, None)
            if row is None:
                return found, bad
            signed = signed_of(recorded_of(row))
        except LedgerDamaged:  # the reading of all rows says where
            return found, bad
        if signed is None:
            bad.append(_no_checkpoint(row))
        else:
            found.append(signed)


def _of_checkpoint(signed: Signed, reading: _Reading, good: _At, keys: Sequence[PublicKey]) -> Fault | None:
    checkpoint, place = signed.note.checkpoint, signed.position
    at = reading.at.get(checkpoint.size)
    if at is None or at.root != checkpoint.root or checkpoint.origin != reading.origin:
        return Fault(
            kind=FaultKind.CHECKPOINT,
            stream=good.stream,
            seq=good.seq,
            what=f"the record does not fit checkpoint {place.stream}:{place.seq} over the first "
            f"{checkpoint.size} events: from here on one was changed, taken out, put in or moved",
        )
    if not _is_signed(signed, keys):
        ids = ", ".join(each.key_id.hex() for each in signed.note.signatures)
        return Fault(
            kind=FaultKind.KEY,
            stream=place.stream,
            seq=place.seq,
            what=f"this checkpoint is not signed with a key that is trusted here, but with {ids}",
        )
    return None


def _is_signed(signed: Signed, keys: Sequence[PublicKey]) -> bool:
    if keys:
        return trusted_signer(signed.note, keys) is not None
    try:
        return PublicKey.read(signed.made.key).has_signed(signed.note)
    except BadNote:
        return False


def _of_anchor(note: Note, reading: _Reading, good: _At, keys: Sequence[PublicKey]) -> Fault | None:
    checkpoint = note.checkpoint
    if keys and trusted_signer(note, keys) is None:
        what = f"the anchor over {checkpoint.size} events is not signed with a key that is trusted here"
        return Fault(kind=FaultKind.KEY, stream=None, seq=None, what=what)
    stream, seq = good.stream, good.seq
    if checkpoint.origin != reading.origin:
        what = f"the anchor is of another ledger, {checkpoint.origin}"
        stream = seq = None
    elif checkpoint.size > reading.events:
        what = (
            f"the anchor saw {checkpoint.size} events, of which {reading.events} are there: "
            "the record was cut off at its end"
        )
        stream = seq = None
    elif reading.at[checkpoint.size].root != checkpoint.root:
        what = (
            f"the first {checkpoint.size} events are not those that the anchor saw: the record was made "
            "anew, or forked, from here on at the earliest"
        )
    else:
        return None
    return Fault(kind=FaultKind.ANCHOR, stream=stream, seq=seq, what=what)


def _no_checkpoint(row: Row) -> Fault:
    what = "this event is no checkpoint, or its body was forgotten"
    return Fault(kind=FaultKind.CHECKPOINT, stream=row.stream, seq=row.seq, what=what)


def _origin(row: Row) -> str | None:
    return origin_of(row) if isinstance(row.hash, bytes) else None
