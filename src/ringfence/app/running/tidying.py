"""Puts a working tree in order when its box is gone, and tells the ledger what did not stay.

After a run, or before the next one where a supervisor was killed. Being killed half-way costs nothing: the
next one begins again and comes to the same end.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from ringfence.app.running.places import Places
from ringfence.app.running.record import Refusal, SessionRecord
from ringfence.core.text import printable
from ringfence.ledger.events.sandbox_ended import EndedBy
from ringfence.ledger.events.sandbox_refused import RefusedKind
from ringfence.ledger.ledger import Ledger
from ringfence.sandbox.processes import is_running
from ringfence.sandbox.sessions import Session
from ringfence.sandbox.tree.flow_back import flow_back
from ringfence.sandbox.tree.record import is_there as is_prepared
from ringfence.sandbox.tree.refusals import set_told
from ringfence.sandbox.tree.settle import forget, sweep
from ringfence.sandbox.tree.tree import Refused

__all__ = ["tidy", "tidy_lost"]


def tidy(session: Session, places: Places, record: SessionRecord, *, now: datetime) -> tuple[str, ...]:
    """What did not stay and what could not be put in order, in words. The session's box must be gone.

    Raises:
        StateRefused: the session's folder is not as ringfence made it.
        LedgerError: it could not be recorded.
    """
    folder = places.sessions.folder_of(session)
    swept = sweep(folder, cache=places.cache, now_ns=int(now.timestamp() * 1e9))
    flowed = flow_back(folder)
    refused = (*swept.refused, *flowed.refused)
    troubles = (*swept.troubles, *flowed.troubles)
    changes = Counter(Refusal(kind=RefusedKind.CHANGE, what=f"{each.path}: {each.why}") for each in refused)
    changes.update(Refusal(kind=RefusedKind.CHANGE, what=f"{each.path}: {each.why}") for each in troubles)
    record.refused(changes)
    set_told(folder / "refused")
    forget(folder)
    places.sessions.set_ended(session)
    return (
        *map(_told, refused),
        *(f"{printable(each.path)}: {printable(each.why)}" for each in troubles),
    )


def tidy_lost(places: Places, ledger: Ledger, *, now: datetime) -> Iterator[tuple[Session, tuple[str, ...]]]:
    """Does so for every session whose supervisor was killed, and whose box went with it."""
    for session in places.unfinished():
        running = places.sessions.running(session)
        if running is None and not is_prepared(places.sessions.folder_of(session)):
            continue
        with places.sessions.held(session) as is_ours:
            if not is_ours or (running and is_running(running)):
                continue
            record = SessionRecord(ledger=ledger, session=session.id)
            if running and places.sessions.killed_by(session) is None:
                record.ended(EndedBy.LOST, exit_status=None, lasted_ms=None)
            yield session, tidy(session, places, record, now=now)


def _told(refused: Refused) -> str:
    what = f"{printable(refused.path)}: {printable(refused.why)}"
    if refused.is_restored:
        return f"put back: {what}"
    return f"taken out: {what}; kept at {printable(refused.kept)}" if refused.kept else f"noted: {what}"
