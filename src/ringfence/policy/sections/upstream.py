"""A profile's `egress.upstream`: the proxies that connections to hosts go through, as companies have them."""

import ipaddress
import re
from collections.abc import Iterator
from typing import Any

from ringfence.core.actions import FieldKind
from ringfence.core.dataclass import dataclass
from ringfence.core.decisions import Effect
from ringfence.policy.canonical import canonical
from ringfence.policy.globs import BadGlob, glob
from ringfence.policy.nodes import Node
from ringfence.policy.problems import Problems
from ringfence.policy.rule import Rule
from ringfence.policy.sections.making import Maker
from ringfence.policy.shapes.conditions import like
from ringfence.policy.shapes.shape import Definitions, Schema, scalar_as
from ringfence.policy.shapes.tables import Entry, Key, ListOf, Table
from ringfence.policy.shapes.texts import Patterns, Text, Worded
from ringfence.policy.values import Network, ProxyAddress, UpstreamProxy

__all__ = ["UPSTREAM", "upstream_of", "upstream_rules"]

_LAST_PORT = 65_535
_FILE = r"/[^\0\n]{1,400}"
_ADDRESS = r"https?://([A-Za-z0-9._-]{1,253})(?::([0-9]{1,5}))?(?:/[!\x22$-~]{0,400})?"
_CANONICAL_HOST = canonical("host", FieldKind.HOST) or str


@dataclass(frozen=True, slots=True)
class _Proxy:
    """Where a proxy is, and what is spoken to it."""

    says: str = "a proxy such as http://proxy.example.com:3128, https://proxy.example.com:443 or socks5://127.0.0.1:1080"

    def read(self, node: Node, problems: Problems) -> ProxyAddress | None:
        return scalar_as(node, problems, self.says, _proxy)

    def schema(self, _definitions: Definitions, /) -> Schema:
        return {"type": "string", "pattern": "^(?:https?|socks5)://[^/:@ ]+:[0-9]{1,5}/?$"}


@dataclass(frozen=True, slots=True)
class _Script:
    """Where a script is that names proxies."""

    says: str = "an absolute path, or an address such as https://proxy.example.com/proxy.pac"

    def read(self, node: Node, problems: Problems) -> str | None:
        return scalar_as(node, problems, self.says, _script)

    def schema(self, _definitions: Definitions, /) -> Schema:
        return {"type": "string", "pattern": f"^(?:{_FILE}|{_ADDRESS})$"}


@dataclass(frozen=True, slots=True)
class _Direct:
    """Hosts, or addresses."""

    says: str = "a host such as *.corp.example.com, or addresses such as 10.0.0.0/8"

    def read(self, node: Node, problems: Problems) -> Any:  # noqa: ANN401 - a `Network`, or a pattern
        return scalar_as(node, problems, self.says, _direct)

    def schema(self, _definitions: Definitions, /) -> Schema:
        return {"type": "string"}


UPSTREAM = Table(
    "upstream",
    "A proxy that connections to hosts go through: by CONNECT, plain http by requests to it; or by SOCKS.",
    (
        Key("host", Patterns((FieldKind.HOST,)), "the host that is asked for", needed=True),
        Key("proxy", _Proxy(), "the proxy"),
        Key(
            "pac",
            _Script(),
            "a script of automatic configuration that names it for each host, instead of `proxy`",
        ),
        Key(
            "credential",
            Text("a credential's name", "[A-Za-z0-9_./@:-]{1,200}"),
            "a login of the vault for the proxy, of kind basic; no box has it",
        ),
        Key(
            "ca",
            Text("an absolute path", "/[^\0\n]{1,400}"),
            "a file of authorities, in PEM, to trust beside the system's: the proxy's, and of hosts behind",
        ),
        Key("direct", ListOf(_Direct(), or_one=True), "hosts and addresses that are reached without it"),
    ),
)


def upstream_of(entry: Entry, maker: Maker) -> Iterator[UpstreamProxy]:
    """The proxies, one for each pattern of hosts."""
    for each in entry.get("upstream") or ():
        if (each.get("proxy") is None) == (each.get("pac") is None):
            maker.problems.add(
                each, "neither a proxy, nor a script that names one, or both", hint="write one"
            )
        hosts: tuple[Worded, ...] = each.get("host") or ()
        direct: tuple[Network | str, ...] = each.get("direct") or ()
        for host in hosts:
            yield UpstreamProxy(
                host=host.text,
                proxy=each.get("proxy"),
                pac=each.get("pac"),
                credential=each.get("credential"),
                ca=each.get("ca"),
                direct_hosts=tuple(one for one in direct if isinstance(one, str)),
                direct=tuple(one for one in direct if not isinstance(one, str)),
                at=maker.place(each),
            )


def upstream_rules(entry: Entry | None, maker: Maker) -> Iterator[Rule]:
    """That a proxy's login is used for that proxy."""
    for each in (entry.get("upstream") or ()) if entry is not None else ():
        proxy, credential = each.get("proxy"), each.get("credential")
        if credential is not None:
            at = {} if proxy is None else {"host": proxy.host}  # else its own binding says for which
            asked = {"credential": credential, "method": "CONNECT", **at}
            yield maker.rule(
                each,
                part="login",
                types=("credential.use",),
                conditions=tuple(like(field, value) for field, value in asked.items()),
                effect=Effect.ALLOW,
            )


def _proxy(text: str) -> ProxyAddress | None:
    found = re.fullmatch(r"(https?|socks5)://([^/:@\s]{1,253}):([0-9]{1,5})/?", text)
    host = _CANONICAL_HOST(found[2]) if found else None
    if found is None or host is None or not 1 <= int(found[3]) <= _LAST_PORT or set(host) & set("*?[]{}"):
        return None
    return ProxyAddress(host=host, port=int(found[3]), tls=found[1] == "https", is_socks=found[1] == "socks5")


def _script(text: str) -> str | None:
    if re.fullmatch(_FILE, text):
        return text
    found = re.fullmatch(_ADDRESS, text)
    host = _CANONICAL_HOST(found[1]) if found else None
    return text if found and host is not None and 1 <= int(found[2] or 80) <= _LAST_PORT else None


def _direct(text: str) -> Network | str | None:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        pass
    try:
        glob(text, FieldKind.HOST)
    except BadGlob:
        return None
    return text
