"""A profile's `egress`: where names lead, which private addresses count, what answers are worth, how much."""

import ipaddress
from collections.abc import Iterator
from typing import Any

from ringfence.core.actions import FieldKind
from ringfence.core.dataclass import dataclass
from ringfence.core.decisions import Obligation
from ringfence.core.labels import Integrity, Sensitivity
from ringfence.policy.canonical import canonical
from ringfence.policy.nodes import Node
from ringfence.policy.problems import Problems
from ringfence.policy.sections.making import Maker
from ringfence.policy.sections.upstream import UPSTREAM, upstream_of
from ringfence.policy.shapes.amounts import COUNT, SIZE, Cap, CapUnit
from ringfence.policy.shapes.shape import Definitions, Schema, scalar_as
from ringfence.policy.shapes.tables import Entry, Key, ListOf, Table
from ringfence.policy.shapes.texts import YES_NO, Patterns, Text, Word, Worded
from ringfence.policy.values import (
    EGRESS_BOUNDS,
    Bound,
    ConnectTo,
    Egress,
    Network,
    Origin,
    Private,
    Rate,
    Registries,
)

__all__ = ["ADDRESSES", "EGRESS", "egress_of"]

_LAST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class _Addresses:
    """One range of addresses, or one address."""

    says: str = "addresses such as 10.0.0.0/8 or fd00::1"

    def read(self, node: Node, problems: Problems) -> Any:  # noqa: ANN401 - a `Network`, which is a union
        return scalar_as(node, problems, self.says, _network)

    def schema(self, _definitions: Definitions, /) -> Schema:
        return {"type": "string"}


ADDRESSES = _Addresses()


@dataclass(frozen=True, slots=True)
class _Host:
    """One host, by its name or address."""

    says: str = "a host such as gateway.example.com or 127.0.0.1"

    def read(self, node: Node, problems: Problems) -> str | None:
        return scalar_as(node, problems, self.says, canonical("host", FieldKind.HOST) or str)

    def schema(self, _definitions: Definitions, /) -> Schema:
        return {"type": "string"}


_HOSTS = Key("host", Patterns((FieldKind.HOST,)), "the host that is asked for", needed=True)
_CONNECT_TO = Table(
    "connect-to",
    "Where connections to a host go instead: a gateway, a test server. It is judged as it is asked for.",
    (
        _HOSTS,
        Key("port", COUNT, "the port that is asked for; default: all"),
        Key("to_host", _Host(), "where they go", needed=True),
        Key("to_port", COUNT, "the port there; default: the one that is asked for"),
        Key("tls", YES_NO, "whether TLS is spoken there; default: as the program asks for it"),
        Key(
            "ca",
            Text("an absolute path", "/[^\0\n]{1,400}"),
            "a file of the authorities to trust there, in PEM; default: the system's",
        ),
    ),
)
_PRIVATE = Table(
    "private",
    "Addresses that a host may have; others that are private, link-local or of this machine are refused.",
    (_HOSTS, Key("addresses", ListOf(ADDRESSES, or_one=True), "which", needed=True)),
)
_ORIGIN = Table(
    "origin",
    "What a host's answers are worth. Whatever no entry fits is untrusted, and public.",
    (
        _HOSTS,
        Key("integrity", Word(Integrity), "how far they may be trusted", needed=True),
        Key("sensitivity", Word(Sensitivity), "whom a leak of them would hurt; default: public"),
    ),
)
EGRESS = Table(
    "egress",
    "The agent's way out. Of lists the first entry that fits holds, of bounds the least in all documents.",
    (
        Key("connect_to", ListOf(_CONNECT_TO), "hosts whose connections go elsewhere"),
        Key("private", ListOf(_PRIVATE), "private addresses that hosts may have"),
        Key("upstream", ListOf(UPSTREAM), "proxies that connections to hosts go through"),
        Key("origins", ListOf(_ORIGIN), "what answers are worth; of several documents the least"),
        Key("requests", ListOf(Cap(CapUnit.CALLS), or_one=True), "how many requests: 100/minute"),
        Key("connections", COUNT, "connections at one time"),
        Key("sent", SIZE, "how much a session may send in bodies of requests"),
        Key("received", SIZE, "how much a session may receive in bodies of answers"),
        Key("registries", Word(Registries), "what it may do with the package registries of this machine"),
        Key(
            "built_in",
            YES_NO,
            "whether what is built in of a known agent stays, beside `network`; default: no",
        ),
    ),
)


def egress_of(entry: Entry | None, maker: Maker) -> Egress:
    """What a profile says of the way out; adds a problem for what is no bound or port."""
    if entry is None:
        return Egress()
    bounds = {field: _bound(entry, key, maker) for field, key in EGRESS_BOUNDS.items()}
    return Egress(
        connect_to=tuple(one for each in entry.get("connect_to") or () for one in _connect_to(each, maker)),
        private=tuple(
            Private(host=host, addresses=each.get("addresses"), at=maker.place(each))
            for each in entry.get("private") or ()
            for host in _hosts(each)
        ),
        upstream=tuple(upstream_of(entry, maker)),
        origins=tuple(
            Origin(
                host=host,
                integrity=each.get("integrity"),
                sensitivity=each.get("sensitivity") or Sensitivity.PUBLIC,
                at=maker.place(each),
            )
            for each in entry.get("origins") or ()
            for host in _hosts(each)
        ),
        requests=tuple(_rates(entry, maker)),
        registries=entry.get("registries"),
        built_in=entry.get("built_in"),
        **bounds,
    )


def _connect_to(entry: Entry, maker: Maker) -> Iterator[ConnectTo]:
    for key in ("port", "to_port"):
        port = entry.get(key)
        if port is not None and not 1 <= port <= _LAST_PORT:
            maker.problems.add(entry.at(key), "there is no such port", hint=f"from 1 to {_LAST_PORT}")
    if entry.get("ca") and entry.get("tls") is False:
        maker.problems.add(
            entry.at("ca"), "without TLS no authority is asked", hint="remove `ca`, or `tls: false`"
        )
    for host in _hosts(entry):
        yield ConnectTo(
            host=host,
            port=entry.get("port"),
            to_host=entry.get("to_host"),
            to_port=entry.get("to_port"),
            tls=entry.get("tls"),
            ca=entry.get("ca"),
            at=maker.place(entry),
        )


def _hosts(entry: Entry) -> tuple[str, ...]:
    patterns: tuple[Worded, ...] = entry.get("host")
    return tuple(each.text for each in patterns)


def _bound(entry: Entry, key: str, maker: Maker) -> Bound | None:
    amount: int | None = entry.get(key)
    return None if amount is None else Bound(amount=amount, at=maker.place(entry.at(key)))


def _rates(entry: Entry, maker: Maker) -> Iterator[Rate]:
    caps: tuple[Obligation, ...] = entry.get("requests") or ()
    for each in caps:
        assert each.amount is not None and each.per is not None  # as a cap is read
        yield Rate(amount=each.amount, per=each.per, at=maker.place(entry.at("requests")))


def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        return None
