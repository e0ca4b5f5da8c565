"""What a session was refused because no rule is for it, gathered from its record.

Whoever ran in the box chose all of it. What a rule denies or asks about stays so; what is private, looks like
something else, or holds what may be a secret is left out, and counted with the reason.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import datetime
from typing import TypeVar

from ringfence.app.learning.fitting import unfit_host, unfit_parameter, unfit_path, unfit_text
from ringfence.core.dataclass import dataclass
from ringfence.core.decisions import Decision, Effect
from ringfence.core.limits import LIMITS
from ringfence.core.redaction import CUT
from ringfence.gate.hiding import hidden_values
from ringfence.ledger.events.decision_made import DecisionMade
from ringfence.ledger.events.egress_refused import EgressRefused
from ringfence.ledger.ledger import Recorded
from ringfence.ledger.values import Facts, Json

__all__ = ["Asked", "Called", "Heard", "Left", "Pushed", "Server", "Times", "heard"]

_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
_ADDRESS = "address"  # the trouble of what a name leads to
_FETCHES, _PUSHES = "service=git-upload-pack", "service=git-receive-pack"
_REFS, _FETCH, _PUSH = "/info/refs", "/git-upload-pack", "/git-receive-pack"

KeyT = TypeVar("KeyT")

Server = tuple[str, int]
"""A host and a port."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """How often, and when. UTC."""

    count: int
    first: datetime
    last: datetime

    def and_at(self, at: datetime) -> "Times":
        """Once more."""
        return Times(count=self.count + 1, first=min(self.first, at), last=max(self.last, at))

    def with_(self, other: "Times") -> "Times":
        """Both."""
        return Times(
            count=self.count + other.count,
            first=min(self.first, other.first),
            last=max(self.last, other.last),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request. Its parameters are known by their names alone."""

    method: str
    path: str
    names: tuple[str, ...] = ()  # of parameters, sorted
    operations: tuple[str, ...] = ()  # of GraphQL, sorted


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """A push of git. None: the reference was not asked for yet."""

    repository: str  # /org/repo
    ref: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """A tool."""

    server: str
    tool: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """Something that is not proposed. `about` is anybody's text."""

    about: str
    why: str


@dataclass(slots=True)
class Heard:
    """All of it."""

    requests: dict[Server, dict[Asked, Times]] = field(default_factory=dict)
    pushes: dict[Server, dict[Pushed, Times]] = field(default_factory=dict)
    calls: dict[Called, Times] = field(default_factory=dict)
    left: Counter[Left] = field(default_factory=Counter)
    _connections: dict[Server, int] = field(default_factory=dict)
    _private: set[str] = field(default_factory=set)
    _known: int = 0

    def hear(self, event: DecisionMade, at: datetime) -> None:
        """One more decision."""
        facts, name = event.action, str(event.action.get("action"))
        about = next((str(facts[each]) for each in ("host", "server", "path") if each in facts), name)
        if event.proceeds:
            return
        against = _against(event.decision) or self._unfit(name, facts)
        if against is not None:
            self.leave(about, against)
        elif name == "host.connect":
            server = _server(facts)
            self._connections[server] = self._connections.get(server, 0) + 1
        elif self._known >= LIMITS.learned_requests:
            self.leave("more", f"more than {LIMITS.learned_requests} different requests")
        else:
            self._keep(name, facts, at)

    def leave(self, about: str, why: str, times: int = 1) -> None:
        """Left out; past the limit what it is about is not told apart."""
        left = Left(about=about, why=why)
        if left not in self.left and len(self.left) >= LIMITS.refused_kinds:
            left = Left(about="others", why="too many to name them")
        self.left[left] += times

    def is_private(self, host: str) -> None:
        """What the host's name leads to is private."""
        self._private.add(host)

    def end(self) -> None:
        """Nothing more comes."""
        for server in [each for each in (*self.requests, *self.pushes) if each[0] in self._private]:
            times = [*self.requests.pop(server, {}).values(), *self.pushes.pop(server, {}).values()]
            self.leave(server[0], "its addresses are private", sum(each.count for each in times))
        for server, count in self._connections.items():
            if server not in self.requests and server not in self.pushes:
                self.leave(server[0], "a connection of which no request could be read", count)

    def _unfit(self, name: str, facts: Facts) -> str | None:
        """Why a rule for this is never proposed."""
        if hidden_values(facts):
            return "it holds what looks secret"
        match name:
            case "host.connect" if facts.get("raw"):
                return "nobody could read what is said there"
            case "host.connect":
                return unfit_host(str(facts.get("host")))
            case "git.push":
                return _unfit_push(facts)
            case "http.request":
                return _unfit_request(facts)
            case "tool.call":
                return unfit_text(str(facts.get("server"))) or unfit_text(str(facts.get("tool")))
            case "credential.use":
                return "credentials are never proposed"
        return "no rule is proposed for that"

    def _keep(self, name: str, facts: Facts, at: datetime) -> None:
        match name:
            case "tool.call":
                self._count(
                    self.calls, Called(server=str(facts.get("server")), tool=str(facts.get("tool"))), at
                )
            case "git.push":
                pushed = Pushed(repository=str(facts.get("repository")), ref=str(facts.get("ref")))
                self._count(self.pushes.setdefault(_server(facts), {}), pushed, at)
            case "http.request":
                self._request(facts, at)

    def _request(self, facts: Facts, at: datetime) -> None:
        server, path, query = _server(facts), str(facts.get("path")), _texts(facts.get("query"))
        if path.endswith(_PUSH) or (path.endswith(_REFS) and _PUSHES in query):
            repository = path.removesuffix(_PUSH).removesuffix(_REFS).removesuffix(".git")
            self._count(self.pushes.setdefault(server, {}), Pushed(repository=repository, ref=None), at)
            return
        requests = self.requests.setdefault(server, {})
        if path.endswith(_REFS) and _FETCHES in query:  # what git asks next if it gets an answer
            self._count(requests, Asked(method="POST", path=path.removesuffix(_REFS) + _FETCH), at)
        names = tuple(sorted({each.partition("=")[0] for each in query}))
        asked = Asked(
            method=str(facts.get("method")),
            path=path,
            names=names,
            operations=tuple(sorted(set(_texts(facts.get("operations"))))),
        )
        self._count(requests, asked, at)

    def _count(self, among: dict[KeyT, Times], key: KeyT, at: datetime) -> None:
        known = among.get(key)
        self._known += known is None
        among[key] = Times(count=1, first=at, last=at) if known is None else known.and_at(at)


def heard(events: Iterable[Recorded]) -> Heard:
    """What these events tell."""
    found = Heard()
    for each in events:
        match each.event:
            case DecisionMade() as event:
                found.hear(event, each.at)
            case EgressRefused(trouble=trouble, host=host) if trouble == _ADDRESS and host is not None:
                found.is_private(host.text)
    found.end()
    return found


def _against(decision: Decision) -> str | None:
    """What an allowance would not help against."""
    because = decision.reasons[0]
    if because.rule is None:
        return None
    return f"{because.at} {'asks about it' if decision.effect is Effect.ASK else 'denies it'}"


def _unfit_request(facts: Facts) -> str | None:
    path, names = str(facts.get("path")), [each.partition("=")[0] for each in _texts(facts.get("query"))]
    if facts.get("method") not in _METHODS:
        return "a method of no common kind"
    if any(CUT in each for each in (path, *names)):
        return "it holds what looks secret"
    return unfit_host(str(facts.get("host"))) or unfit_path(path) or unfit_parameter(names)


def _unfit_push(facts: Facts) -> str | None:
    if facts.get("change") == "delete" or facts.get("force") is not False:
        return "a push that may drop commits"
    unfit = unfit_path(str(facts.get("repository"))) or unfit_text(str(facts.get("ref")))
    return unfit_host(str(facts.get("host"))) or unfit


def _server(facts: Mapping[str, Json]) -> Server:
    port = facts.get("port")
    return str(facts.get("host")), port if isinstance(port, int) else 0


def _texts(value: Json) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list | tuple) else []
