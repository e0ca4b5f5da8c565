"""Ends boxes at once: the first process of each, and with it the kernel ends all others of the box.

What an operator granted to such a session is taken back, for nobody who goes on with it has it.
"""

import os
import select
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime

from ringfence.app.running.record import stream_of
from ringfence.core.action_types import Durability
from ringfence.core.dataclass import dataclass
from ringfence.core.errors import ExitCode, RingfenceError
from ringfence.gate.door import Door
from ringfence.gate.grants import end_session
from ringfence.ledger.events.sandbox_ended import EndedBy, SandboxEnded
from ringfence.ledger.ledger import Ledger
from ringfence.sandbox.processes import opened
from ringfence.sandbox.sessions import Session, Sessions

__all__ = ["Killed", "Kills", "NotKilled", "kill"]

_WAIT_MS = 10_000


class NotKilled(RingfenceError):
    """A box that is still there."""

    code = ExitCode.NOT_EXAMINED


@dataclass(frozen=True, slots=True, kw_only=True)
class Killed:
    """A session that is dead: its box is gone, and nothing is granted to it."""

    session: str
    name: str
    agent: str
    kill_us: int | None  # from the order until its last process was gone; None: it had no box
    grants: int  # that held until then


@dataclass(frozen=True, slots=True, kw_only=True)
class Kills:
    """What `ringfence kill` says."""

    started_at: datetime
    complete: bool
    sessions: tuple[Killed, ...]


def kill(wanted: Sequence[Session], *, sessions: Sessions, door: Door, operator: str) -> Iterator[Killed]:
    """Ends the boxes and the grants of these sessions; those that have neither are passed over.

    Every order is given before the first is waited for, so that no box outlives another for long.

    Raises:
        NotKilled: a process is still there after ten seconds: it waits for hardware, or for a file system.
        LedgerError: the boxes are gone, and that could not be recorded, or their grants not be taken back.
    """
    ordered = []
    for session in wanted:
        running = sessions.running(session)
        pidfd = opened(running) if running else None
        at = time.monotonic_ns()
        if pidfd is not None:
            sessions.set_killed(session, operator)
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        ordered.append((session, pidfd, at))
    for session, pidfd, at in ordered:
        kill_us = None if pidfd is None else _ended(session, pidfd, at, door.ledger, operator)
        grants = end_session(session.id, operator=operator, approvals=door.approvals, now=door.now())
        if pidfd is not None or grants:
            yield Killed(
                session=session.id, name=session.name, agent=session.agent, kill_us=kill_us, grants=grants
            )


def _ended(session: Session, pidfd: int, at: int, ledger: Ledger, operator: str) -> int:
    """Waits for its last process, and records that it is gone; how long that took, in microseconds."""
    if not _gone(pidfd):
        raise NotKilled(
            f"session {session.name}: a process of it is still there",
            hint="it waits for a device or a file system; it ends when that answers",
        )
    taken_us = (time.monotonic_ns() - at) // 1000
    ledger.append(
        SandboxEnded(
            session=session.id,
            by=EndedBy.OPERATOR,
            exit_status=128 + signal.SIGKILL,
            lasted_ms=None,
            kill_us=taken_us,
            operator=operator,
        ),
        stream=stream_of(session.id),
        durability=Durability.FSYNC,
    )
    return taken_us


def _gone(pidfd: int) -> bool:
    """Whether the process and all below it are gone: the kernel ends a box's first process last."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    try:
        return bool(poll.poll(_WAIT_MS))
    finally:
        os.close(pidfd)
