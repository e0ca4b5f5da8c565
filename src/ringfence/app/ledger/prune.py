"""What the policy says need not be kept, forgotten type by type, each with the gate's leave."""

from datetime import datetime

from ringfence.core.actions import FieldKind, RecordPrune
from ringfence.core.dataclass import dataclass
from ringfence.gate.door import Door
from ringfence.gate.holds import holds_of
from ringfence.gate.pruning import PRUNABLE, forget, prunable
from ringfence.gate.refused import Refused
from ringfence.ledger.errors import LedgerError
from ringfence.policy.globs import glob
from ringfence.policy.policy import Policy
from ringfence.policy.values import Keep

__all__ = ["Pruned", "PrunedType", "prune"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PrunedType:
    """One type of events."""

    type: str
    days: int  # that the policy keeps them
    at: str  # its line
    events: int  # forgotten, or that would be
    held: int  # by legal holds, although old enough
    needed: int  # by open questions and grants, or to know what is there, although old enough
    refused: str | None  # why they were not forgotten


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What was forgotten; only types of which something is old enough."""

    started_at: datetime
    complete: bool  # nothing was refused
    dry_run: bool
    types: tuple[PrunedType, ...]


def prune(door: Door, *, dry_run: bool) -> Pruned:
    """Forgets, or says what would be forgotten.

    Raises:
        LedgerError: it could not be done; doing it again is harmless.
    """
    now, policy = door.now(), door.policy()
    found = (_pruned(*each, door, now=now, dry_run=dry_run) for each in _kept(policy))
    types = tuple(each for each in found if each.events or each.held or each.needed or each.refused)
    complete = all(each.refused is None for each in types)
    return Pruned(started_at=now, complete=complete, dry_run=dry_run, types=types)


def _kept(policy: Policy) -> list[tuple[str, Keep]]:
    """What the policy keeps for a time only; of several entries the first counts."""
    found = []
    for type_ in PRUNABLE:
        fits = (each for each in policy.retention.events if glob(each.types, FieldKind.TEXT).fits(type_))
        keep = next(fits, None)
        if keep is not None:
            found.append((type_, keep))
    return found


def _pruned(type_: str, keep: Keep, door: Door, *, now: datetime, dry_run: bool) -> PrunedType:
    policy = door.policy()
    plan = prunable(
        door.ledger,
        type_,
        older_than_days=keep.days,
        holds=holds_of(door.ledger, policy.retention),
        approvals=door.approvals,
        now=now,
    )
    refused = None
    if plan.ordinals and not dry_run:
        receipt = door.pass_(RecordPrune(event_types=(type_,), older_than_days=keep.days))
        if isinstance(receipt, Refused):
            refused = f"{receipt.what}; {receipt.hint}"
        else:
            try:
                plan = forget(
                    receipt,
                    seals=door.seals,
                    ledger=door.ledger,
                    look=lambda: holds_of(door.ledger, policy.retention),
                    approvals=door.approvals,
                    policy_digest=policy.digest,
                    now=now,
                )
            except LedgerError as error:
                door.failed(receipt, error.what)
                raise
            door.done(receipt, {"events": len(plan.ordinals)})
    return PrunedType(
        type=type_,
        days=keep.days,
        at=str(keep.at),
        events=0 if refused else len(plan.ordinals),
        held=plan.held,
        needed=plan.needed,
        refused=refused,
    )
