"""From the files to our document and the report: every endpoint by itself, after what others take from it."""

from collections.abc import Sequence

from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.policy.files import PolicyFile
from ringfence.policy.openshell.document import Protocol, Tls
from ringfence.policy.openshell.endpoint import Endpoint, endpoints
from ringfence.policy.openshell.entries import Entries, Making, Value, programs, within
from ringfence.policy.openshell.files import files as files_of
from ringfence.policy.openshell.files import settings
from ringfence.policy.openshell.messages import deny_calls, mcp
from ringfence.policy.openshell.options import tell_options
from ringfence.policy.openshell.report import Came, Line, Report, Spot
from ringfence.policy.openshell.requests import (
    deny_operations,
    deny_requests,
    deny_websockets,
    graphql,
    rest,
    websocket,
)
from ringfence.policy.openshell.source import Source, together
from ringfence.policy.openshell.standing import middlewares, private_addresses, standing
from ringfence.policy.openshell.writing import document_text

__all__ = ["Imported", "imported"]

# What each allows, and denies; what says nothing of a protocol and has rules is taken for REST.
_READERS = {
    Protocol.REST: (rest, deny_requests),
    Protocol.WEBSOCKET: (websocket, deny_websockets),
    Protocol.GRAPHQL: (graphql, deny_operations),
    Protocol.MCP: (mcp, deny_calls),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What came of an import."""

    text: str  # a document of ringfence
    lines: tuple[Line, ...]  # in the order of the files
    entries: int  # of the network, of tools and of private addresses


def imported(sources: Sequence[PolicyFile], *, agent: str) -> Imported:
    """The files as one document, whose profile is for agents of this name, a pattern.

    Raises:
        PolicyRefused: one of them is no policy of OpenShell and no preset, or they do not go together.
    """
    source = together(sources)
    report, entries = Report(), Entries()
    files: dict[str, Value] = {}
    if source.base is not None:
        files = files_of(source.base, report)
        settings(source.base, report)
    else:
        spot = Spot(file=sources[0].name, line=1, key="preset")
        there = "a preset says nothing of files, and goes into a policy"
        report.add(
            Came.LEFT_OUT, spot, there, "no file is granted: name the policy that it goes into as well"
        )
    _network(source, entries, report)
    source.refuse()
    if not entries.granted:  # or a known agent would have the hosts that are built in
        entries.network.append({"host": "*", "then": "deny", "why": "OpenShell: no host is granted"})
    names = [each.name for each in sources]
    return Imported(
        text=document_text(names=names, agent=agent, files=files, entries=entries),
        lines=tuple(report.lines),
        entries=len(entries.network) + len(entries.tools) + len(entries.private),
    )


def _network(source: Source, entries: Entries, report: Report) -> None:
    looking = middlewares(source.middlewares, report)
    all_of_them: list[Endpoint] = []
    for policy in source.policies:
        all_of_them += endpoints(policy)
        if len(all_of_them) > LIMITS.imported_endpoints:
            what = f"more than {LIMITS.imported_endpoints} endpoints"
            policy.problems.add(policy.entry, what, hint="import fewer files, or files with fewer")
            break
        if not policy.entry.get("binaries"):
            spot = policy.spot.of("binaries", policy.entry.at("binaries"))
            report.add(Came.LEFT_OUT, spot, "without programs it is for none", "nothing is granted by it")
    source.refuse()
    read = []
    for each in all_of_them:
        stands = standing(each, all_of_them, looking, report)
        making = Making(
            endpoint=each,
            standing=stands,
            programs=() if stands.is_out else programs(each, report),
            entries=entries,
            report=report,
        )
        if making.programs:
            _endpoint(making, all_of_them)
        if each.host is not None and each.programs and each.protocol is not Protocol.TCP:
            read.append(making)
    granted = entries.granted
    for making in read:
        _deny(making, granted)
    if entries.is_full:
        what = f"this comes down to more than {LIMITS.imported_entries} entries"
        at = source.policies[0].entry
        source.policies[0].problems.add(at, what, hint="import fewer files, or files with fewer rules")


def _deny(making: Making, granted: Sequence[tuple[str, int]]) -> None:
    """What an endpoint denies counts for all, whether it is left out or not."""
    endpoint = making.endpoint
    if endpoint.protocol is not Protocol.JSON_RPC:
        _READERS[endpoint.protocol or Protocol.REST][1](making)
    if endpoint.tls is not Tls.SKIP:
        making.deny_odd_paths(granted)


def _endpoint(making: Making, others: Sequence[Endpoint]) -> None:
    endpoint, report = making.endpoint, making.report
    before = len(making.entries.network)
    if endpoint.protocol is Protocol.JSON_RPC:
        making.left_out(endpoint.spot, "messages of JSON-RPC are told apart by their method")
    elif endpoint.protocol is Protocol.TCP or endpoint.tls is Tls.SKIP:
        making.allow({"raw": True}, endpoint.spot)
        there = "any bytes pass, and nobody reads them"
        report.add(Came.LOOK, endpoint.spot, there, "the same: remove `raw` where clients speak HTTP")
    elif endpoint.is_inspected or endpoint.has_rules:
        _READERS[endpoint.protocol or Protocol.REST][0](making)
    else:
        paths, is_exact = within(endpoint.selector)
        making.allow({} if paths is None else {"paths": list(paths)}, endpoint.spot, is_exact=is_exact)
    tell_options(making)
    private = private_addresses(endpoint, others, report)
    if private and len(making.entries.network) > before:
        assert endpoint.host is not None
        addresses: list[Value] = [str(each) for each in private]
        entry: dict[str, Value] = {"host": endpoint.host, "addresses": addresses}
        if entry not in making.entries.private:
            making.entries.private.append(entry)
