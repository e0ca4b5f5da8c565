"""Whether the record is as it was written, and up to where anybody can say so."""

from collections.abc import Sequence
from datetime import datetime

from ringfence.core.dataclass import dataclass
from ringfence.ledger.checkpoints import newest
from ringfence.ledger.ledger import Ledger
from ringfence.ledger.notes import Note, PublicKey, SigningKey
from ringfence.ledger.vouching import Fault, Vouched, vouch

__all__ = ["LedgerVerified", "Trust", "verify"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What was kept elsewhere, and the key that this machine has."""

    anchors: Sequence[Note] = ()
    keys: Sequence[PublicKey] = ()  # that were named
    anchored_keys: Sequence[PublicKey] = ()  # that stand beside the anchors
    own: SigningKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerVerified:
    """What came of checking a ledger."""

    started_at: datetime
    complete: bool  # all of it was read
    whole: bool  # nothing is wrong
    events: int
    streams: int
    origin: str | None  # as checkpoints call this ledger
    faults: tuple[Fault, ...]  # the first of each stream and kind
    checkpoints: int  # that hold
    signed_events: int  # covered by one of them
    anchored_events: int  # covered by an anchor
    keys: tuple[str, ...]  # whose signatures were trusted
    unreadable: str | None
    vouched: str  # how far, in words


def verify(ledger: Ledger, trust: Trust, *, started_at: datetime) -> LedgerVerified:
    """Reads all of it once.

    Raises:
        LedgerError: nothing of it can be read.
    """
    keys = _trusted(ledger, trust)
    found = vouch(ledger, anchors=trust.anchors, keys=keys)
    return LedgerVerified(
        started_at=started_at,
        complete=found.unreadable is None,
        whole=not found.faults and found.unreadable is None,
        events=found.events,
        streams=found.streams,
        origin=found.origin,
        faults=found.faults,
        checkpoints=found.checkpoints,
        signed_events=found.signed_size,
        anchored_events=found.anchored_size,
        keys=tuple(map(str, keys)),
        unreadable=found.unreadable,
        vouched=_words(found, has_keys=bool(keys)),
    )


def _trusted(ledger: Ledger, trust: Trust) -> list[PublicKey]:
    """Those that were named; else those beside the anchors; else this machine's own."""
    named = trust.keys or trust.anchored_keys
    if named or trust.own is None:
        return list(named)
    last = newest(ledger)
    origins = {note.checkpoint.origin for note in trust.anchors} | (
        {last.note.checkpoint.origin} if last else set()
    )
    return [trust.own.public(origin) for origin in sorted(origins)]


def _words(found: Vouched, *, has_keys: bool) -> str:
    if found.faults:
        return "something is wrong: see the first bad event"
    if found.unreadable is not None:
        return f"the first {found.events} events are whole; the rest cannot be read"
    if not found.events:
        return "nothing is recorded yet"
    parts = [f"all {found.events} events follow from each other"]
    if found.anchored_size:
        parts.append(f"the first {found.anchored_size} are those that the anchor saw")
    if found.signed_size > found.anchored_size:
        whose = "a trusted key" if has_keys else "a key that nobody here knows"
        parts.append(f"the first {found.signed_size} are signed with {whose}")
    if found.anchored_size < found.told:
        parts.append(
            "whoever can write the record and has the key could have rewritten what no anchor covers: "
            "anchor it"
        )
    elif found.anchored_size < found.events:
        parts.append("what comes after are checkpoints alone")
    return "; ".join(parts)
