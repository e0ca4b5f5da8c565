"""What a session has read lowers what it counts as, durably before the first byte of it is delivered."""

from ringfence.core.action_types import Durability
from ringfence.core.labels import Integrity, Label, Sensitivity, join
from ringfence.gate.door import Door
from ringfence.gate.hiding import foreign
from ringfence.ledger.events.session_lowered import SessionLowered

__all__ = ["FRESH", "is_worse", "label_of", "lower"]

FRESH = Label(integrity=Integrity.USER)
"""Of a session that has read nothing yet."""


def is_worse(origin: Label, label: Label) -> bool:
    """Whether reading from there makes a session's label worse."""
    return origin.integrity < label.integrity or origin.sensitivity > label.sensitivity


def label_of(door: Door) -> Label:
    """What the session's own record says that it has read. `door` is the session's.

    Raises:
        LedgerError: it cannot be read.
    """
    label = FRESH
    for each in door.ledger.read(stream=door.stream, types=("session.lowered",)):
        event = each.event
        if isinstance(event, SessionLowered):
            read = Label(
                integrity=Integrity[event.integrity.upper()],
                sensitivity=Sensitivity[event.sensitivity.upper()],
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
