"""Sessions as their events tell of them.

seen ─ sandbox.started → running ─ sandbox.ended → ended | killed | over time | lost; started again → running
seen ─ the command was refused → refused
"""

import dataclasses
from datetime import datetime
from enum import StrEnum

from ringfence.app.ledger.telling import action_type, fact
from ringfence.app.watching.rows import EventRow, session_of
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip
from ringfence.ledger.events.decision_made import DecisionMade
from ringfence.ledger.events.egress_opened import EgressOpened
from ringfence.ledger.events.process_started import ProcessStarted
from ringfence.ledger.events.process_untold import ProcessUntold, UntoldWhy
from ringfence.ledger.events.sandbox_ended import EndedBy, SandboxEnded
from ringfence.ledger.events.sandbox_started import SandboxStarted
from ringfence.ledger.events.session_lowered import SessionLowered
from ringfence.ledger.ledger import Recorded

__all__ = ["State", "WatchedSession", "WatchedSessions"]


class State(StrEnum):
    """Where a session stands."""

    SEEN = "seen"  # nothing that was read says more
    RUNNING = "running"
    REFUSED = "refused"  # its command may not run
    ENDED = "ended"
    KILLED = "killed"
    OVER_TIME = "over time"
    LOST = "lost"


_ENDS = {
    EndedBy.ITSELF: State.ENDED,
    EndedBy.OPERATOR: State.KILLED,
    EndedBy.LIMIT: State.OVER_TIME,
    EndedBy.LOST: State.LOST,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedSession:
    """One session, as far as its events were read. Command, agent and `lowered_by` are anybody's text."""

    id: str
    agent: str = ""
    command: str = ""
    state: State = State.SEEN
    first_at: datetime  # its first event that was read
    started_at: datetime | None = None
    last_at: datetime
    exit_status: int | None = None
    events: int = 0
    refused: int = 0
    credentials: int = 0  # that it has placeholders for
    starts: int = 0  # of programs, as far as they were told
    untold: UntoldWhy | None = None  # why they are not
    integrity: str = ""  # what it counts as, once it was lowered
    sensitivity: str = ""
    lowered_by: str = ""  # the last host that did that

    @property
    def has_ended(self) -> bool:
        """Whether no program of it is there any more."""
        return self.state not in (State.SEEN, State.RUNNING)


class WatchedSessions:
    """All that were seen, or as many as the limit keeps: those that ended longest ago go first."""

    def __init__(self, *, kept: int = LIMITS.watched_sessions) -> None:
        self._kept = kept
        self._all: dict[str, WatchedSession] = {}

    def get(self, id_: str) -> WatchedSession | None:
        """The one of this id."""
        return self._all.get(id_)

    def listed(self) -> tuple[WatchedSession, ...]:
        """Those that run first, then the newest first."""
        return tuple(
            sorted(self._all.values(), key=lambda each: (each.has_ended, -each.first_at.timestamp()))
        )

    def running(self) -> int:
        """How many run."""
        return sum(each.state is State.RUNNING for each in self._all.values())

    def hear(self, recorded: Recorded, row: EventRow) -> None:
        """Takes in one event, and its line."""
        id_ = session_of(recorded)
        if id_ is None:
            return
        before = self._all.get(id_) or WatchedSession(id=id_, first_at=row.at, last_at=row.at)
        counted = dataclasses.replace(
            before,
            last_at=row.at,
            agent=row.agent or before.agent,
            events=before.events + 1,
            refused=before.refused + row.is_refusal,
        )
        self._all[id_] = _told(counted, recorded)
        if len(self._all) > self._kept:
            oldest = min(self._all.values(), key=lambda each: (not each.has_ended, each.last_at))
            del self._all[oldest.id]


def _told(session: WatchedSession, recorded: Recorded) -> WatchedSession:
    match recorded.event:
        case DecisionMade(action=action) as event if action_type(action) == "command.run":
            command = f"{fact(action, 'program')} {fact(action, 'arguments')}".strip()
            refused = not event.proceeds and session.state is State.SEEN
            return dataclasses.replace(
                session,
                command=clip(command, chars=LIMITS.watched_chars),
                state=State.REFUSED if refused else session.state,
            )
        case ProcessStarted(times=times):
            return dataclasses.replace(session, starts=session.starts + times)
        case ProcessUntold(why=why):
            return dataclasses.replace(session, untold=why)
        case SandboxStarted():
            return dataclasses.replace(session, state=State.RUNNING, started_at=recorded.at, exit_status=None)
        case SandboxEnded(by=by, exit_status=status):
            return dataclasses.replace(session, state=_ENDS[by], exit_status=status)
        case EgressOpened(credentials=credentials):
            return dataclasses.replace(session, credentials=len(credentials))
        case SessionLowered(integrity=integrity, sensitivity=sensitivity, by=by):
            return dataclasses.replace(
                session,
                integrity=integrity,
                sensitivity=sensitivity,
                lowered_by=clip(by.text, chars=LIMITS.watched_chars),
            )
    return session
