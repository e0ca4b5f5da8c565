"""What programs start in a box, told to the ledger while it runs and at its end.

A thread beside the supervisor's writes what has come together each second: however long the ledger takes,
what starts in the box does not wait for it. What cannot be recorded now is told with the next.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ringfence.app.running.record import stream_of
from ringfence.core.action_types import Durability
from ringfence.core.limits import LIMITS
from ringfence.core.redaction import redact
from ringfence.gate.hiding import foreign
from ringfence.ledger.errors import LedgerError
from ringfence.ledger.events.process_started import ProcessStarted
from ringfence.ledger.events.process_untold import ProcessUntold, UntoldWhy
from ringfence.ledger.ledger import Ledger
from ringfence.ledger.values import Foreign
from ringfence.sandbox.linux.kernel import can_tell_starts
from ringfence.sandbox.plan import Plan
from ringfence.sandbox.starts import Started, Starts

__all__ = ["told_starts", "untold"]


def untold(plan: Plan, ledger: Ledger, *, is_listening: bool) -> None:
    """Records that nobody is told of the box's programs, if so. `is_listening`: the box gave a listener."""
    if not plan.tells_starts:
        why = UntoldWhy.POLICY
    elif not can_tell_starts():
        why = UntoldWhy.KERNEL
    elif not is_listening:
        why = UntoldWhy.NESTED
    else:
        return
    event = ProcessUntold(session=plan.session, why=why)
    ledger.append(event, stream=stream_of(plan.session), durability=Durability.WRITTEN)


@contextmanager
def told_starts(
    starts: Starts, ledger: Ledger, session: str, *, every_s: float = LIMITS.started_told_s
) -> Iterator[None]:
    """Records them meanwhile, and what is left afterwards.

    The ledger is closed after each writing, so that whoever records more of this box writes it.

    Raises:
        LedgerError: what was left could not be recorded.
    """
    over = threading.Event()

    def write() -> None:
        while not over.wait(every_s):
            _write(starts.take(), starts, ledger, session)

    thread = threading.Thread(target=write, name="starts", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    _append(starts.take(all_=True), ledger, session)


def _write(told: tuple[Started, ...], starts: Starts, ledger: Ledger, session: str) -> None:
    if not told:
        return
    try:
        _append(told, ledger, session)
        ledger.close()
    except LedgerError:
        starts.take_back(told)


def _append(told: tuple[Started, ...], ledger: Ledger, session: str) -> None:
    events = [_event(each, session) for each in told]
    ledger.append_all(events, stream=stream_of(session), durability=Durability.WRITTEN)


def _event(started: Started, session: str) -> ProcessStarted:
    first = started.first
    return ProcessStarted(
        session=session,
        program=foreign(started.program) if started.program else None,
        by=foreign(started.by) if started.by else None,
        pid=first.pid or None if first else None,
        arguments=_shown(started.program, first.arguments) if first and first.arguments is not None else None,
        more_arguments=first is not None and first.has_more,
        times=started.times,
    )


def _shown(program: str, arguments: tuple[str, ...]) -> tuple[Foreign, ...]:
    """Without what looks secret: some do only beside their neighbours."""
    return tuple(Foreign(text=each) for each in redact((program, *arguments))[1:])
