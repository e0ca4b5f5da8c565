"""Puts everything that was seen before the policy, and records it.

Without a policy that loads, nothing is judged; without a ledger that takes it, nothing is recorded. Both are
told, and what was seen is there all the same.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from ringfence.app.scan.request import ScanRequest
from ringfence.app.standing.judging import Decide, inventory_with_standings, told_by
from ringfence.app.standing.looked import looked_by
from ringfence.app.standing.recording import Book, Observed, record
from ringfence.core.dataclass import dataclass
from ringfence.core.errors import RingfenceError
from ringfence.core.inventory import Inventory
from ringfence.core.machine import Agent
from ringfence.policy.policy import Policy

__all__ = ["Assessor"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessor:
    """What assessing takes on this machine; wiring fills it in. `tell` hears what a person should know."""

    policy: Callable[[], Policy]
    book: Callable[[], Book] | None  # None: nothing is to be recorded
    now: Callable[[], datetime]  # UTC
    tell: Callable[[str], None]

    def assess(
        self,
        inventory: Inventory,
        request: ScanRequest,
        *,
        listening: frozenset[tuple[str, int]] | None,
    ) -> Inventory:
        """The inventory with standings, and where it is recorded; or why not."""
        unsettled: list[str] = []
        policy: Policy | None = None
        decide: Decide | None = None
        try:
            policy = self.policy()
        except RingfenceError as error:
            unsettled.append(f"not judged by a policy: {error.what}; {error.hint}")
        else:
            decide = told_by(policy, now=self.now())
            inventory = inventory_with_standings(inventory, decide, purpose=request.purpose)
        if self.book is not None:
            try:
                book = self.book()
                observed = _observed(inventory, request, book, listening)
                made = record(observed, book, decide=decide, policy_digest=policy.digest if policy else None)
                inventory = replace(inventory, record=made)
            except RingfenceError as error:
                unsettled.append(f"not recorded: {error.what}; {error.hint}")
        for each in unsettled:
            self.tell(f"what was seen is {each}")
        return replace(inventory, unsettled=tuple(unsettled))


def _observed(
    inventory: Inventory,
    request: ScanRequest,
    book: Book,
    listening: frozenset[tuple[str, int]] | None,
) -> Observed:
    """Agents are looked at as a whole: of a scan of some folders, what it saw of them is not recorded."""
    whole = not request.paths
    return Observed(
        started_at=inventory.started_at,
        complete=inventory.complete,
        seen=tuple(each for each in inventory.things if whole or not isinstance(each, Agent)),
        homes=inventory.scope.homes,
        looked=looked_by(
            inventory,
            book.paths,
            whole=whole,
            system=whole and request.home is None,
            installed=request.installed,
            listening=listening,
        ),
        purpose=request.purpose,
    )
