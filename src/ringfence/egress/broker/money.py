"""Limits in money: what requests have cost, what those without an answer may cost, whether one more goes.

| per | whose requests are counted together |
|-|-|
| minute, hour, day | the agent's, of all its sessions |
| session | the session's |

A request goes while what is spent and held is less than the limit. What it may cost is held until its answer
says what it did, so that many at one time do not pass together; the one that reaches the limit is answered.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import field

from ringfence.core.actions import Action, CredentialUse, HttpRequest
from ringfence.core.dataclass import dataclass
from ringfence.core.decisions import Decision, Effect, Obligation, ObligationKind
from ringfence.egress.broker.budgets import WINDOWS_S, Spent
from ringfence.policy.policy import Policy

__all__ = ["Account", "Limit", "Purses", "is_money", "limits_in", "limits_money", "without_money"]

_UNIT = "usd-micro"
_COUNTED = (CredentialUse, HttpRequest)
_PERIODS = (*WINDOWS_S, "session")

_Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What a rule's limits count."""

    agent: str
    session: str
    rule: str

    def key(self, per: str) -> _Key:
        """Under which it is counted."""
        return (self.session if per == "session" else self.agent, self.rule, per)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """So many millionths of a dollar for each minute, hour, day or session."""

    account: Account
    amount: int
    per: str


@dataclass(slots=True)
class _Purse:
    """What was spent since when."""

    since: float
    spent: int = 0


@dataclass(slots=True, kw_only=True)
class Purses:
    """One broker's. One thread uses it. `clock`: seconds that only grow."""

    clock: Callable[[], float]
    is_replayed: bool = False  # whether what earlier brokers counted is in it
    _purses: dict[_Key, _Purse] = field(default_factory=dict)
    _held: dict[_Key, int] = field(default_factory=dict)
    _used_up: set[str | None] = field(default_factory=set)  # sessions; None: all

    def check(self, limits: Iterable[Limit]) -> Spent | None:
        """Why no other request may go; None where one may."""
        for each in limits:
            if not self._used_up.isdisjoint((None, each.account.session)):
                return Spent(what="more was asked for than can be counted again", hint="try again tomorrow")
            spent, held = self._now(each)
            if spent + held >= each.amount:
                waits = f", and {_usd(held)} held for requests that are not answered yet" if held else ""
                return Spent(
                    what=f"the policy grants {_usd(each.amount)} for each {each.per}, "
                    f"and {_usd(spent)} are spent by list prices{waits}",
                    hint="wait, or raise it",
                )
        return None

    def left(self, limits: Iterable[Limit]) -> int:
        """The least that any of them leaves."""
        return min(max(each.amount - sum(self._now(each)), 0) for each in limits)

    def hold(self, accounts: Iterable[Account], amount: int) -> None:
        """It may be spent: it counts until it is settled."""
        for key in _keys(accounts):
            self._held[key] = self._held.get(key, 0) + amount

    def settle(self, accounts: Iterable[Account], held: int, spent: int) -> None:
        """What was held is over; this much of it, or more, was spent."""
        accounts = tuple(accounts)
        for key in _keys(accounts):
            left = self._held.pop(key, 0) - held
            if left > 0:
                self._held[key] = left
        self.count(accounts, spent)

    def count(
        self,
        accounts: Iterable[Account],
        spent: int,
        *,
        ago_s: float = 0,
        pers: Collection[str] = _PERIODS,
    ) -> None:
        """Counts what was spent, in these periods. `ago_s`: that was before now; in their order."""
        now = self.clock() - ago_s
        for key in _keys(accounts, pers) if spent else ():
            self._purse(key, now).spent += spent

    def use_up(self, session: str | None) -> None:
        """Nothing is left for the session, or for anybody."""
        self._used_up.add(session)

    def forget(self, session: str) -> None:
        """A session is over, or its record is read once more."""
        self._used_up.discard(session)
        for key in [each for each in self._purses if each[0] == session and each[2] == "session"]:
            del self._purses[key]

    def _now(self, limit: Limit) -> tuple[int, int]:
        key = limit.account.key(limit.per)
        return self._purse(key, self.clock()).spent, self._held.get(key, 0)

    def _purse(self, key: _Key, now: float) -> _Purse:
        purse = self._purses.setdefault(key, _Purse(now))
        seconds = WINDOWS_S.get(key[2])
        if seconds is not None and now - purse.since >= seconds:
            purse.since, purse.spent = now, 0
        return purse


def is_money(obligation: Obligation) -> bool:
    """Whether it limits what may be spent."""
    return obligation.kind is ObligationKind.LIMIT and obligation.unit == _UNIT


def limits_in(decision: Decision, action: Action, *, agent: str, session: str) -> tuple[Limit, ...]:
    """The limits in money under which an action is let through; none of one whose cost nobody can count."""
    if decision.effect is Effect.DENY or not decision.obligations or not isinstance(action, _COUNTED):
        return ()
    account = Account(agent=agent, session=session, rule=decision.reasons[0].rule or "")
    return tuple(
        Limit(account=account, amount=each.amount, per=each.per)
        for each in decision.obligations
        if is_money(each) and each.amount is not None and each.per is not None
    )


def without_money(action: Action, obligations: tuple[Obligation, ...]) -> tuple[Obligation, ...]:
    """Those that are counted otherwise; of an action whose cost nobody can count, all."""
    if not isinstance(action, _COUNTED):
        return obligations
    return tuple(each for each in obligations if not is_money(each))


def limits_money(policy: Policy, kind: str | None = None) -> bool:
    """Whether any rule limits money; with `kind`, any on actions of that type."""
    rules = (each for each in policy.rules if kind is None or kind in each.action_types)
    return any(is_money(each) for rule in rules for each in rule.obligations)


def _keys(accounts: Iterable[Account], pers: Collection[str] = _PERIODS) -> Iterator[_Key]:
    for each in dict.fromkeys(accounts):
        for per in pers:
            yield each.key(per)


def _usd(amount: int) -> str:
    return f"{amount / 1_000_000:.6f}".rstrip("0").rstrip(".") + " USD"
