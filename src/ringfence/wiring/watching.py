"""What an operator watches on this machine: the running user's ledger, questions and door."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from ringfence.app.approving import Approving
from ringfence.app.watching.asking import Queue
from ringfence.app.watching.watch import Watch
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.sandbox.linux.kernel import can_tell_starts
from ringfence.wiring.gate import approving

__all__ = ["Watching", "watching"]

_SINCE = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """All that the view is given. `notes`: what the door tells a person, the oldest first."""

    watch: Watch
    queue: Queue
    who: Approving
    now: Callable[[], datetime]
    notes: deque[str]
    tells_starts: bool = True  # this kernel can tell of programs that start in boxes


@contextmanager
def watching(*, since: datetime | None = None) -> Iterator[Watching]:
    """It, with events from `since` on (an hour ago, if None).

    Raises:
        StateRefused: the state folder is not as it must be.
    """
    notes: deque[str] = deque(maxlen=LIMITS.watched_notes)
    who = approving(tell=notes.append)
    queue = Queue(who.door.approvals)
    try:
        yield Watching(
            watch=Watch(who.door.ledger, queue, since=since or _now() - _SINCE, now=_now),
            queue=queue,
            who=who,
            now=_now,
            notes=notes,
            tells_starts=can_tell_starts(),
        )
    finally:
        who.door.ledger.close()


def _now() -> datetime:
    return datetime.now(UTC)
