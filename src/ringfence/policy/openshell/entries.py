"""Entries of a profile, made of endpoints: each with its origin, and asked about where it is for more."""

from collections.abc import Iterable, Mapping
from dataclasses import field

from ringfence.core.actions import FieldKind
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip, printable
from ringfence.policy.openshell.endpoint import Endpoint
from ringfence.policy.openshell.patterns import narrow, wide, without_parameters
from ringfence.policy.openshell.report import Came, Report, Spot
from ringfence.policy.openshell.standing import Standing, overlap
from ringfence.policy.problems import quoted

__all__ = ["Entries", "Making", "Value", "programs", "within"]

Value = str | int | bool | list["Value"] | dict[str, "Value"]

_ALL = ("", "*", "**", "/**")


@dataclass(slots=True, kw_only=True)
class Entries:
    """What the profile's lists will have."""

    network: list[dict[str, Value]] = field(default_factory=list)
    tools: list[dict[str, Value]] = field(default_factory=list)
    private: list[dict[str, Value]] = field(default_factory=list)
    odd: set[tuple[str, int, int]] = field(default_factory=set)  # where odd paths are denied

    @property
    def granted(self) -> list[tuple[str, int]]:
        """Hosts, as patterns, and ports of which something is granted or asked about."""
        found = ((each["host"], each["port"]) for each in self.network if each.get("then") != "deny")
        return list(dict.fromkeys((str(host), port) for host, port in found if isinstance(port, int)))

    @property
    def is_full(self) -> bool:
        """Whether there are more than are imported; no more are taken."""
        return len(self.network) + len(self.tools) > LIMITS.imported_entries


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """Makes the entries of one endpoint."""

    endpoint: Endpoint
    standing: Standing
    programs: tuple[str, ...]  # patterns of ours
    entries: Entries
    report: Report

    def allow(self, what: Mapping[str, Value], at: Spot, *, is_exact: bool = True) -> None:
        """Grants requests, or the whole host; asks, where that is more than was meant."""
        for port in self.standing.ports:
            entry: dict[str, Value] = {**self._where(self.endpoint.host, port), **what}
            entry["program"] = list(self.programs)
            if self.standing.is_asked or not is_exact:
                entry["then"] = "ask"
            self._take(self.entries.network, entry, at)

    def deny(self, what: Mapping[str, Value], at: Spot) -> None:
        """Denies requests, whoever asks for them: what a program starts counts as the program there."""
        for port in self.standing.ports:
            where = self._where(self.endpoint.wide_host, port)
            self._take(self.entries.network, {**where, **what, "then": "deny"}, at)

    def deny_odd_paths(self, granted: Iterable[tuple[str, int]]) -> None:
        """Denies paths that are read otherwise there, on hosts and ports of which something is granted."""
        endpoint = self.endpoint
        patterns = without_parameters(allows_slash=endpoint.entry.get("allow_encoded_slash") is True)
        for port in self.standing.ports:
            where = self._where(endpoint.host, port)
            entry: dict[str, Value] = {**where, "paths": list(patterns), "then": "deny"}
            known = (endpoint.host or "", port, len(patterns))
            is_granted = any(port == at and overlap(known[0], host) for host, at in granted)
            if is_granted and known not in self.entries.odd:
                self.entries.odd.add(known)
                self._take(self.entries.network, entry, endpoint.spot)

    def tool(self, tools: list[str], then: str, at: Spot) -> None:
        """Says what becomes of calls of tools."""
        host = self.endpoint.wide_host if then == "deny" else self.endpoint.host
        for port in self.standing.ports:
            server = f"{host}{'' if port == 443 else f':{port}'}"
            entry: dict[str, Value] = {"server": [f"{server}/**", f"{server}/"], "tool": list(tools)}
            self._take(self.entries.tools, {**entry, "then": then} if then != "allow" else entry, at)

    def left_out(self, at: Spot, there: str) -> None:
        """Says that something grants nothing."""
        self.report.add(Came.LEFT_OUT, at, there, "nothing is granted by it")

    @staticmethod
    def _where(host: str | None, port: int) -> dict[str, Value]:
        assert host is not None  # or it would be left out
        return {"host": host, "port": port}

    def _take(self, to: list[dict[str, Value]], entry: dict[str, Value], at: Spot) -> None:
        if not self.entries.is_full:  # of which whoever makes them all tells
            name = clip(printable(self.endpoint.policy), chars=LIMITS.policy_quoted_chars)
            to.append({**entry, "why": f"OpenShell: {name}, {at}"})


def programs(endpoint: Endpoint, report: Report) -> tuple[str, ...]:
    """The programs that it is for, as patterns of ours; what cannot be said is told."""
    found = []
    for each in endpoint.programs:
        pattern = narrow(each, FieldKind.PATH)
        if pattern is None:
            there = f"the program {quoted(each)} has no pattern of ringfence's"
            report.add(Came.LEFT_OUT, endpoint.spot, there, "nothing is granted to it")
        else:
            found.append(pattern)
    return tuple(dict.fromkeys(found))


def within(selector: str, pattern: str | None = None) -> tuple[list[str] | None, bool]:
    """The paths of requests that an endpoint is for and a rule as well; whether these are no more than that.

    None is every path; an empty list none at all. Without a pattern a rule is for all paths.
    """
    rule = None if pattern is None else narrow(pattern)
    if pattern is not None and rule is None:
        return [], True
    if selector in _ALL:
        return (None if rule is None else [rule]), True
    begins = selector.removesuffix("/**")
    is_plain = narrow(begins) == begins and not set(begins) & set("*?")
    if not is_plain:
        return (list(wide(selector)) if rule is None else [rule]), False
    own = [begins, f"{begins}/**"] if selector.endswith("/**") else [begins]
    if rule is None or rule == "/**":
        return own, True
    if not set(rule) & set("*?"):
        is_in = rule == begins or (len(own) > 1 and rule.startswith(f"{begins}/"))
        return ([rule] if is_in else []), True
    if len(own) > 1 and rule.startswith(f"{begins}/"):
        return [rule], True
    return [rule], False
