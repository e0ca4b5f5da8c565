"""The running user's sessions that have ended, and how they are forgotten."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from ringfence.app.running.forget import Ended, Forgotten, Kept, forget, look
from ringfence.app.running.forget_homes import (
    ForgottenHome,
    HomeStays,
    find_homes,
    forget_homes,
    look_at_homes,
)
from ringfence.app.running.places import Places
from ringfence.app.running.tidying import tidy_lost
from ringfence.core.dataclass import dataclass
from ringfence.endpoint.homes import own_home
from ringfence.gate.door import Door
from ringfence.gate.holds import Hold, holds_of
from ringfence.sandbox.kept_homes import KeptHome, KeptHomes
from ringfence.sandbox.sessions import Sessions
from ringfence.wiring.gate import open_door, operator
from ringfence.wiring.running import sessions

__all__ = ["Forgetting", "opened"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgetting:
    """This user's sessions and ledger."""

    door: Door
    sessions: Sessions
    homes: KeptHomes

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
            holds=self._holds(),
            before=before,
        )

    def forget(self, wanted: Sequence[Ended]) -> Iterator[Forgotten | Kept]:
        """As `app.running.forget.forget` does."""
        return forget(wanted, sessions=self.sessions, ledger=self.door.ledger, operator=operator().name)

    def look_at_homes(
        self, names: Sequence[str], *, before: datetime | None
    ) -> tuple[tuple[KeptHome, ...], tuple[HomeStays, ...]]:
        """The kept ones of these names, or all, which were last used before then.

        Raises:
            NoHome: there is none of a name.
            LedgerError: the ledger cannot be read.
        """
        return look_at_homes(
            find_homes(self.homes, names), sessions=self.sessions, holds=self._holds(), before=before
        )

    def forget_homes(self, wanted: Sequence[KeptHome]) -> Iterator[ForgottenHome | HomeStays]:
        """As `app.running.forget_homes.forget_homes` does."""
        return forget_homes(
            wanted,
            homes=self.homes,
            ledger=self.door.ledger,
            stream=self.door.stream,
            operator=operator().name,
        )

    def _holds(self) -> Sequence[Hold]:
        return holds_of(self.door.ledger, self.door.policy().retention).holding(self.door.now())


@contextmanager
def opened(
    *, tell: Callable[[str], None], environment: Mapping[str, str] = os.environ
) -> Iterator[Forgetting]:
    """With everything in order that killed supervisors left, and what was not forgotten wholly gone."""
    door, ours = open_door(environment, tell=tell), sessions(environment)
    try:
        places = Places(sessions=ours, cache=own_home(environment).cache("ringfence"))
        ours.finish_forgetting()
        places.homes.finish_forgetting()
        for session, changes in tidy_lost(places, door.ledger, now=datetime.now(UTC)):
            for change in changes:
                tell(f"session {session.name}, which was lost: {change}")
        yield Forgetting(door=door, sessions=ours, homes=places.homes)
    finally:
        door.ledger.close()
