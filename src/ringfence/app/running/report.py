"""What came of a session, summed up from its stream of the ledger."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from ringfence.app.running.paid import Paid, PaidUp
from ringfence.app.running.programs import Programs, ProgramStarted
from ringfence.app.running.reached import CredentialUsed, Reached, ReachedHost
from ringfence.app.running.record import Refusal, stream_of
from ringfence.app.running.report_homes import HomeReport
from ringfence.core.dataclass import dataclass
from ringfence.core.redaction import redact
from ringfence.ledger.events.decision_made import DecisionMade
from ringfence.ledger.events.egress_refused import EgressRefused
from ringfence.ledger.events.ports_published import PortsPublished
from ringfence.ledger.events.process_started import ProcessStarted
from ringfence.ledger.events.process_untold import ProcessUntold
from ringfence.ledger.events.sandbox_ended import EndedBy, SandboxEnded
from ringfence.ledger.events.sandbox_refused import RefusedKind, SandboxRefused
from ringfence.ledger.events.sandbox_started import SandboxStarted
from ringfence.ledger.events.spend_counted import SpendCounted
from ringfence.ledger.events.spend_reserved import SpendReserved
from ringfence.ledger.ledger import Ledger, Recorded
from ringfence.sandbox.processes import is_running
from ringfence.sandbox.sessions import Session, Sessions

__all__ = ["RefusedThing", "SessionReport", "SessionReports", "SessionState", "report", "reports"]


class SessionState(StrEnum):
    """Where a session stands."""

    NOT_STARTED = "not started"
    RUNNING = "running"
    ENDED = "ended"
    LOST = "lost"  # its supervisor was killed; the next run or report tidies up behind it


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedThing:
    """Something that its boxes refused, and how often."""

    kind: RefusedKind
    what: str
    by: str | None
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionReport:
    """One session. Times are None while nobody knows them."""

    session: str
    name: str
    agent: str
    command: tuple[str, ...]  # without its secrets
    folder: str
    state: SessionState
    started_at: datetime | None
    ended_at: datetime | None
    starts: int  # how often a box was started for it
    exit_status: int | None
    ended_by: EndedBy | None
    operator: str | None
    kill_us: int | None
    layers: tuple[str, ...]  # of the last box
    lacking: tuple[str, ...]
    proofs: int  # what was tried from within before the last start, and failed
    masked: tuple[str, ...]
    refused: tuple[RefusedThing, ...]
    published: tuple[tuple[int, int], ...]  # of the last box: the machine's port, and where it led within
    hosts: tuple[ReachedHost, ...]  # that its programs asked for, with what came of it
    credentials: tuple[CredentialUsed, ...]
    paid: Paid | None  # where money is limited
    starts_of_programs: int  # as far as they were told
    programs: tuple[ProgramStarted, ...]  # that were started most often
    untold: str | None  # why starts were not told, of the last box that did not
    kept: str | None  # the folder of refused changes, if there are any
    home: str | None = None  # the name of the kept home that it has; None: its own


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionReports:
    """What `ringfence run --report` says."""

    started_at: datetime
    complete: bool
    sessions: tuple[SessionReport, ...]
    homes: tuple[HomeReport, ...] = ()  # that are kept from run to run; of one session's report, none


def reports(wanted: Iterable[Session], *, sessions: Sessions, ledger: Ledger) -> tuple[SessionReport, ...]:
    """All of these, in their order."""
    return tuple(report(each, sessions=sessions, ledger=ledger) for each in wanted)


def report(session: Session, *, sessions: Sessions, ledger: Ledger) -> SessionReport:
    """One of them.

    Raises:
        LedgerError: its stream cannot be read.
    """
    started: list[tuple[Recorded, SandboxStarted]] = []
    ended: tuple[Recorded, SandboxEnded] | None = None
    refused: Counter[Refusal] = Counter()
    published: tuple[tuple[int, int], ...] = ()
    reached, paid, programs = Reached(), PaidUp(), Programs()
    for recorded in ledger.read(stream=stream_of(session.id)):
        match recorded.event:
            case SandboxStarted() as event:
                started.append((recorded, event))
                published = ()
                ended = None
            case PortsPublished(host_ports=host_ports, ports=ports):
                published = tuple(zip(host_ports, ports, strict=False))
            case SandboxEnded() as event:
                ended = (recorded, event)
            case SandboxRefused(kind=kind, what=what, by=by, times=times):
                refused[Refusal(kind=kind, what=what.text, by=None if by is None else by.text)] += times
            case ProcessStarted() | ProcessUntold() as event:
                programs.hear(event)
            case DecisionMade() | EgressRefused() as event:
                reached.hear(event)
            case SpendReserved() | SpendCounted() as event:
                paid.hear(recorded.position.seq, event)
    last = started[-1][1] if started else None
    kept = sessions.folder_of(session) / "refused"
    return SessionReport(
        session=session.id,
        name=session.name,
        agent=session.agent,
        command=redact(session.command),
        folder=session.folder,
        state=_state(session, sessions, started=bool(started), ended=ended is not None),
        started_at=started[-1][0].at if started else None,
        ended_at=ended[0].at if ended else None,
        starts=len(started),
        exit_status=ended[1].exit_status if ended else None,
        ended_by=ended[1].by if ended else None,
        operator=ended[1].operator if ended else None,
        kill_us=ended[1].kill_us if ended else None,
        layers=last.layers if last else (),
        lacking=tuple(last.lacking) if last else (),
        proofs=len(last.proofs) if last else 0,
        masked=tuple(each.text for each in last.masked) if last else (),
        refused=tuple(
            RefusedThing(kind=each.kind, what=each.what, by=each.by, times=times)
            for each, times in sorted(refused.items(), key=lambda item: _order(item[0]))
        ),
        published=published,
        hosts=reached.hosts(),
        credentials=reached.credentials(),
        paid=paid.paid(),
        starts_of_programs=programs.starts,
        programs=programs.most(),
        untold=programs.untold,
        kept=str(kept) if _holds_something(kept) else None,
        home=session.home or None,
    )


def _order(refusal: Refusal) -> tuple[str, str, str]:
    return refusal.kind, refusal.what, refusal.by or ""


def _state(session: Session, sessions: Sessions, *, started: bool, ended: bool) -> SessionState:
    running = sessions.running(session)
    if running and is_running(running):
        return SessionState.RUNNING
    if started:
        return SessionState.ENDED if ended else SessionState.LOST
    return SessionState.NOT_STARTED


def _holds_something(folder: Path) -> bool:
    try:
        return next(folder.iterdir(), None) is not None
    except OSError:
        return False
