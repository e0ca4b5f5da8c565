"""Forgetting what old events say, where no hold and nothing that still counts on them stands against it.

What is to be forgotten is recorded first, behind the holds that were looked at: a hold that is set meanwhile
has it looked at again, and one that is set later comes too late. After a kill in between, pruning again does
what is left.
"""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from ringfence.core.action_types import Durability
from ringfence.core.actions import RecordPrune
from ringfence.core.dataclass import dataclass
from ringfence.core.receipts import Receipt
from ringfence.gate.approvals import Approvals
from ringfence.gate.holds import STREAM, Holds
from ringfence.gate.seals import Seals
from ringfence.ledger.errors import LedgerUnavailable, StreamMoved
from ringfence.ledger.event_types import EVENTS
from ringfence.ledger.events.checkpoint_made import CheckpointMade
from ringfence.ledger.events.events_pruned import EventsPruned
from ringfence.ledger.events.hold_lifted import HoldLifted
from ringfence.ledger.events.hold_set import HoldSet
from ringfence.ledger.events.thing_appeared import ThingAppeared
from ringfence.ledger.events.thing_changed import ThingChanged
from ringfence.ledger.events.thing_vanished import ThingVanished
from ringfence.ledger.ledger import Ledger, Recorded

__all__ = ["PRUNABLE", "Prunable", "forget", "prunable"]

_KEPT = (HoldSet, HoldLifted, EventsPruned, CheckpointMade)
_TRIES = 20
_OF_WHAT_IS_THERE = ("thing.appeared", "thing.changed", "thing.vanished")

PRUNABLE = tuple(sorted(each.TYPE.partition("/")[0] for each in EVENTS if each not in _KEPT))
"""Types, without version. Holds, checkpoints and what was pruned stay: they say what the rest is worth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prunable:
    """Events of one type that are old enough."""

    ordinals: tuple[int, ...]  # that nothing stands against
    streams: frozenset[str]  # they are in
    held: int  # by a legal hold
    needed: int  # by a question or a grant whose time is not over, or to know what is there
    before: datetime


def prunable(
    ledger: Ledger, type_: str, *, older_than_days: int, holds: Holds, approvals: Approvals, now: datetime
) -> Prunable:
    """What of this type may be forgotten now."""
    before = now - timedelta(days=older_than_days)
    holding, live = holds.holding(now), _live(approvals, now)
    there = _telling_what_is_there(ledger) if type_ in _OF_WHAT_IS_THERE else frozenset[int]()
    held: dict[str, bool] = {}
    ordinals, streams, counts = list[int](), set[str](), {"held": 0, "needed": 0}
    for recorded in ledger.read(types=(type_,)):
        stream = recorded.position.stream
        if recorded.event is None or recorded.at >= before:
            continue
        if stream not in held:
            held[stream] = any(each.covers(stream, type_) for each in holding)
        if held[stream]:
            counts["held"] += 1
        elif recorded.ordinal in there or _mentions(recorded, live):
            counts["needed"] += 1
        else:
            ordinals.append(recorded.ordinal)
            streams.add(stream)
    return Prunable(ordinals=tuple(ordinals), streams=frozenset(streams), before=before, **counts)


def forget(
    receipt: Receipt[RecordPrune],
    *,
    seals: Seals,
    ledger: Ledger,
    look: Callable[[], Holds],
    approvals: Approvals,
    policy_digest: str,
    now: datetime,
) -> Prunable:
    """Forgets what the receipt's action names, and says what that was.

    Raises:
        ReceiptRefused: this was not decided.
        LedgerError: it was not done, or not wholly; doing it again is harmless.
    """
    action = seals.redeem(receipt, RecordPrune)
    (type_,) = action.event_types
    for _ in range(_TRIES):
        holds = look()
        found = prunable(
            ledger,
            type_,
            older_than_days=action.older_than_days,
            holds=holds,
            approvals=approvals,
            now=now,
        )
        if not found.ordinals:
            return found
        event = EventsPruned(
            of_stream=next(iter(found.streams)) if len(found.streams) == 1 else "*",
            types=(type_,),
            before=found.before,
            events=len(found.ordinals),
            policy_digest=policy_digest,
        )
        try:
            ledger.append(event, stream=STREAM, durability=Durability.FSYNC, expect_seq=holds.seq)
        except StreamMoved:
            continue
        ledger.forget(found.ordinals)
        return found
    raise LedgerUnavailable("holds are set without an end", hint="try again")


def _live(approvals: Approvals, now: datetime) -> frozenset[str]:
    """Ids of questions and grants whose time is not over.

    Those that are used up or revoked among them: they would come to life if only that were forgotten.
    """
    approvals.look()
    ends = [(each.id, each.expires_at) for each in approvals.asks.values()]
    ends += [(each.id, each.given.expires_at) for each in approvals.grants.values()]
    return frozenset(id_ for id_, end in ends if end is None or now < end)


def _telling_what_is_there(ledger: Ledger) -> frozenset[int]:
    """Ordinals of the last event of each thing that is told of: the next scan compares with them.

    That it vanished is the last word only as long as an earlier event would say that it is there.
    """
    last: dict[tuple[str, str], int] = {}
    for recorded in ledger.read(types=_OF_WHAT_IS_THERE):
        match recorded.event:
            case ThingAppeared(thing=thing) | ThingChanged(thing=thing):
                last[recorded.position.stream, thing.id] = recorded.ordinal
            case ThingVanished(thing=thing) if (key := (recorded.position.stream, thing.id)) in last:
                last[key] = recorded.ordinal
            case _:  # forgotten, or of another version
                pass
    return frozenset(last.values())


def _mentions(recorded: Recorded, ids: Collection[str]) -> bool:
    if not recorded.type.startswith(("ask.", "grant.")):
        return False
    return bool({getattr(recorded.event, "ask", None), getattr(recorded.event, "grant", None)} & set(ids))
