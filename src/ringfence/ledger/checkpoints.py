"""Checkpoints: one tree over the hashes of all events, in the order of the ledger, signed now and then.

Each is an event of the stream `checkpoints`, so it stands in a chain itself and in every later tree. A signer
goes on from what it signed before: it holds the subtrees of its last checkpoint against that note's root, and
adds what came after. Where they do not fit it reads everything anew, and refuses to sign a record that no
longer holds what it signed.
"""

from datetime import datetime, timedelta

from ringfence.core.action_types import Durability
from ringfence.core.dataclass import dataclass
from ringfence.ledger.chain import Row, is_row
from ringfence.ledger.codec import time_of
from ringfence.ledger.errors import LedgerDamaged, LedgerUnavailable, StreamMoved
from ringfence.ledger.events.checkpoint_made import CheckpointMade
from ringfence.ledger.ledger import Ledger, Position, Recorded
from ringfence.ledger.merkle import Growing
from ringfence.ledger.notes import BadNote, Checkpoint, Note, SigningKey, read_note

__all__ = ["AGE", "EVENTS", "STREAM", "Signed", "is_due", "newest", "origin_of", "sign_all", "signed_of"]

STREAM = "checkpoints"
EVENTS = 1_000
AGE = timedelta(minutes=10)
_TRIES = 20  # at appending before other signers do


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A checkpoint that stands in the ledger."""

    position: Position
    at: datetime
    made: CheckpointMade
    note: Note

    @property
    def size(self) -> int:
        """How many events it covers."""
        return self.note.checkpoint.size


def origin_of(first: Row) -> str:
    """What checkpoints call the ledger that begins with this event: its salt makes it like no other."""
    return f"ringfence/ledger/{first.hash[:16].hex()}"


def newest(ledger: Ledger) -> Signed | None:
    """The last checkpoint of the ledger; None when there is none that can be read."""
    recorded = ledger.last(STREAM)
    return None if recorded is None else signed_of(recorded)


def signed_of(recorded: Recorded) -> Signed | None:
    """The checkpoint that an event tells; None when it tells none."""
    if not isinstance(recorded.event, CheckpointMade):
        return None
    try:
        note = read_note(recorded.event.note)
    except BadNote:
        return None
    return Signed(position=recorded.position, at=recorded.at, made=recorded.event, note=note)


def sign_all(ledger: Ledger, key: SigningKey, *, durability: Durability = Durability.FSYNC) -> Signed:
    """The checkpoint over everything but checkpoints themselves; a new one unless the newest is that already.

    Raises:
        LedgerDamaged: the record no longer holds what this key signed before.
        LedgerUnavailable: there is nothing to sign, or it cannot be recorded.
    """
    for _ in range(_TRIES):
        recorded = ledger.last(STREAM)
        last = None if recorded is None else signed_of(recorded)
        tree, ordinal, origin, has_new = _grown(ledger, last, key)
        if last is not None and not has_new and _is_own(last, key):
            return last
        checkpoint = Checkpoint(origin=origin, size=tree.size, root=tree.root)
        note = key.sign(checkpoint)
        made = CheckpointMade(
            note=str(note),
            key=str(key.public(origin)),
            size=tree.size,
            ordinal=ordinal,
            subtrees=tuple(each.hex() for each in tree.subtrees),
        )
        try:
            ledger.append(
                made,
                stream=STREAM,
                durability=durability,
                expect_seq=recorded.position.seq if recorded else 0,
            )
        except StreamMoved:
            continue
        found = newest(ledger)
        if found is not None and found.size >= tree.size:
            return found
    raise LedgerUnavailable("others sign the ledger without an end", hint="try again")


def is_due(ledger: Ledger, *, now: datetime) -> bool:
    """Whether events wait for a checkpoint that are too many, or have waited too long."""
    last = newest(ledger)
    after = None if last is None else last.made.ordinal
    first = next((row for row in ledger.rows(after=after) if row.stream != STREAM), None)
    if first is None:
        return False
    if now - time_of(first.at) >= AGE:
        return True
    return next(ledger.rows(after=first.ordinal + EVENTS - 2), None) is not None


def _grown(ledger: Ledger, last: Signed | None, key: SigningKey) -> tuple[Growing, int, str, bool]:
    """The tree over all that is there now, the last ordinal in it, its origin, and whether events are new."""
    tree, ordinal = Growing(), 0
    origin = last.note.checkpoint.origin if last else ""
    after, has_new = None, last is None
    if last is not None and (before := _continued(last, key)) is not None:
        tree, after, ordinal = before, last.made.ordinal, last.made.ordinal
    own = last if last is not None and after is None and _is_own(last, key) else None
    for row in ledger.rows(after=after):
        if not is_row(row):
            raise _rewritten()
        if not tree.size:
            origin = origin_of(row)
        tree.add(row.hash)
        ordinal = row.ordinal
        if last is not None and tree.size > last.size and row.stream != STREAM:
            has_new = True
        if own is not None and tree.size == own.size and tree.root != own.note.checkpoint.root:
            raise _rewritten()
    if not tree.size:
        raise LedgerUnavailable("nothing is recorded yet", hint="a checkpoint is over events")
    if own is not None and (tree.size < own.size or own.note.checkpoint.origin != origin):
        raise _rewritten()
    return tree, ordinal, origin, has_new


def _continued(last: Signed, key: SigningKey) -> Growing | None:
    """The tree that this key signed last, to be added to; None where it is not that."""
    if not _is_own(last, key):
        return None
    try:
        tree = Growing(last.size, map(bytes.fromhex, last.made.subtrees))
    except ValueError:
        return None
    return tree if tree.root == last.note.checkpoint.root else None


def _is_own(last: Signed, key: SigningKey) -> bool:
    return key.public(last.note.checkpoint.origin).has_signed(last.note)


def _rewritten() -> LedgerDamaged:
    return LedgerDamaged(
        "the record no longer holds what was signed before",
        hint="`ringfence ledger verify` names the first bad event",
    )
