"""The running user's sessions that have ended, and how they are forgotten."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from ringfence.app.running.forget import Ended, Forgotten, Kept, forget, look
from ringfence.app.running.tidying import Places, tidy_lost
from ringfence.core.dataclass import dataclass
from ringfence.endpoint.homes import own_home
from ringfence.gate.door import Door
from ringfence.gate.holds import holds_of
from ringfence.sandbox.sessions import Sessions
from ringfence.wiring.gate import open_door, operator
from ringfence.wiring.running import sessions

__all__ = ["Forgetting", "opened"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgetting:
    """This user's sessions and ledger."""

    door: Door
    sessions: Sessions

    def look(
        self, names: Sequence[str], *, before: datetime | None
    ) -> tuple[tuple[Ended, ...], tuple[Kept, ...]]:
        """Those of these names, or all, which were last used before then.

        Raises:
            NoSession: there is none of a name, or several.
            LedgerError: the ledger cannot be read.
        """
        named = {found.id: found for found in (self.sessions.find(name) for name in names)}
        return look(
            tuple(named.values()) if names else tuple(self.sessions.all()),
            sessions=self.sessions,
            ledger=self.door.ledger,
            holds=holds_of(self.door.ledger, self.door.policy().retention).holding(self.door.now()),
            before=before,
        )

    def forget(self, wanted: Sequence[Ended]) -> Iterator[Forgotten | Kept]:
        """As `app.running.forget.forget` does."""
        return forget(wanted, sessions=self.sessions, ledger=self.door.ledger, operator=operator().name)


@contextmanager
def opened(
    *, tell: Callable[[str], None], environment: Mapping[str, str] = os.environ
) -> Iterator[Forgetting]:
    """With everything in order that killed supervisors left, and what was not forgotten wholly gone."""
    door, ours = open_door(environment, tell=tell), sessions(environment)
    try:
        ours.finish_forgetting()
        places = Places(sessions=ours, cache=own_home(environment).cache("ringfence"))
        for session, changes in tidy_lost(places, door.ledger, now=datetime.now(UTC)):
            for change in changes:
                tell(f"session {session.name}, which was lost: {change}")
        yield Forgetting(door=door, sessions=ours)
    finally:
        door.ledger.close()
