"""Legal holds, as operators set, lift and see them."""

from collections.abc import Callable
from datetime import datetime

from ringfence.core.dataclass import dataclass
from ringfence.gate.door import Door
from ringfence.gate.holds import Hold, holds_of, lift, set_hold

__all__ = ["HoldsShown", "lift_hold", "list_holds", "put_hold"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldsShown:
    """Holds, the policy's first, then the oldest."""

    started_at: datetime
    complete: bool
    holds: tuple[Hold, ...]


def list_holds(door: Door, *, all_: bool) -> HoldsShown:
    """Those that stop something now; with `all_` the others too."""
    now = door.now()
    found = holds_of(door.ledger, door.policy().retention)
    return HoldsShown(started_at=now, complete=True, holds=found.all if all_ else found.holding(now))


def put_hold(
    door: Door,
    *,
    streams: str,
    types: str,
    why: str,
    until: datetime | None,
    operator: str,
    check_free: Callable[[], None],
) -> HoldsShown:
    """The new one.

    Raises:
        Confined: this process is within a sandbox.
        BadGlob: a pattern says nothing.
    """
    check_free()
    id_ = door.new_id()
    set_hold(door.ledger, id_=id_, streams=streams, types=types, why=why, until=until, operator=operator)
    found = holds_of(door.ledger, door.policy().retention)
    only = tuple(each for each in found.all if each.id == id_)
    return HoldsShown(started_at=door.now(), complete=True, holds=only)


def lift_hold(door: Door, id_: str, *, why: str, operator: str, check_free: Callable[[], None]) -> HoldsShown:
    """The one that was lifted.

    Raises:
        Confined: this process is within a sandbox.
        NoSuchHold: there is none that stops anything.
    """
    check_free()
    found = holds_of(door.ledger, door.policy().retention)
    hold = lift(door.ledger, found, id_, why=why, operator=operator, now=door.now())
    return HoldsShown(started_at=door.now(), complete=True, holds=(hold,))
