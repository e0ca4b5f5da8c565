"""What an endpoint's options come to: defaults that are weaker there, and what has no equivalent here."""

from ringfence.core.limits import LIMITS
from ringfence.policy.openshell.document import Access, Protocol, Tls
from ringfence.policy.openshell.entries import Making
from ringfence.policy.openshell.report import Came
from ringfence.policy.openshell.standing import is_address
from ringfence.policy.shapes.tables import Entry

__all__ = ["tell_options"]

_NO_CREDENTIAL = "no credential is granted: say so in the profile's `credentials`, and put it into the vault"
_CREDENTIALS = {
    "websocket_credential_rewrite": "secrets are put into messages",
    "request_body_credential_rewrite": "secrets are put into bodies",
    "credential_signing": "requests are signed",
    "signing_service": "requests are signed",
    "signing_region": "requests are signed",
    "credential_binding": "a provider's secrets are used there",
}
_LENGTH = f"{LIMITS.app_body_bytes} bytes of a message are read, and no longer ones pass"


def tell_options(making: Making) -> None:
    """Says what is closed, and what grants nothing, of one endpoint that is imported."""
    _tell_reading(making)
    _tell_reach(making)
    _tell_credentials(making)
    _tell_protocols(making)


def _tell(making: Making, came: Came, key: str, there: str, here: str) -> None:
    endpoint = making.endpoint
    making.report.add(came, endpoint.spot.of(key, endpoint.entry.at(key.partition(".")[0])), there, here)


def _tell_reading(making: Making) -> None:
    endpoint = making.endpoint
    if endpoint.is_inspected and endpoint.is_audited:
        there = "what the rules refuse is let through, and told (`audit`)"
        if endpoint.entry.get("enforcement") is None:
            there += ", which is what nothing said means"
        _tell(making, Came.CLOSED, "enforcement", there, "it is refused")
    if endpoint.protocol is None and endpoint.has_rules:
        key = next(each for each in ("rules", "access", "deny_rules") if each in endpoint.entry.values)
        there = "WITHOUT `protocol` THE RULES COUNT FOR NOTHING: every request is let through"
        _tell(making, Came.CLOSED, key, there, "they are carried out, as of `protocol: rest`")
    if endpoint.tls is Tls.PASSTHROUGH:
        _tell(making, Came.CLOSED, "tls", "an old word for what is not opened", "requests are read")
    elif endpoint.tls is Tls.TERMINATE:
        _tell(making, Came.LOOK, "tls", "an old word for what is read", "the same")
    if endpoint.protocol is None and not endpoint.tls and not endpoint.has_rules:
        there = "what is neither TLS nor HTTP passes unread"
        _tell(making, Came.CLOSED, "protocol", there, "only HTTP passes")


def _tell_reach(making: Making) -> None:
    endpoint = making.endpoint
    if endpoint.is_exact and not endpoint.addresses and not is_address(endpoint.host or ""):
        there = "a host that is named in full may have private addresses"
        _tell(making, Came.CLOSED, "host", there, "it may not, unless `egress.private` names them")
    everything = endpoint.access is Access.FULL or (endpoint.protocol is None and endpoint.rules is None)
    if everything and endpoint.tls is not Tls.SKIP:
        there = "pushes to git and calls of tools pass with other requests"
        _tell(making, Came.CLOSED, "host", there, "they do not, unless `git` and `tools` name them")
    spot = endpoint.spot.of("binaries", endpoint.entry)
    there = "what a listed program starts counts as that program"
    making.report.add_once(Came.CLOSED, spot, there, "only the program itself does")
    there = "programs are named by their paths in the image"
    making.report.add_once(Came.LOOK, spot, there, "they are of this machine: see that they have the same")


def _tell_credentials(making: Making) -> None:
    entry = making.endpoint.entry
    for key, there in _CREDENTIALS.items():
        if entry.get(key) not in (None, False):
            _tell(making, Came.LEFT_OUT, key, there, _NO_CREDENTIAL)
    if entry.get("allow_uninspected_credentials") is True:
        there = "secrets are used where nobody reads what passes"
        _tell(making, Came.CLOSED, "allow_uninspected_credentials", there, _NO_CREDENTIAL)


def _tell_protocols(making: Making) -> None:
    entry = making.endpoint.entry
    if (
        entry.get("persisted_queries") == "allow_registered"
        or entry.get("graphql_persisted_queries") is not None
    ):
        key = "persisted_queries" if entry.get("persisted_queries") else "graphql_persisted_queries"
        there = "queries are known by their digests"
        _tell(making, Came.LEFT_OUT, key, there, "a query that is not in the request is refused")
    if entry.get("graphql_max_body_bytes") is not None:
        _tell(making, Came.LEFT_OUT, "graphql_max_body_bytes", "a request has a length", _LENGTH)
    for key in ("json_rpc", "mcp"):
        options: Entry | None = entry.get(key)
        if options is None:
            continue
        if options.get("max_body_bytes") is not None:
            _tell(making, Came.LEFT_OUT, f"{key}.max_body_bytes", "a message has a length", _LENGTH)
        if options.get("versions") is not None:
            _tell(making, Came.LEFT_OUT, f"{key}.versions", "revisions are told apart", "all are read alike")
        if options.get("strict_tool_names") is False:
            there = "tools may have any name"
            _tell(making, Came.CLOSED, f"{key}.strict_tool_names", there, "only plain names are called")
    if entry.get("mcp") is not None and making.endpoint.protocol is not Protocol.MCP:
        _tell(making, Came.LEFT_OUT, "mcp", "options of another protocol", "they count for nothing")
