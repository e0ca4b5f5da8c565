"""What one endpoint loses by what else is in the files: it is asked about, or left out.

In OpenShell one endpoint can take from what another one allows; here what rules allow is added up. So an
endpoint whose requests belong, in part, to a more particular one is asked about, and one that is not
inspected beside one that is grants nothing, as there. What a middleware would look at is asked about, too.
"""

import ipaddress
from collections.abc import Sequence

from ringfence.core.actions import FieldKind
from ringfence.core.dataclass import dataclass
from ringfence.policy.globs import glob
from ringfence.policy.openshell.document import OnError, Tls
from ringfence.policy.openshell.endpoint import Endpoint
from ringfence.policy.openshell.patterns import host_pattern
from ringfence.policy.openshell.report import Came, Report, Spot
from ringfence.policy.openshell.source import Named
from ringfence.policy.problems import quoted
from ringfence.policy.shapes.tables import Entry
from ringfence.policy.shapes.texts import Worded
from ringfence.policy.values import Network

__all__ = ["Middleware", "Standing", "is_address", "middlewares", "overlap", "private_addresses", "standing"]

_CLUSTER = frozenset({2379, 2380, 6443, 10250, 10255})
_ITS_OWN = {
    "inference.local": "models are reached through OpenShell's own gateway",
    "host.openshell.internal": "it is the machine outside",
    "host.docker.internal": "it is the machine outside",
    "localhost": "nobody connects there",
}
_NEVER = tuple(
    map(ipaddress.ip_network, ("127.0.0.0/8", "169.254.0.0/16", "0.0.0.0/32", "::/127", "fe80::/10"))
)
_ALL = ("", "*", "**", "/**")


@dataclass(frozen=True, slots=True, kw_only=True)
class Middleware:
    """What looks at the traffic of some hosts; patterns of ours, the first wide, the others narrow."""

    name: str
    spot: Spot
    include: tuple[str, ...]
    exclude: tuple[str, ...]

    def is_for(self, host: str) -> bool:
        """Whether some host that the pattern fits may be looked at."""
        is_one = glob(host, FieldKind.HOST).exact is not None
        if any(each == host or (is_one and glob(each, FieldKind.HOST).fits(host)) for each in self.exclude):
            return False
        return any(overlap(each, host) for each in self.include)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Whether an endpoint is imported, and whether as what is asked about."""

    is_out: bool
    is_asked: bool
    ports: tuple[int, ...]


def middlewares(named: Sequence[Named], report: Report) -> list[Middleware]:
    """All of them; adds a problem for what is no host."""
    found = []
    for each in named:
        hosts: Entry = each.entry.get("endpoints")
        include, exclude = (
            tuple(_host(one, each, is_wide=is_wide) for one in hosts.get(key) or ())
            for key, is_wide in (("include", True), ("exclude", False))
        )
        there = (
            f"{quoted(each.entry.get('middleware'))} looks at what is allowed, and may change or refuse it"
        )
        report.add(Came.ASKED, each.spot, there, "an operator is asked about what goes to its hosts")
        if each.entry.get("on_error") is OnError.FAIL_OPEN:
            spot = each.spot.of("on_error", each.entry.at("on_error"))
            there = "when it fails, what it should look at passes"
            report.add(Came.CLOSED, spot, there, "nothing passes there without an operator")
        found.append(Middleware(name=each.name, spot=each.spot, include=include, exclude=exclude))
    return found


def _host(text: Worded, of: Named, *, is_wide: bool) -> str:
    found = host_pattern(text.text, is_wide=is_wide)
    if found is None:
        of.problems.add(text, f"{quoted(text.text)} is no host", hint="name hosts as endpoints do")
    return found or "*"


def overlap(one: str, other: str) -> bool:
    """Whether some host may fit both patterns: for two with wildcards by how they begin and end."""
    first, second = (glob(each, FieldKind.HOST) for each in (one, other))
    if first.exact is not None:
        return second.matches(first.exact)
    if second.exact is not None:
        return first.matches(second.exact)
    begin = first.prefix.startswith(second.prefix) or second.prefix.startswith(first.prefix)
    return begin and (first.suffix.endswith(second.suffix) or second.suffix.endswith(first.suffix))


def standing(
    endpoint: Endpoint, others: Sequence[Endpoint], looking: Sequence[Middleware], report: Report
) -> Standing:
    """How one endpoint is imported. `others` are all endpoints."""
    why = _why_out(endpoint)
    beside = [] if why else [each for each in others if each is not endpoint and _meet(endpoint, each)]
    inspected = [each for each in beside if each.is_inspected]
    if not endpoint.is_inspected and any(_may_share(endpoint, each) for each in inspected):
        why = "another endpoint of this host is inspected, and this one adds nothing there"
    if why is not None:
        report.add(Came.LEFT_OUT, endpoint.spot, why, "nothing is granted by it")
        return Standing(is_out=True, is_asked=False, ports=endpoint.ports)
    assert endpoint.wide_host is not None
    is_asked = False
    if inspected and not endpoint.is_inspected:
        there = "another endpoint of this host is inspected, which counts for what its programs start, too"
        report.add(Came.ASKED, endpoint.spot, there, "an operator is asked about connections")
        is_asked = True
    elif any(_takes_from(endpoint.selector, each.selector) for each in inspected):
        there = "a more particular endpoint of this host has a part of its requests"
        report.add(Came.ASKED, endpoint.spot, there, "an operator is asked about its requests")
        is_asked = True
    if endpoint.addresses:
        spot = endpoint.spot.of("allowed_ips", endpoint.entry.at("allowed_ips"))
        there = "the host has no addresses but these"
        here = "it has no private ones but these, and an operator is asked: it may have public ones"
        report.add(Came.ASKED, spot, there, here)
        is_asked = True
    is_asked = is_asked or any(each.is_for(endpoint.wide_host) for each in looking)
    return Standing(is_out=False, is_asked=is_asked, ports=_ports(endpoint, report))


def private_addresses(endpoint: Endpoint, others: Sequence[Endpoint], report: Report) -> tuple[Network, ...]:
    """Which private addresses its host may have; none, where another endpoint of that host says otherwise."""
    if not endpoint.addresses or endpoint.host is None:
        return ()
    mine = set(endpoint.addresses)
    for each in others:
        says_otherwise = set(each.addresses) != mine and (each.addresses or not each.is_exact)
        if says_otherwise and each.wide_host is not None and overlap(each.wide_host, endpoint.host):
            spot = endpoint.spot.of("allowed_ips", endpoint.entry.at("allowed_ips"))
            there = "another endpoint of this host has other addresses"
            report.add(Came.LEFT_OUT, spot, there, "the host may have no private address")
            return ()
    return endpoint.addresses


def _why_out(endpoint: Endpoint) -> str | None:
    """What keeps it from granting anything, there or here."""
    if not endpoint.programs:
        return "an entry without `binaries` is for no program"
    if endpoint.host is None:
        return "it is for addresses, whatever their host is called; here hosts are named"
    if endpoint.host in _ITS_OWN:
        return f"{quoted(endpoint.host)} is OpenShell's own name: {_ITS_OWN[endpoint.host]}"
    if (endpoint.is_inspected or endpoint.has_rules) and endpoint.tls is Tls.SKIP:
        return "requests are to be read of what is not to be opened (`tls: skip`)"
    blocked = [each for each in endpoint.addresses if _is_never(each)]
    if blocked:
        return f"{blocked[0]} has addresses of the machine or the local link, which blocks every connection"
    address = _address(endpoint.host)
    if address is not None and (address.is_loopback or address.is_link_local or address.is_unspecified):
        return "it is an address of the machine or the local link, and nobody connects there"
    return None


def _is_never(network: Network) -> bool:
    """Whether it has addresses that OpenShell never connects to."""
    return any(each.version == network.version and each.overlaps(network) for each in _NEVER)


def is_address(host: str) -> bool:
    """Whether it is an address, not a name."""
    return _address(host) is not None


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _ports(endpoint: Endpoint, report: Report) -> tuple[int, ...]:
    """Its ports, without those of a cluster's control plane where it names one host or addresses."""
    if not (endpoint.is_exact or endpoint.addresses) or _CLUSTER.isdisjoint(endpoint.ports):
        return endpoint.ports
    there = "ports of a cluster's control plane are blocked"
    report.add(Came.LEFT_OUT, endpoint.spot, there, "they are not granted")
    return tuple(each for each in endpoint.ports if each not in _CLUSTER)


def _meet(one: Endpoint, other: Endpoint) -> bool:
    """Whether both may be for the same connection."""
    if other.wide_host is None or one.wide_host is None or not other.programs:
        return False
    return not set(one.ports).isdisjoint(other.ports) and overlap(one.wide_host, other.wide_host)


def _may_share(one: Endpoint, other: Endpoint) -> bool:
    """Whether one program may be of both; patterns may stand for any."""
    programs = (*one.programs, *other.programs)
    return len(set(programs)) < len(programs) or any(set("*?[{") & set(each) for each in programs)


def _takes_from(mine: str, other: str) -> bool:
    """Whether requests that fit `mine` may belong to an endpoint for `other`, which is more particular."""
    if mine == other or other in _ALL:
        return False
    if mine in _ALL:
        return True
    (begins, is_plain), (ends, is_others_plain) = (_fixed(each) for each in (mine, other))
    return ends.startswith(begins) or (begins.startswith(ends) and not (is_plain and is_others_plain))


def _fixed(selector: str) -> tuple[str, bool]:
    """What all paths that it fits begin with, and whether nothing but a whole rest follows."""
    plain = selector.removesuffix("/**")
    for at, char in enumerate(plain):
        if char in "*?[{\\":
            return plain[:at].removesuffix("/"), False
    return plain, True
