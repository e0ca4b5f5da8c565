"""Legal holds: which events nobody may prune, by the ledger's stream `retention` and by the policy."""

from collections.abc import Iterable
from datetime import datetime

from ringfence.core.action_types import Durability
from ringfence.core.actions import FieldKind
from ringfence.core.dataclass import dataclass, replace
from ringfence.core.errors import ExitCode, RingfenceError
from ringfence.core.text import printable
from ringfence.gate.hiding import foreign
from ringfence.ledger.errors import LedgerDamaged
from ringfence.ledger.events.hold_lifted import HoldLifted
from ringfence.ledger.events.hold_set import HoldSet
from ringfence.ledger.ledger import Ledger
from ringfence.policy.globs import glob
from ringfence.policy.values import Retention

__all__ = ["STREAM", "Hold", "Holds", "NoSuchHold", "holds_of", "lift", "set_hold"]

STREAM = "retention"
_SHORTEST = 2


class NoSuchHold(RingfenceError):
    """There is none, or it was lifted before."""

    code = ExitCode.FAILED_AS_ASKED


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """What it covers, and until when."""

    id: str | None  # None: it stands in the policy
    streams: str  # a glob
    types: str  # a glob
    why: str  # an operator's or the policy's words
    until: datetime | None  # UTC, the first moment it holds no more; None: no end
    operator: str | None  # who set it
    at: str | None  # the policy's line
    set_at: datetime | None
    lifted_by: str | None = None

    def holds(self, now: datetime) -> bool:
        """Whether it stops anything now."""
        return self.lifted_by is None and (self.until is None or now < self.until)

    def covers(self, stream: str, type_: str) -> bool:
        """Whether it is about such an event; `type_` without its version."""
        streams, types = glob(self.streams, FieldKind.TEXT), glob(self.types, FieldKind.TEXT)
        return streams.fits(stream) and types.fits(type_)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holds:
    """All there ever were, the policy's first."""

    all: tuple[Hold, ...]
    seq: int  # of the last event of the stream that was looked at; 0: none

    def holding(self, now: datetime) -> tuple[Hold, ...]:
        """Those that stop something."""
        return tuple(each for each in self.all if each.holds(now))


def holds_of(ledger: Ledger, retention: Retention) -> Holds:
    """As the ledger and the policy are now.

    Raises:
        LedgerDamaged: one cannot be read, so nobody knows what it covers.
    """
    found: dict[str, Hold] = {}
    seq = 0
    for recorded in ledger.read(stream=STREAM):
        seq = recorded.position.seq
        match recorded.event:
            case HoldSet() as set_:
                found[set_.hold] = Hold(
                    id=set_.hold,
                    streams=set_.streams,
                    types=set_.types,
                    why=set_.why.text,
                    until=set_.until,
                    operator=set_.operator,
                    at=None,
                    set_at=recorded.at,
                )
            case HoldLifted(hold=hold, operator=operator) if hold in found:
                found[hold] = replace(found[hold], lifted_by=operator)
            case _ if recorded.type.startswith("hold.set/"):
                raise LedgerDamaged(
                    f"the legal hold {STREAM}:{seq} cannot be read, so nothing can be pruned",
                    hint="`ringfence ledger verify` says what is wrong; or use a newer ringfence",
                )
    return Holds(all=(*_of_policy(retention), *found.values()), seq=seq)


def set_hold(
    ledger: Ledger, *, id_: str, streams: str, types: str, why: str, until: datetime | None, operator: str
) -> None:
    """From now on nothing it covers is pruned.

    Raises:
        BadGlob: a pattern says nothing.
    """
    for pattern in (streams, types):
        glob(pattern, FieldKind.TEXT)
    event = HoldSet(hold=id_, streams=streams, types=types, operator=operator, why=foreign(why), until=until)
    ledger.append(event, stream=STREAM, durability=Durability.FSYNC)


def lift(ledger: Ledger, holds: Holds, id_: str, *, why: str, operator: str, now: datetime) -> Hold:
    """The hold whose id begins so, which stops nothing any more.

    Raises:
        NoSuchHold: there is none, more than one, or it stopped nothing.
    """
    found = [
        each
        for each in holds.holding(now)
        if len(id_) >= _SHORTEST and each.id is not None and each.id.startswith(id_)
    ]
    if len(found) != 1:
        raise NoSuchHold(
            f"{len(found) or 'no'} holds are called {printable(id_)}", hint="ringfence ledger hold list"
        )
    (hold,) = found
    event = HoldLifted(hold=hold.id or "", operator=operator, why=foreign(why))
    ledger.append(event, stream=STREAM, durability=Durability.FSYNC, expect_seq=holds.seq)
    return replace(hold, lifted_by=operator)


def _of_policy(retention: Retention) -> Iterable[Hold]:
    for each in retention.holds:
        yield Hold(
            id=None,
            streams=each.streams,
            types=each.types,
            why=each.why,
            until=each.until,
            operator=None,
            at=str(each.at),
            set_at=None,
        )
