"""What a session that goes on has used up before, and what its agent has spent: as the ledger tells it.

Reading keeps nothing of what it has counted. Past `egress_replayed` events it stops, and everything that is
counted is used up: who asks that often has no more to ask for.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice

from ringfence.core.action_types import ACTION_TYPES
from ringfence.core.dataclass import dataclass
from ringfence.core.decisions import ObligationKind
from ringfence.core.limits import LIMITS
from ringfence.egress.broker.budgets import WINDOWS_S, Spending, bounds_bytes
from ringfence.egress.broker.money import Account, Purses, is_money, limits_money
from ringfence.gate.door import Door
from ringfence.ledger.events.decision_made import DecisionMade
from ringfence.ledger.events.egress_carried import EgressCarried
from ringfence.ledger.events.spend_counted import SpendCounted
from ringfence.ledger.events.spend_reserved import SpendReserved
from ringfence.ledger.ledger import Recorded
from ringfence.policy.egressing import Budgets, egressing
from ringfence.policy.policy import Policy

__all__ = ["Outlay", "count_outlays", "outlays", "spent_before"]

_NAMES = {each.name: each.made.__name__ for each in ACTION_TYPES}
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlay:
    """What one request cost, or may have cost where nobody said."""

    at: datetime
    agent: str
    session: str
    rules: tuple[str, ...]
    amount: int  # millionths of a dollar


def spent_before(
    door: Door, policy: Policy, agent: str, *, now: datetime, clock: Callable[[], float]
) -> Spending:
    """The session's budgets, as far as its record tells."""
    granted = egressing(policy.document, agent).budgets
    made = Spending(clock=clock)
    if bounds_bytes(policy, granted):
        _count_carried(made, door)
    windows = _windows(policy, granted)
    if not windows:
        return made
    read = door.ledger.read(stream=door.stream, types=("decision.made",), since=_since(windows, now))
    for each in islice(read, LIMITS.egress_replayed):
        if isinstance(each.event, DecisionMade):
            _count(made, each.event, granted, max((now - each.at).total_seconds(), 0))
    made.is_used_up |= next(read, None) is not None
    return made


def outlays(door: Door, policy: Policy, *, of_session: bool, now: datetime) -> tuple[Outlay, ...] | None:
    """What was spent: by the door's session since it began, or by all in a day; None: too much to tell."""
    if not limits_money(policy):
        return ()
    stream, since = (door.stream, None) if of_session else (None, now - _DAY)
    read = door.ledger.read(stream=stream, types=("spend.reserved", "spend.counted"), since=since)
    found = tuple(_outlays(islice(read, LIMITS.egress_replayed)))
    return found if next(read, None) is None else None


def count_outlays(
    purses: Purses, found: tuple[Outlay, ...] | None, *, now: datetime, session: str | None
) -> None:
    """Counts them: for this session alone, or for all agents."""
    if found is None:
        purses.use_up(session)
        return
    for each in sorted(found, key=lambda one: one.at):
        accounts = [Account(agent=each.agent, session=each.session, rule=rule) for rule in each.rules]
        ago_s = max((now - each.at).total_seconds(), 0)
        purses.count(accounts, each.amount, ago_s=ago_s, pers=WINDOWS_S if session is None else ("session",))


def _outlays(read: Iterator[Recorded]) -> Iterator[Outlay]:
    """Each request once: what it cost, or what was reserved where its broker did not live to count it."""
    reserved: dict[tuple[str, int], Outlay] = {}
    for each in read:
        match each.event:
            case SpendReserved() as event:
                at = (each.position.stream, each.position.seq)
                reserved[at] = _outlay(each.at, event)
            case SpendCounted() as event:
                reserved.pop((each.position.stream, event.reserved), None)
                yield _outlay(each.at, event)
    yield from reserved.values()


def _outlay(at: datetime, event: SpendReserved | SpendCounted) -> Outlay:
    return Outlay(at=at, agent=event.agent, session=event.session, rules=event.rules, amount=event.usd_micro)


def _count_carried(made: Spending, door: Door) -> None:
    read = door.ledger.read(stream=door.stream, types=("egress.carried",))
    for each in islice(read, LIMITS.egress_replayed):
        if isinstance(each.event, EgressCarried):
            made.sent += each.event.sent_bytes
            made.received += each.event.received_bytes
    made.recorded = (made.sent, made.received)
    made.is_used_up = next(read, None) is not None


def _windows(policy: Policy, granted: Budgets) -> set[str | None]:
    """For how long it is counted what is granted only so often."""
    limits = (each for rule in policy.rules for each in rule.obligations)
    return {each.per for each in limits if each.kind is ObligationKind.LIMIT and not is_money(each)} | {
        each.per for each in granted.requests
    }


def _since(windows: set[str | None], now: datetime) -> datetime | None:
    """As far back as it counts; None: from its beginning."""
    lengths_s = [WINDOWS_S.get(each or "") for each in windows]
    known_s = [each for each in lengths_s if each is not None]
    return now - timedelta(seconds=max(known_s)) if len(known_s) == len(lengths_s) else None


def _count(budgets: Spending, event: DecisionMade, granted: Budgets, ago_s: float) -> None:
    """What the session did before, as it was counted then."""
    name, decision = str(event.action.get("action")), event.decision
    if name == "http.request":
        budgets.request(granted, ago_s=ago_s)
    if event.proceeds and decision.obligations and decision.reasons:
        key = (decision.reasons[0].rule, _NAMES.get(name))
        counted = [each for each in decision.obligations if not is_money(each)]
        budgets.limits(key, counted, ago_s=ago_s)
