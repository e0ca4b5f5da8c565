"""Forgets sessions that have ended: their homes, private copies and refused changes. Their events stay.

Neither a session that runs or starts nor one that a legal hold covers is ever touched. What is forgotten is
recorded first; who is killed on the way has it finished by the next.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from ringfence.app.running.record import stream_of
from ringfence.core.action_types import Durability
from ringfence.core.dataclass import dataclass
from ringfence.core.errors import ExitCode, RingfenceError
from ringfence.core.redaction import redact
from ringfence.gate.holds import Hold
from ringfence.ledger.events.sandbox_forgotten import SandboxForgotten
from ringfence.ledger.events.sandbox_refused import SandboxRefused
from ringfence.ledger.ledger import Ledger
from ringfence.sandbox.processes import is_running
from ringfence.sandbox.sessions import Session, Sessions
from ringfence.sandbox.tree.record import is_there as is_prepared

__all__ = ["Ended", "Forgotten", "Forgottens", "Kept", "NotForgotten", "forget", "look"]

_TYPE = SandboxRefused.TYPE.partition("/")[0]  # whose events a session's folder holds more of
_RUNNING, _HELD = "it is running", "a legal hold covers it"


class NotForgotten(RingfenceError):
    """A session that stays, or not all of which could be removed."""

    code = ExitCode.NOT_EXAMINED


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """One that may be forgotten."""

    session: Session
    last_at: datetime  # of its last event; without any, of its start


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One that stays."""

    session: str
    name: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """One that is gone."""

    session: str
    name: str
    agent: str
    command: tuple[str, ...]  # without its secrets
    folder: str
    last_at: datetime
    freed_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgottens:
    """What `ringfence forget` says."""

    started_at: datetime
    complete: bool
    sessions: tuple[Forgotten, ...]
    kept: tuple[Kept, ...]


def look(
    wanted: Sequence[Session],
    *,
    sessions: Sessions,
    ledger: Ledger,
    holds: Sequence[Hold],
    before: datetime | None,
) -> tuple[tuple[Ended, ...], tuple[Kept, ...]]:
    """Which of these may be forgotten, and which stay and why. None of those used since `before`.

    `holds`: those that stop something now.

    Raises:
        LedgerError: nobody knows when one was used.
    """
    ended, kept = list[Ended](), list[Kept]()
    for session in wanted:
        stream = stream_of(session.id)
        why = _standing_against(session, sessions)
        if why is not None:
            kept.append(Kept(session=session.id, name=session.name, why=why))
            continue
        last_at = datetime.fromisoformat(session.started_at)
        for recorded in ledger.read(stream=stream):
            last_at = recorded.at
        if before is not None and last_at >= before:
            continue
        hold = next((each for each in holds if each.covers(stream, _TYPE)), None)
        if hold is not None:
            kept.append(Kept(session=session.id, name=session.name, why=f"{_HELD}: {hold.why}"))
        else:
            ended.append(Ended(session=session, last_at=last_at))
    return tuple(ended), tuple(kept)


def forget(
    wanted: Sequence[Ended], *, sessions: Sessions, ledger: Ledger, operator: str
) -> Iterator[Forgotten | Kept]:
    """Forgets each, or says why it stays all the same: it was gone on with meanwhile.

    Raises:
        LedgerError: it could not be recorded, and was not done.
        NotForgotten: not all of it could be removed.
    """
    for each in wanted:
        session = each.session
        with sessions.held(session) as is_ours:
            why = _standing_against(session, sessions) if is_ours else _RUNNING
            if why is not None:
                yield Kept(session=session.id, name=session.name, why=why)
                continue
            ledger.append(
                SandboxForgotten(session=session.id, operator=operator),
                stream=stream_of(session.id),
                durability=Durability.FSYNC,
            )
            freed = _removed(session, sessions)
        yield Forgotten(
            session=session.id,
            name=session.name,
            agent=session.agent,
            command=redact(session.command),
            folder=session.folder,
            last_at=each.last_at,
            freed_bytes=freed,
        )


def _standing_against(session: Session, sessions: Sessions) -> str | None:
    running = sessions.running(session)
    if running and is_running(running):
        return _RUNNING
    if is_prepared(sessions.folder_of(session)):
        return "its working tree is not in order yet"
    return None


def _removed(session: Session, sessions: Sessions) -> int:
    try:
        return sessions.forget(session)
    except OSError as error:
        raise NotForgotten(
            f"session {session.name}: not all of it could be removed: {error.strerror or 'not possible'}",
            hint=f"look at what is left in {sessions.folder}, and run it again",
        ) from error
