"""What is asked and what is granted, as the ledger's stream `approvals` tells it.

Whoever changes it reads the stream to its end, decides, and appends only if nobody else has meanwhile; if
somebody has, it looks again. So of several approvers one answers, and of several that wait for one use one
gets it, in however many processes.

    ask:    open → answered (a grant) | refused | withdrawn; refused → answered, when an operator thinks again
    grant:  holds → used up | over (its time) | revoked
"""

import dataclasses
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from ringfence.core.action_types import ACTION_TYPES, Durability
from ringfence.core.dataclass import dataclass
from ringfence.gate.digests import digest_of
from ringfence.gate.hiding import HIDDEN, without_sources
from ringfence.ledger.errors import LedgerUnavailable, StreamMoved
from ringfence.ledger.events.ask_opened import AskOpened
from ringfence.ledger.events.ask_withdrawn import AskWithdrawn
from ringfence.ledger.events.grant_given import GrantGiven
from ringfence.ledger.events.grant_refused import GrantRefused
from ringfence.ledger.events.grant_revoked import GrantRevoked
from ringfence.ledger.events.grant_used import GrantUsed
from ringfence.ledger.ledger import Ledger, Position, Recorded
from ringfence.ledger.values import Facts

if TYPE_CHECKING:  # all types of events, of which a writer needs few
    from ringfence.ledger.event_types import Event

__all__ = ["STREAM", "Approvals", "Ask", "AskState", "Grant", "Wanted", "compared_facts"]

STREAM = "approvals"
_COMPARES = {each.name: each.compares for each in ACTION_TYPES}
_TRIES = 1_000  # at appending before anybody else does


class AskState(StrEnum):
    """What became of a question."""

    OPEN = "open"
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a grant must be for: the fields that the action's type compares, and the rules that ask."""

    action: Facts  # all of them
    action_type: str
    compared: Facts
    rules: tuple[str, ...]
    rules_digest: str

    @property
    def key(self) -> str:
        """Equal for what one grant serves."""
        return _key(self.action_type, self.compared, self.rules_digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One question."""

    id: str
    action: Facts
    rules: tuple[str, ...]
    rules_digest: str
    asked_by: str | None
    opened_at: datetime
    expires_at: datetime | None
    state: AskState = AskState.OPEN
    operator: str | None = None  # who answered

    @property
    def key(self) -> str:
        """As `Wanted.key`."""
        return _key(str(self.action.get("action")), compared_facts(self.action), self.rules_digest)

    def is_pending(self, now: datetime) -> bool:
        """Whether anybody still waits for an answer."""
        return self.state is AskState.OPEN and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One approval."""

    id: str
    given: GrantGiven
    given_at: datetime
    used: int = 0
    over: bool = False  # an event recorded since came after its end, whatever the clock says now
    revoked_by: str | None = None

    def holds(self, now: datetime) -> bool:
        """Whether it lets one more action through."""
        return (
            self.revoked_by is None
            and not self.over
            and (self.given.expires_at is None or now < self.given.expires_at)
            and (self.given.uses is None or self.used < self.given.uses)
        )

    @property
    def key(self) -> str:
        """As `Wanted.key`."""
        return _key(self.given.action_type, self.given.compared, self.given.rules_digest)


def compared_facts(action: Facts) -> Facts:
    """Those that the action's type compares, with the digests of what is hidden of them."""
    names = _COMPARES.get(str(action.get("action")), ())
    compared = {name: without_sources(action[name]) for name in names if name in action}
    return {**compared, HIDDEN: action[HIDDEN]} if HIDDEN in action else compared


class Approvals:
    """The stream, as far as it was read. Threads may share it."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._lock = threading.RLock()
        self._seq = 0
        self._ordinal: int | None = None
        self.asks: dict[str, Ask] = {}
        self.grants: dict[str, Grant] = {}
        self._grants_of: dict[str, list[str]] = {}
        self._keys: dict[str, str] = {}  # of asks, once somebody wanted to know
        self._ending: dict[str, datetime] = {}  # grants that are not over yet, with their ends

    def look(self) -> None:
        """Reads what was appended since."""
        with self._lock:
            for recorded in self._ledger.read(stream=STREAM, after=self._ordinal):
                self._take(recorded)

    def append(self, decide: "Callable[[Approvals], Event | None]") -> "tuple[Event, Position] | None":
        """Appends what `decide` answers to the stream as it is now; nothing when it answers None.

        It may be asked several times: it must have no effect of its own, but for what it raises.
        """
        with self._lock:
            for _ in range(_TRIES):
                self.look()
                event = decide(self)
                if event is None:
                    return None
                try:
                    position = self._ledger.append(
                        event, stream=STREAM, durability=Durability.FSYNC, expect_seq=self._seq
                    )
                except StreamMoved:
                    continue
                self.look()
                return event, position
        raise LedgerUnavailable(
            "others append to the approvals without an end", hint="try again when fewer programs ask"
        )

    def grant_for(self, wanted: Wanted, now: datetime) -> Grant | None:
        """The grant that holds for it and ends first."""
        ids = self._grants_of.get(wanted.key, ())
        holding = (each for each in map(self.grants.__getitem__, ids) if each.holds(now))
        return min(holding, key=_ends, default=None)

    def ask_for(self, wanted: Wanted, asked_by: str | None) -> Ask | None:
        """The newest question for it by the same person."""
        found = [
            each
            for each in self.asks.values()
            if each.rules_digest == wanted.rules_digest
            and each.asked_by == asked_by
            and self._key_of(each) == wanted.key
        ]
        return found[-1] if found else None

    def _key_of(self, ask: Ask) -> str:
        """Its key. Who asks very often is not to make it costly for all others to ask."""
        if ask.id not in self._keys:
            self._keys[ask.id] = ask.key
        return self._keys[ask.id]

    def _take(self, recorded: Recorded) -> None:
        self._seq, self._ordinal = recorded.position.seq, recorded.ordinal
        for grant_id in [each for each, end in self._ending.items() if end <= recorded.at]:
            del self._ending[grant_id]
            self.grants[grant_id] = dataclasses.replace(self.grants[grant_id], over=True)
        match recorded.event:
            case AskOpened() as opened if opened.ask not in self.asks:  # what was read stays what is answered
                self.asks[opened.ask] = Ask(
                    id=opened.ask,
                    action=opened.action,
                    rules=opened.rules,
                    rules_digest=opened.rules_digest,
                    asked_by=opened.asked_by,
                    opened_at=recorded.at,
                    expires_at=opened.expires_at,
                )
            case AskWithdrawn(ask=ask):
                self._settle(ask, AskState.WITHDRAWN, None)
            case GrantRefused(ask=ask, operator=operator):
                self._settle(ask, AskState.REFUSED, operator)
            case GrantGiven() as given if given.grant not in self.grants:
                grant = Grant(id=given.grant, given=given, given_at=recorded.at)
                self.grants[grant.id] = grant
                self._grants_of.setdefault(grant.key, []).append(grant.id)
                if given.expires_at is not None:
                    self._ending[grant.id] = given.expires_at
                self._settle(given.ask, AskState.GRANTED, given.operator)
            case GrantUsed(grant=grant_id, use=use) if grant_id in self.grants:
                self.grants[grant_id] = dataclasses.replace(
                    self.grants[grant_id], used=max(use, self.grants[grant_id].used + 1)
                )
            case GrantRevoked(grant=grant_id, operator=operator) if grant_id in self.grants:
                self.grants[grant_id] = dataclasses.replace(self.grants[grant_id], revoked_by=operator)

    def _settle(self, ask: str | None, state: AskState, operator: str | None) -> None:
        if ask in self.asks:
            self.asks[ask] = dataclasses.replace(self.asks[ask], state=state, operator=operator)


def _key(action_type: str, compared: Mapping[str, object], rules_digest: str) -> str:
    return digest_of([action_type, compared, rules_digest])


def _ends(grant: Grant) -> tuple[bool, float]:
    ends = grant.given.expires_at
    return (ends is None, ends.timestamp() if ends else 0.0)
