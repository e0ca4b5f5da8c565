"""What a session has read lowers what it counts as, durably before the first byte of it is delivered."""

from collections.abc import Iterable

from ringfence.core.action_types import Durability
from ringfence.core.dataclass import dataclass
from ringfence.core.labels import Integrity, Label, Sensitivity, join
from ringfence.gate.door import Door
from ringfence.gate.hiding import foreign
from ringfence.ledger.events.session_lowered import SessionLowered
from ringfence.ledger.ledger import Recorded

__all__ = ["FRESH", "Lowering", "is_worse", "label_of", "lower"]

FRESH = Label(integrity=Integrity.USER)
"""Of a session that has read nothing yet."""

_TYPES = ("session.lowered",)


def is_worse(origin: Label, label: Label) -> bool:
    """Whether reading from there makes a session's label worse."""
    return origin.integrity < label.integrity or origin.sensitivity > label.sensitivity


def label_of(door: Door) -> Label:
    """What the session's own record says that it has read. `door` is the session's.

    Raises:
        LedgerError: it cannot be read.
    """
    return _joined(FRESH, door.ledger.read(stream=door.stream, types=_TYPES))


@dataclass(slots=True, kw_only=True)
class Lowering:
    """The same, asked for again and again: what is new of the ledger is read each time, and no more."""

    door: Door
    label: Label = FRESH
    _seen: int | None = None  # the ordinal of the session's newest event that was there

    def look(self) -> Label:
        """What it is by now.

        Raises:
            LedgerError: it cannot be read.
        """
        last = self.door.ledger.last(self.door.stream)
        if last is None or last.ordinal == self._seen:
            return self.label
        if self._seen is None:
            self.label = join(self.label, label_of(self.door))
        else:  # by the ledger's order alone: a stream's own is read from its beginning
            new = self.door.ledger.read(types=_TYPES, after=self._seen)
            of_session = (each for each in new if each.position.stream == self.door.stream)
            self.label = _joined(self.label, of_session)
        self._seen = last.ordinal
        return self.label


def _joined(label: Label, recorded: Iterable[Recorded]) -> Label:
    for each in recorded:
        if isinstance(each.event, SessionLowered):
            read = Label(
                integrity=Integrity[each.event.integrity.upper()],
                sensitivity=Sensitivity[each.event.sensitivity.upper()],
            )
            label = join(label, read)
    return label


def lower(door: Door, session: str, label: Label, origin: Label, by: str) -> Label:
    """What the session carries from now on; that is on the disk when this returns. `by` is who answers.

    Whoever else lowers the session meanwhile counts, too.

    Raises:
        LedgerError: it could not be recorded, so nothing may be read.
    """
    lowered = join(join(label, label_of(door)), origin)
    event = SessionLowered(
        session=session,
        integrity=lowered.integrity.name.lower(),
        sensitivity=lowered.sensitivity.name.lower(),
        by=foreign(by),
    )
    door.ledger.append(event, stream=door.stream, durability=Durability.FSYNC)
    return lowered
