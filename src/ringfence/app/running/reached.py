"""What a session asked the world for, by host: summed up from recorded decisions and refusals."""

from collections.abc import Mapping
from dataclasses import field

from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.ledger.events.decision_made import DecisionMade
from ringfence.ledger.events.egress_refused import EgressRefused

__all__ = ["CredentialUsed", "Reached", "ReachedHost"]

_ASKS = frozenset({"host.connect", "http.request", "git.push", "tool.call"})
_OTHERS = "others"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachedHost:
    """One host. Pushes of git and calls of tools are counted beside the requests that hold them."""

    host: str
    allowed: int
    refused: int
    why: str | None  # of the last refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialUsed:
    """One credential, and how often it was put in."""

    name: str
    times: int


@dataclass(slots=True)
class Reached:
    """Counts, event by event. Past the limit hosts are counted together."""

    _hosts: dict[str, list[int]] = field(default_factory=dict)
    _why: dict[str, str] = field(default_factory=dict)
    _credentials: dict[str, int] = field(default_factory=dict)

    def hear(self, event: DecisionMade | EgressRefused) -> None:
        """One more."""
        match event:
            case DecisionMade(action=action):
                self._decided(action, event)
            case EgressRefused(host=host, what=what, times=times):
                name = self._named(host.text if host is not None else "")
                self._hosts[name][1] += times
                self._why[name] = what.text

    def hosts(self) -> tuple[ReachedHost, ...]:
        """Those with the most first."""
        found = (
            ReachedHost(host=name, allowed=allowed, refused=refused, why=self._why.get(name))
            for name, (allowed, refused) in self._hosts.items()
        )
        return tuple(sorted(found, key=lambda each: (-each.allowed - each.refused, each.host)))

    def credentials(self) -> tuple[CredentialUsed, ...]:
        """By name."""
        return tuple(CredentialUsed(name=name, times=n) for name, n in sorted(self._credentials.items()))

    def _decided(self, action: Mapping[str, object], event: DecisionMade) -> None:
        kind = action.get("action")
        if kind == "credential.use" and event.proceeds:
            name = str(action.get("credential"))
            self._credentials[name] = self._credentials.get(name, 0) + 1
        if kind not in _ASKS or (kind == "host.connect" and event.proceeds):
            return
        name = self._named(str(action.get("host") or action.get("server") or ""))
        self._hosts[name][not event.proceeds] += 1
        if not event.proceeds:
            because = event.decision.reasons[0]
            self._why[name] = str(because.at) if because.at else "no rule for it"

    def _named(self, host: str) -> str:
        if host not in self._hosts and len(self._hosts) >= LIMITS.refused_kinds:
            host = _OTHERS
        self._hosts.setdefault(host, [0, 0])
        return host
