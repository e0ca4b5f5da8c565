"""The front matter of a README.md: the YAML between two `---` lines at its start, as events or as a tree.

Builds no objects that YAML names: no type is guessed, no anchor is followed, no depth is recursed into. Every
value is text as the author wrote it.

Source: Hugging Face, docs/hub/model-cards.
"""

from collections.abc import Iterator
from enum import Enum, auto
from typing import TypeAlias

from ringfence.core.limits import LIMITS

__all__ = ["Kind", "Node", "Refused", "events", "front_matter", "tree"]

Node: TypeAlias = str | list["Node"] | dict[str, "Node"]


class Refused(Exception):
    """The rest of the front matter is not read. The message is ours."""


def front_matter(data: bytes) -> tuple[str, list[str]]:
    """The YAML, and what is wrong around it. Without an opening line there is none, and nothing is wrong."""
    text = data[: LIMITS.yaml_bytes].decode("utf-8-sig", "replace")
    lines = text.replace("\r\n", "\n").lstrip().split("\n")
    if lines[0].rstrip() != "---":
        return "", []
    for number, line in enumerate(lines[1:], start=1):
        if line.rstrip() == "---":
            return "\n".join(lines[1:number]) + "\n", []
    if len(data) > LIMITS.yaml_bytes:
        return "\n".join(lines[1:-1]) + "\n", [f"the front matter is longer than {LIMITS.yaml_bytes} bytes"]
    return "", ["the front matter has no end"]


class Kind(Enum):
    """What comes next in a YAML stream."""

    MAPPING = auto()
    LIST = auto()
    END = auto()  # of a mapping or a list
    TEXT = auto()


def events(text: str) -> Iterator[tuple[Kind, int, str]]:
    """(kind, how deep it stands, its text). A null has no text.

    Raises:
        Refused: it is not YAML, too deep, or uses anchors.
    """
    import yaml

    depth = 0
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise Refused("the front matter uses anchors")
            if isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
                yield Kind.END, depth, ""
            elif isinstance(event, yaml.ScalarEvent):
                null = not event.style and event.value in ("", "~", "null", "Null", "NULL")
                yield Kind.TEXT, depth, "" if null else event.value
            elif isinstance(event, yaml.CollectionStartEvent):
                yield (Kind.MAPPING if isinstance(event, yaml.MappingStartEvent) else Kind.LIST), depth, ""
                depth += 1
            if depth > LIMITS.header_depth:
                raise Refused(f"the front matter is nested deeper than {LIMITS.header_depth}")
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise Refused("the front matter is not valid YAML") from error


def tree(text: str) -> Node:
    """The whole front matter; of a key that stands twice the last value, of a key that is no text nothing.

    Raises:
        Refused: as `events`, or it has more than `limits.card_nodes` parts.
    """
    unfinished: list[tuple[Kind, list[Node]]] = [(Kind.LIST, [])]
    for count, (kind, _, value) in enumerate(events(text)):
        if count > LIMITS.card_nodes:
            raise Refused(f"the front matter has more than {LIMITS.card_nodes} parts")
        if kind is Kind.TEXT:
            unfinished[-1][1].append(value)
        elif kind is Kind.END:
            what, items = unfinished.pop()
            unfinished[-1][1].append(_mapping(items) if what is Kind.MAPPING else items)
        else:
            unfinished.append((kind, []))
    return next(iter(unfinished[0][1]), "")


def _mapping(items: list[Node]) -> dict[str, Node]:
    """The pairs of a mapping whose keys and values stand one after the other."""
    return {key: value for key, value in zip(items[::2], items[1::2], strict=True) if isinstance(key, str)}
