"""What is refused whatever the policy says, told, and recorded once however often it happens."""

from collections.abc import Callable

from ringfence.core.action_types import Durability
from ringfence.core.dataclass import dataclass
from ringfence.core.errors import RingfenceError
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip, printable
from ringfence.egress.broker.dialing import AddressRefused, NotReached
from ringfence.egress.broker.session import Session
from ringfence.egress.broker.upstream import BadCertificate, BrokenOff
from ringfence.egress.injecting.places import Misplaced
from ringfence.egress.messages import Manner, Refused, Trouble
from ringfence.gate import refused as gate
from ringfence.gate.hiding import foreign
from ringfence.gate.seals import ReceiptRefused
from ringfence.ledger.events.egress_refused import EgressRefused
from ringfence.policy.egressing import Egressing
from ringfence.protocols.http import BadHttp

__all__ = ["Refusals", "by_policy", "trouble_of"]

_STATUS = {
    Trouble.MALFORMED: 400,
    Trouble.MISMATCH: 421,
    Trouble.BUDGET: 429,
    Trouble.UPSTREAM: 502,
    Trouble.OVERSIZED: 413,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals:
    """Says and records refusals. `soon` runs what it is given, off the event loop, some time soon."""

    soon: Callable[[Callable[[], object]], None]

    def refuse(
        self,
        session: Session,
        trouble: Trouble,
        host: str,
        what: str,
        hint: str,
        *,
        status: int | None = None,
    ) -> Refused:
        """The refusal, recorded when it is the first of its kind, else counted."""
        self.tell(session, trouble, host, what)
        return Refused(what=what, hint=hint, status=status or _STATUS.get(trouble, 403))

    def tell(self, session: Session, trouble: Trouble, host: str, what: str) -> None:
        """Records it, or counts it."""
        host, what = (clip(printable(each), chars=LIMITS.evidence_chars) for each in (host, what))
        key = (trouble.value, host, what)
        if key not in session.told and len(session.told) >= LIMITS.egress_told:
            key = (trouble.value, "", "others")
        session.told[key] = session.told.get(key, 0) + 1
        if session.told[key] == 1:
            self._record(session, key, 1)

    def close(self, session: Session) -> None:
        """Records how often what was refused again."""
        for key, times in session.told.items():
            if times > 1:
                self._record(session, key, times - 1)
        session.told.clear()

    def of(self, session: Session, host: str, error: RingfenceError | BrokenOff | BadHttp) -> Refused:
        """For what went wrong."""
        trouble, status = trouble_of(error)
        if isinstance(error, RingfenceError):
            return self.refuse(session, trouble, host, error.what, error.hint, status=status)
        hint = "is the host in order?" if trouble is Trouble.UPSTREAM else "no client sends this"
        return self.refuse(session, trouble, host, str(error), hint, status=status)

    def _record(self, session: Session, key: tuple[str, str, str], times: int) -> None:
        trouble, host, what = key
        event = EgressRefused(
            session=session.id, trouble=trouble, host=foreign(host), what=foreign(what), times=times
        )
        door = session.door
        self.soon(lambda: door.ledger.append(event, stream=door.stream, durability=Durability.WRITTEN))


def trouble_of(error: RingfenceError | BrokenOff | BadHttp) -> tuple[Trouble, int | None]:
    """What kind of refusal it is, and its status where that is not the kind's."""
    match error:
        case AddressRefused():
            return Trouble.ADDRESS, None
        case NotReached():
            return Trouble.UPSTREAM, 504 if error.is_slow else 502
        case BadCertificate() | BrokenOff():
            return Trouble.UPSTREAM, None
        case BadHttp():
            return Trouble.MALFORMED, None
        case Misplaced() | ReceiptRefused():
            return Trouble.MISPLACED, None
    return Trouble.UPSTREAM, None


def by_policy(refused: gate.Refused, said: Egressing | None) -> Refused:
    """The gate's refusal, as the program is told it; the gate has recorded it."""
    because = refused.decision.reasons[0]
    manner = Manner.HONEST if said is None else Manner(said.manner(because.rule).value)
    is_new = because.rule is None and refused.ask is None
    hint = "outside of the box, a person can grant it: profiles of the policy" if is_new else refused.hint
    return Refused(what=refused.what, hint=hint, manner=manner)
