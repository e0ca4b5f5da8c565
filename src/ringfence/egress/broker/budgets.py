"""What a session has used up: connections, requests in a while, bytes each way, uses of a rule.

A session that goes on begins with what its record tells of.
Money is counted elsewhere (`money`). What cannot be counted is refused.
"""

from collections.abc import Callable, Iterable
from dataclasses import field

from ringfence.core.dataclass import dataclass
from ringfence.core.decisions import Obligation, ObligationKind
from ringfence.policy.egressing import Budgets
from ringfence.policy.policy import Policy

__all__ = ["WINDOWS_S", "Spending", "Spent", "bounds_bytes"]

WINDOWS_S = {"minute": 60, "hour": 3_600, "day": 86_400}
"""How long counts go on; those of a session have no end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """A budget that has nothing left, in words."""

    what: str
    hint: str


_USED_UP = Spent(
    what="the session has asked for more than can be counted again since it was opened anew",
    hint="start a new session",
)


@dataclass(slots=True)
class _Window:
    """How often since when."""

    since: float
    count: int = 0


@dataclass(slots=True, kw_only=True)
class Spending:
    """One session's. One thread uses it. `clock`: seconds that only grow."""

    clock: Callable[[], float]
    sent: int = 0
    received: int = 0
    recorded: tuple[int, int] = (0, 0)  # how much of both
    is_used_up: bool = False  # more happened before than can be counted again
    _windows: dict[object, _Window] = field(default_factory=dict)

    def connection(self, granted: Budgets, is_open: int) -> Spent | None:
        """Whether one more may be opened beside those that are open."""
        if granted.connections is not None and is_open >= granted.connections.amount:
            return _spent(f"{granted.connections.amount} connections at one time", "connections")
        return self.bytes(granted)

    def request(self, granted: Budgets, *, ago_s: float = 0) -> Spent | None:
        """Counts a request, or says why it may not be. `ago_s`: it was before now; in their order."""
        if self.is_used_up and granted.requests:
            return _USED_UP
        for rate in granted.requests:
            if not self._counted(("requests", rate.per), rate.amount, WINDOWS_S.get(rate.per), ago_s):
                return _spent(f"{rate.amount} requests for each {rate.per}", "requests")
        return self.bytes(granted)

    def bytes(self, granted: Budgets) -> Spent | None:
        """Whether anything may still be sent and received."""
        for bound, used, key in (
            (granted.sent_bytes, self.sent, "sent"),
            (granted.received_bytes, self.received, "received"),
        ):
            if bound is not None and self.is_used_up:
                return _USED_UP
            if bound is not None and used >= bound.amount:
                return _spent(f"{bound.amount} bytes {key}", key)
        return None

    def limits(self, key: object, obligations: Iterable[Obligation], *, ago_s: float = 0) -> Spent | None:
        """Counts one use of what `key` stands for, against each of these, or says why it may not be."""
        for each in obligations:
            if each.kind is not ObligationKind.LIMIT or each.amount is None or each.per is None:
                continue
            is_money = each.unit == "usd-micro"
            amount = f"{each.amount / 1_000_000:g} USD" if is_money else f"{each.amount} {each.unit}"
            said = f"{amount} for each {each.per}"
            if self.is_used_up:
                return _USED_UP
            if each.unit == "calls":
                if not self._counted((key, said), each.amount, WINDOWS_S.get(each.per), ago_s):
                    return Spent(
                        what=f"the policy grants {said}, and they are used up", hint="wait, or raise it"
                    )
            elif each.unit == "bytes" and each.per == "session":
                if self.sent + self.received >= each.amount:
                    return Spent(what=f"the policy grants {said}, and they are used up", hint="raise it")
            else:
                return Spent(
                    what=f"the policy grants {said}, which nobody can count here",
                    hint="limit how often instead, with `rate`",
                )
        return None

    def _counted(self, key: object, most: int, seconds: int | None, ago_s: float) -> bool:
        now = self.clock() - ago_s
        window = self._windows.setdefault(key, _Window(now))
        if seconds is not None and now - window.since >= seconds:
            window.since, window.count = now, 0
        if window.count >= most:
            return False
        window.count += 1
        return True


def bounds_bytes(policy: Policy, granted: Budgets) -> bool:
    """Whether it matters how many a session sends and receives."""
    if granted.sent_bytes is not None or granted.received_bytes is not None:
        return True
    return any(each.unit == "bytes" for rule in policy.rules for each in rule.obligations)


def _spent(what: str, key: str) -> Spent:
    hint = f"`egress: {{{key}: …}}` in the profile says how much"
    return Spent(what=f"the session's {what} are used up", hint=hint)
