"""A profile's `sandbox.publish`: ports of the box that the machine's own loopback leads to."""

from collections.abc import Iterator
from typing import Any

from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.policy.nodes import Mapping, Node
from ringfence.policy.problems import Problems
from ringfence.policy.rule import Tier
from ringfence.policy.sections.making import Maker
from ringfence.policy.shapes.amounts import COUNT
from ringfence.policy.shapes.shape import Definitions, Schema
from ringfence.policy.shapes.tables import Entry, Key, ListOf, Table
from ringfence.policy.values import Published

__all__ = ["PUBLISH", "published_of"]

_LAST_PORT = 65_535
_PAIR = Table(
    "published",
    "A port of the box, and where it is reached.",
    (
        Key("port", COUNT, "the port in the box", needed=True),
        Key("at", COUNT, "the machine's own port that leads there; default: the same"),
    ),
)


@dataclass(frozen=True, slots=True)
class _Port:
    """A port, or one with where it is reached: both numbers, and where they stand."""

    says: str = "a port such as 3000, or {port: 8000, at: 18000}"

    def read(self, node: Node, problems: Problems) -> tuple[int, int, Node] | None:
        if not isinstance(node, Mapping):
            port = COUNT.read(node, problems)
            return None if port is None else (port, port, node)
        entry = _PAIR.read(node, problems)
        port = entry.get("port") if entry is not None else None
        if entry is None or port is None:
            return None
        at: int | None = entry.get("at")
        return port, port if at is None else at, node

    def schema(self, definitions: Definitions, /) -> Schema:
        number: Any = {"type": "integer", "minimum": 1, "maximum": _LAST_PORT}
        return {"anyOf": [number, _PAIR.schema(definitions)]}


PUBLISH = Key(
    "publish",
    ListOf(_Port(), or_one=True),
    "ports of the box that are reached at 127.0.0.1 and ::1 of the machine while it runs",
)


def published_of(entry: Entry, maker: Maker) -> tuple[Published, ...]:
    """What is published; adds a problem for what is no port, stands twice, or is a working tree's."""
    found: tuple[tuple[int, int, Node] | None, ...] = entry.get("publish") or ()
    made = tuple(_made(found[: LIMITS.published_ports], maker))
    if len(found) > LIMITS.published_ports:
        what = f"more than {LIMITS.published_ports} ports"
        maker.problems.add(entry.at("publish"), what, hint="name those that are needed")
    if made and maker.tier is Tier.WORKING_TREE:
        what = "a working tree's document publishes no ports"
        hint = "a working tree only restricts; put this into the user's document"
        maker.problems.add(entry.at("publish"), what, hint=hint)
    return made


def _made(found: tuple[tuple[int, int, Node] | None, ...], maker: Maker) -> Iterator[Published]:
    taken: set[int] = set()
    for port, host_port, node in filter(None, found):
        if not 1 <= min(port, host_port) <= max(port, host_port) <= _LAST_PORT:
            maker.problems.add(node, "there is no such port", hint=f"from 1 to {_LAST_PORT}")
        elif host_port in taken:
            maker.problems.add(node, f"port {host_port} leads somewhere already", hint="name another `at`")
        else:
            taken.add(host_port)
            yield Published(port=port, host_port=host_port, at=maker.place(node))
