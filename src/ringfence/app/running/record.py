"""What the ledger is told of a box. Each session has a stream of its own."""

from collections import Counter
from collections.abc import Mapping

from ringfence.core.action_types import Durability
from ringfence.core.actions import CommandRun
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.core.receipts import Receipt
from ringfence.gate.hiding import foreign
from ringfence.ledger.events.sandbox_ended import EndedBy, SandboxEnded
from ringfence.ledger.events.sandbox_refused import RefusedKind, SandboxRefused
from ringfence.ledger.events.sandbox_started import SandboxStarted
from ringfence.ledger.ledger import Ledger
from ringfence.ledger.streams import session_stream
from ringfence.sandbox.plan import PublishedPort

__all__ = ["Refusal", "SessionRecord", "stream_of"]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Refusal:
    """One thing that a box refused; what is counted together is equal."""

    kind: RefusedKind
    what: str
    by: str | None = None


def stream_of(session: str) -> str:
    """Where the ledger has what happens in a session."""
    return session_stream(session)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRecord:
    """Writes one session's stream."""

    ledger: Ledger
    session: str

    def started(
        self,
        receipt: Receipt[CommandRun],
        *,
        plan_digest: str,
        layers: tuple[str, ...],
        lacking: Mapping[str, str],
        proofs: Mapping[str, str],
        masked: tuple[str, ...],
        resumed: bool,
    ) -> None:
        """Before the command starts, so on the disk."""
        event = SandboxStarted(
            session=self.session,
            agent=receipt.action.agent,
            decision_stream=receipt.stream,
            decision_seq=receipt.seq,
            plan_digest=plan_digest,
            layers=layers,
            lacking=lacking,
            proofs=proofs,
            masked=tuple(foreign(each) for each in masked),
            resumed=resumed,
        )
        self.ledger.append(event, stream=stream_of(self.session), durability=Durability.FSYNC)

    def opened(self, *, ports: tuple[int, ...], catches_all: bool, credentials: tuple[str, ...]) -> None:
        """Its programs are answered; before the command starts."""
        from ringfence.ledger.events.egress_opened import EgressOpened  # few boxes are answered

        event = EgressOpened(
            session=self.session, ports=ports, catches_all_ports=catches_all, credentials=credentials
        )
        self.ledger.append(event, stream=stream_of(self.session), durability=Durability.WRITTEN)

    def published(self, ports: tuple[PublishedPort, ...]) -> None:
        """The machine's ports lead into its box; before the command starts."""
        from ringfence.ledger.events.ports_published import PortsPublished  # and few publish ports

        event = PortsPublished(
            session=self.session,
            host_ports=tuple(each.host_port for each in ports),
            ports=tuple(each.port for each in ports),
        )
        self.ledger.append(event, stream=stream_of(self.session), durability=Durability.WRITTEN)

    def refused(self, refusals: Mapping[Refusal, int]) -> None:
        """Each kind of thing once, with how often; past the limit they are counted together."""
        kept = dict(sorted(refusals.items())[: LIMITS.refused_kinds])
        rest: Counter[RefusedKind] = Counter()
        for refusal, times in refusals.items():
            if refusal not in kept:
                rest[refusal.kind] += times
        more = {Refusal(kind=kind, what="others"): times for kind, times in rest.items()}
        for refusal, times in (kept | more).items():
            event = SandboxRefused(
                session=self.session,
                kind=refusal.kind,
                what=foreign(refusal.what),
                by=None if refusal.by is None else foreign(refusal.by),
                times=times,
            )
            self.ledger.append(event, stream=stream_of(self.session), durability=Durability.WRITTEN)

    def ended(self, by: EndedBy, *, exit_status: int | None, lasted_ms: int | None) -> None:
        """The last word on a box."""
        event = SandboxEnded(
            session=self.session,
            by=by,
            exit_status=exit_status,
            lasted_ms=lasted_ms,
            kill_us=None,
            operator=None,
        )
        self.ledger.append(event, stream=stream_of(self.session), durability=Durability.FSYNC)
