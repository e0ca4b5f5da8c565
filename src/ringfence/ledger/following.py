"""Reading on: what is there, and then what comes."""

from collections.abc import Callable, Collection, Iterator
from datetime import datetime

from ringfence.ledger.ledger import Ledger, Recorded

__all__ = ["follow"]


def follow(
    ledger: Ledger,
    *,
    pause: Callable[[], bool],
    stream: str | None = None,
    types: Collection[str] | None = None,
    since: datetime | None = None,
    after: int | None = None,
) -> Iterator[Recorded]:
    """What `Ledger.read` gives, and whatever is recorded later: each event once, none left out.

    Whenever there is nothing new, `pause` waits for as long as it likes and says whether to go on.
    """
    while True:
        for recorded in ledger.read(stream=stream, types=types, since=since, after=after):
            after = recorded.ordinal
            yield recorded
        if not pause():
            return
