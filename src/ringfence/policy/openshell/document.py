"""What may stand in a policy of OpenShell, and in a preset of NemoClaw: tables, as for our own documents.

Unknown keys are refused, as they are there. `inference` is of older editions.
"""

import re
from enum import StrEnum

from ringfence.core.bounded_json import Json
from ringfence.core.dataclass import dataclass
from ringfence.policy.nodes import Mapping, Node
from ringfence.policy.problems import Problems
from ringfence.policy.shapes.amounts import COUNT
from ringfence.policy.shapes.shape import Definitions, Schema, scalar
from ringfence.policy.shapes.tables import Key, ListOf, MapOf, Table
from ringfence.policy.shapes.texts import LINE, YES_NO, Text, Word, Worded

__all__ = [
    "POLICY",
    "PRESET",
    "Access",
    "Compatibility",
    "Enforcement",
    "OnError",
    "Protocol",
    "Tls",
    "is_preset",
]


class Compatibility(StrEnum):
    """What happens without Landlock: the sandbox starts all the same, or does not."""

    BEST_EFFORT = "best_effort"
    HARD_REQUIREMENT = "hard_requirement"


class Protocol(StrEnum):
    """What is read of a connection."""

    TCP = "tcp"  # nothing
    REST = "rest"
    WEBSOCKET = "websocket"
    GRAPHQL = "graphql"
    MCP = "mcp"
    JSON_RPC = "json-rpc"


class Tls(StrEnum):
    """What becomes of TLS. Without the key it is terminated, and so by the two old words."""

    SKIP = "skip"
    TERMINATE = "terminate"
    PASSTHROUGH = "passthrough"


class Enforcement(StrEnum):
    """What becomes of a request against the rules."""

    ENFORCE = "enforce"
    AUDIT = "audit"  # it is let through, and told


class Access(StrEnum):
    """Rules that have a name."""

    READ_ONLY = "read-only"
    READ_WRITE = "read-write"
    FULL = "full"


class OnError(StrEnum):
    """What happens when a middleware fails."""

    FAIL_CLOSED = "fail_closed"
    FAIL_OPEN = "fail_open"


class _PersistedQueries(StrEnum):
    DENY = "deny"
    ALLOW_REGISTERED = "allow_registered"


class _Signing(StrEnum):
    SIGV4 = "sigv4"
    BODY = "sigv4:body"
    NO_BODY = "sigv4:no_body"


@dataclass(frozen=True, slots=True)
class _Anything:
    """What is not looked into."""

    says: str = "anything"

    def read(self, node: Node, _problems: Problems, /) -> Node:
        return node

    def schema(self, _definitions: Definitions, /) -> Schema:
        return {}


@dataclass(frozen=True, slots=True)
class _Globs:
    """One glob, or `{any: [globs]}`."""

    says: str = "a pattern, or {any: [patterns]}"

    def read(self, node: Node, problems: Problems) -> tuple[Worded, ...] | None:
        if isinstance(node, Mapping):
            entry = _ANY.read(node, problems)
            found = None if entry is None else entry.get("any")
            return None if found is None else tuple(each for each in found if each is not None)
        text = scalar(node, problems, self.says)
        return None if text is None else (Worded(text, node.line, node.column),)

    def schema(self, definitions: Definitions, /) -> Schema:
        one: Json = {"type": "string"}
        return {"anyOf": [one, _ANY.schema(definitions)]}


@dataclass(frozen=True, slots=True)
class _Placed(Text):
    """A text that knows where it stands."""

    def read(self, node: Node, problems: Problems) -> Worded | None:  # type: ignore[override]
        text = scalar(node, problems, self.says)
        if text is None:
            return None
        if self.form is not None and not re.fullmatch(self.form, text):
            problems.add(node, f"expected {self.says}", hint=f"write {self.says}")
            return None
        return Worded(text, node.line, node.column)


_TEXT = _Placed("a text")
_NAME = Text("a text")
_ANY = Table("any", "One of several.", (Key("any", ListOf(_TEXT), "patterns", needed=True),))
_PATH = _Placed("an absolute path without `..`", r"/|(?:/(?!\.\.?(?:/|$))[^/\0\n]{1,255}){1,32}/?")

_FILESYSTEM = Table(
    "filesystem_policy",
    "Files.",
    (
        Key("include_workdir", YES_NO, "whether the working folder may be written"),
        Key("read_only", ListOf(_PATH), "what may be read"),
        Key("read_write", ListOf(_PATH), "what may be read and written"),
    ),
)
_LANDLOCK = Table(
    "landlock", "Landlock.", (Key("compatibility", Word(Compatibility), "what happens without it"),)
)
_PROCESS = Table(
    "process", "Who runs.", (Key("run_as_user", LINE, "the user"), Key("run_as_group", LINE, "the group"))
)
_MATCHER = (
    Key("method", _NAME, "the method"),
    Key("path", _TEXT, "the path"),
    Key("query", MapOf(_NAME, _Globs()), "parameters"),
    Key("operation_type", _NAME, "query, mutation or subscription"),
    Key("operation_name", _NAME, "the name of a GraphQL operation"),
    Key("fields", ListOf(_TEXT), "fields at a GraphQL operation's root"),
    Key("tool", _Globs(), "the tool"),
    Key("params", Table("params", "Parameters.", (Key("name", _Globs(), "the tool"),)), "parameters"),
    Key("params.name", _Globs(), "the tool"),
    Key("command", _NAME, "a database's command"),
)
_ALLOW = Table("allow", "What is allowed.", _MATCHER)
_DENY = Table("deny_rule", "What is denied.", _MATCHER)
_RULE = Table("rule", "A rule.", (Key("allow", _ALLOW, "what is allowed", needed=True),))
_MCP = Table(
    "mcp",
    "Options of MCP.",
    (
        Key("max_body_bytes", COUNT, "how long a message may be"),
        Key("strict_tool_names", YES_NO, "whether tools have plain names"),
        Key("allow_all_known_mcp_methods", YES_NO, "whether all methods are allowed"),
        Key("versions", ListOf(_TEXT), "revisions of the protocol"),
    ),
)
_JSON_RPC = Table(
    "json_rpc", "Options of JSON-RPC.", (Key("max_body_bytes", COUNT, "how long a message may be"),)
)
_BINDING = Table("credential_binding", "Whose credentials.", (Key("provider", LINE, "the provider"),))
_ENDPOINT = Table(
    "endpoint",
    "Where to, and what may be asked there.",
    (
        Key("host", _TEXT, "the host"),
        Key("port", COUNT, "the port"),
        Key("ports", ListOf(COUNT), "the ports"),
        Key("path", _TEXT, "which requests the endpoint is for"),
        Key("allowed_ips", ListOf(_TEXT), "addresses that the host may have"),
        Key("protocol", Word(Protocol), "what is read"),
        Key("tls", Word(Tls), "what becomes of TLS"),
        Key("enforcement", Word(Enforcement), "whether rules are carried out"),
        Key("access", Word(Access), "rules that have a name"),
        Key("rules", ListOf(_RULE), "what is allowed"),
        Key("deny_rules", ListOf(_DENY), "what is denied"),
        Key("allow_encoded_slash", YES_NO, "whether a path may have %2F"),
        Key("websocket_credential_rewrite", YES_NO, "secrets in messages"),
        Key("request_body_credential_rewrite", YES_NO, "secrets in bodies"),
        Key("allow_uninspected_credentials", YES_NO, "secrets in what nobody reads"),
        Key("credential_signing", Word(_Signing), "how requests are signed"),
        Key("signing_service", LINE, "for which service"),
        Key("signing_region", LINE, "for which region"),
        Key("credential_binding", _BINDING, "whose credentials"),
        Key("persisted_queries", Word(_PersistedQueries), "GraphQL by digest"),
        Key("graphql_persisted_queries", _Anything(), "which digests stand for what"),
        Key("graphql_max_body_bytes", COUNT, "how long a GraphQL request may be"),
        Key("json_rpc", _JSON_RPC, "options"),
        Key("mcp", _MCP, "options"),
    ),
)
_BINARY = Table("binary", "A program.", (Key("path", _TEXT, "its path", needed=True),))
_NETWORK = Table(
    "network_policy",
    "Programs, and where they may connect to.",
    (
        Key("name", LINE, "what it is called"),
        Key("endpoints", ListOf(_ENDPOINT), "where to"),
        Key("binaries", ListOf(_BINARY), "which programs"),
    ),
)
_HOSTS = Table(
    "middleware_endpoints",
    "Hosts.",
    (
        Key("include", ListOf(_TEXT), "hosts", needed=True),
        Key("exclude", ListOf(_TEXT), "hosts that are not meant"),
    ),
)
_MIDDLEWARE = Table(
    "middleware",
    "What looks at allowed traffic.",
    (
        Key("name", LINE, "what it is called"),
        Key("middleware", LINE, "which", needed=True),
        Key("order", _NAME, "when"),
        Key("config", _Anything(), "its settings"),
        Key("on_error", Word(OnError), "what happens when it fails"),
        Key("endpoints", _HOSTS, "for which hosts", needed=True),
    ),
)
_NETWORKS = Key("network_policies", MapOf(_NAME, _NETWORK), "where programs may connect to")
POLICY = Table(
    "openshell",
    "A policy.",
    (
        Key("version", Text("the version of OpenShell's policies, 1", "1"), "of the language", needed=True),
        Key("filesystem_policy", _FILESYSTEM, "files"),
        Key("landlock", _LANDLOCK, "Landlock"),
        Key("process", _PROCESS, "who runs"),
        _NETWORKS,
        Key("network_middlewares", MapOf(_NAME, _MIDDLEWARE), "what looks at allowed traffic"),
        Key("inference", _Anything(), "routes to models"),
    ),
)
PRESET = Table(
    "preset",
    "A part of a policy, to be merged into one.",
    (
        Key(
            "preset",
            Table("about", "What it is.", (Key("name", LINE, "its name"), Key("description", _NAME, "text"))),
            "what it is",
            needed=True,
        ),
        _NETWORKS,
    ),
)


def is_preset(tree: Node) -> bool:
    """Whether a document says that it is a preset."""
    return isinstance(tree, Mapping) and "preset" in tree.entries
