"""Records what was seen: only what the ledger did not know yet, in one go, after all else is done.

The things that one endpoint has are told by its stream alone; every scan of it, whatever it was asked to look
at, adds to the same account (`looked` says what a scan can find gone). Observations are recorded with the
*written* durability: they survive a killed process. A scan that is killed before its end records nothing.

Nothing that was seen is lost when it cannot be recorded: it is told all the same, and that it is in no
ledger. Only what has an effect must not happen unrecorded.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from ringfence import __version__
from ringfence.app.standing.actions import Seen
from ringfence.app.standing.comparing import changes, known_things
from ringfence.app.standing.judging import Decide
from ringfence.app.standing.looked import Looked
from ringfence.app.standing.naming import Paths
from ringfence.app.standing.things import things_of
from ringfence.core.action_types import Durability
from ringfence.core.actions import Purpose
from ringfence.core.dataclass import dataclass
from ringfence.core.inventory import ScanRecord
from ringfence.core.redaction import redact_name
from ringfence.ledger.events.scan_finished import ScanFinished
from ringfence.ledger.events.scan_started import ScanStarted
from ringfence.ledger.events.thing_appeared import ThingAppeared
from ringfence.ledger.events.thing_changed import ThingChanged
from ringfence.ledger.events.thing_vanished import ThingVanished
from ringfence.ledger.ledger import Ledger

__all__ = ["Book", "Observed", "record"]

_THINGS = ("thing.appeared", "thing.changed", "thing.vanished")


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """Where this endpoint records what was seen."""

    ledger: Ledger
    stream: str
    paths: Paths
    new_id: Callable[[], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What one scan saw, as far as it is recorded."""

    started_at: datetime  # UTC
    complete: bool
    seen: tuple[Seen, ...]
    homes: tuple[Path, ...]
    looked: Looked
    purpose: Purpose | None


def record(observed: Observed, book: Book, *, decide: Decide | None, policy_digest: str | None) -> ScanRecord:
    """Appends what is new, between a scan's start and its end.

    Raises:
        LedgerError: it could not be recorded, or what is there cannot be read.
    """
    scan = book.new_id()
    known = known_things(book.ledger.rows(stream=book.stream, types=_THINGS))
    told = tuple(things_of(observed.seen, book.paths, homes=observed.homes, purpose=observed.purpose))
    news = tuple(changes(known, told, observed.looked, scan=scan, decide=decide))
    appeared, changed, vanished = (
        sum(isinstance(each, kind) for each in news) for kind in (ThingAppeared, ThingChanged, ThingVanished)
    )
    started = ScanStarted(
        scan=scan,
        scope=tuple(sorted(map(redact_name, observed.looked.roots))),
        tool_version=__version__,
        started_at=observed.started_at,
    )
    finished = ScanFinished(
        scan=scan,
        complete=observed.complete,
        things=len(told),
        appeared=appeared,
        changed=changed,
        vanished=vanished,
        policy_digest=policy_digest,
    )
    book.ledger.append_all((started, *news, finished), stream=book.stream, durability=Durability.WRITTEN)
    return ScanRecord(scan=scan, stream=book.stream, appeared=appeared, changed=changed, vanished=vanished)
