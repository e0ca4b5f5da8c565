"""One endpoint of a network policy, as a value; what is refused there is refused here."""

import ipaddress
from collections.abc import Iterator

from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.policy.openshell.document import Access, Enforcement, Protocol, Tls
from ringfence.policy.openshell.patterns import host_pattern
from ringfence.policy.openshell.report import Spot
from ringfence.policy.openshell.source import Named
from ringfence.policy.problems import Problems, quoted
from ringfence.policy.shapes.tables import Entry
from ringfence.policy.shapes.texts import Worded
from ringfence.policy.values import Network

__all__ = ["Endpoint", "Matcher", "endpoints"]

_LAST_PORT = 65_535
_WITHOUT_REQUESTS = frozenset({"path", "enforcement", "access", "rules", "deny_rules", "allow_encoded_slash"})
_WITHOUT_ACCESS = frozenset({Protocol.MCP, Protocol.JSON_RPC})


@dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    """What one rule asks for; None where it asks nothing."""

    spot: Spot
    method: str | None
    path: str | None
    query: tuple[tuple[str, tuple[str, ...]], ...]  # name, patterns
    operation_type: str | None
    operation_name: str | None
    fields: tuple[str, ...] | None
    tool: tuple[str, ...] | None
    command: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where to, and what may be asked there."""

    spot: Spot
    policy: str  # the name of the network policy
    entry: Entry  # for keys that grant nothing here
    host: str | None  # our pattern
    wide_host: str | None  # that leaves none out
    ports: tuple[int, ...]
    selector: str  # which of the requests, as it stands
    addresses: tuple[Network, ...]
    protocol: Protocol | None
    tls: Tls | None
    is_audited: bool
    access: Access | None
    rules: tuple[Matcher, ...] | None
    denials: tuple[Matcher, ...]
    programs: tuple[str, ...]  # as they stand

    @property
    def is_inspected(self) -> bool:
        """Whether requests are read there."""
        return self.protocol not in (None, Protocol.TCP)

    @property
    def has_rules(self) -> bool:
        """Whether it says what may be asked, even where that counts for nothing there."""
        return self.access is not None or self.rules is not None or bool(self.denials)

    @property
    def is_exact(self) -> bool:
        """Whether it names one host."""
        return self.host is not None and not set(self.host) & set("*?")


def endpoints(policy: Named) -> Iterator[Endpoint]:
    """Its endpoints; adds a problem for what OpenShell refuses, too."""
    programs: tuple[Entry, ...] = policy.entry.get("binaries") or ()
    paths: list[Worded] = [each.get("path") for each in programs]
    entries: tuple[Entry, ...] = policy.entry.get("endpoints") or ()
    for number, entry in enumerate(entries):
        spot = policy.spot.of(f"endpoints[{number}]", entry)
        _check(entry, policy.problems)
        host: Worded | None = entry.get("host")
        selector: Worded | None = entry.get("path")
        allowed: tuple[Entry, ...] | None = entry.get("rules")
        denied: tuple[Entry, ...] = entry.get("deny_rules") or ()
        yield Endpoint(
            spot=spot,
            policy=policy.name,
            entry=entry,
            host=_host(host, policy.problems),
            wide_host=None if host is None else host_pattern(host.text, is_wide=True),
            ports=_ports(entry, policy.problems),
            selector="" if selector is None else selector.text,
            addresses=tuple(_addresses(entry, policy.problems)),
            protocol=entry.get("protocol"),
            tls=entry.get("tls"),
            is_audited=entry.get("enforcement") is not Enforcement.ENFORCE,
            access=entry.get("access"),
            rules=None if allowed is None else tuple(_allowed(allowed, spot, policy.problems)),
            denials=tuple(
                _matcher(each, spot.of(f"deny_rules[{n}]", each), policy.problems)
                for n, each in enumerate(denied)
            ),
            programs=tuple(each.text for each in paths),
        )


def _allowed(rules: tuple[Entry, ...], spot: Spot, problems: Problems) -> Iterator[Matcher]:
    for number, each in enumerate(rules):
        yield _matcher(each.get("allow"), spot.of(f"rules[{number}]", each), problems)


def _check(entry: Entry, problems: Problems) -> None:
    """What does not go together."""
    protocol: Protocol | None = entry.get("protocol")
    if entry.get("access") is not None and entry.get("rules") is not None:
        problems.add(entry.at("access"), "both `access` and `rules`", hint="keep one of them")
    if protocol is Protocol.TCP:
        for key in sorted(_WITHOUT_REQUESTS & entry.values.keys()):
            what = f"`protocol: tcp` has no requests, and no `{key}`"
            problems.add(entry.at(key), what, hint=f"remove `{key}`, or write the protocol that is meant")
    if protocol in _WITHOUT_ACCESS and entry.get("access") is not None:
        what = f"`protocol: {protocol}` has no `access`"
        problems.add(entry.at("access"), what, hint="write `rules`")
    if entry.get("host") is None and not entry.get("allowed_ips"):
        problems.add(entry, "an endpoint without a host", hint="add `host`")


def _host(host: Worded | None, problems: Problems) -> str | None:
    if host is None:
        return None
    found = host_pattern(host.text)
    if found is None:
        hint = "name one, or three parts and more with a `*` as the first or a whole later one"
        problems.add(host, f"{quoted(host.text)} is no host", hint=hint)
    return found


def _ports(entry: Entry, problems: Problems) -> tuple[int, ...]:
    one, several = entry.get("port"), entry.get("ports")
    if (one is None) == (several is None):
        what = "no port" if one is None else "both `port` and `ports`"
        problems.add(entry, what, hint="write one of `port` and `ports`")
        return ()
    ports: tuple[int, ...] = several if one is None else (one,)
    if not all(1 <= each <= _LAST_PORT for each in ports):
        problems.add(entry, "there is no such port", hint=f"from 1 to {_LAST_PORT}")
    if len(ports) > LIMITS.egress_ports:
        problems.add(entry, f"more than {LIMITS.egress_ports} ports", hint="name those that are needed")
    return tuple(dict.fromkeys(ports))


def _addresses(entry: Entry, problems: Problems) -> Iterator[Network]:
    given: tuple[Worded, ...] = entry.get("allowed_ips") or ()
    for each in given:
        try:
            yield ipaddress.ip_network(each.text)
        except ValueError:
            hint = "write addresses such as 10.0.0.0/8, with no bits behind the slash's"
            problems.add(each, f"{quoted(each.text)} is no range of addresses", hint=hint)


def _matcher(entry: Entry, spot: Spot, problems: Problems) -> Matcher:
    path: Worded | None = entry.get("path")
    fields: tuple[Worded, ...] | None = entry.get("fields")
    params: Entry | None = entry.get("params")
    named = (entry.get("tool"), entry.get("params.name"), params.get("name") if params is not None else None)
    tools: list[tuple[Worded, ...]] = [each for each in named if each is not None]
    if len(tools) > 1:
        problems.add(entry, "a rule names tools twice", hint="keep `tool`")
    queries = entry.get("query") or ()
    return Matcher(
        spot=spot,
        method=entry.get("method"),
        path=None if path is None else path.text,
        query=tuple((name.text, tuple(each.text for each in globs)) for name, globs in queries),
        operation_type=entry.get("operation_type"),
        operation_name=entry.get("operation_name"),
        fields=None if fields is None else tuple(each.text for each in fields),
        tool=tuple(each.text for each in tools[0]) if tools else None,
        command=entry.get("command"),
    )
