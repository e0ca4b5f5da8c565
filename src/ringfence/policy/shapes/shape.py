"""What every shape does, and how it reads a value without parts."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from ringfence.core.bounded_json import Json
from ringfence.core.limits import LIMITS
from ringfence.policy.nodes import Listing, Mapping, Node, Scalar
from ringfence.policy.problems import Problems, quoted

__all__ = ["Definitions", "Schema", "Shape", "bare", "kind_of", "scalar", "scalar_as", "wrong"]

_T = TypeVar("_T")

Schema = dict[str, Json]
Definitions = dict[str, Schema]

_NOTHING = ("", "~", "null", "Null", "NULL")


class Shape(Protocol):
    """One kind of value."""

    @property
    def says(self) -> str:
        """What it is, as a person reads it: `a size such as 10 GB`."""

    # A shape's value is of its own type; sections know which shapes they declared.
    def read(self, node: Node, problems: Problems) -> Any:  # noqa: ANN401
        """The value; None, with a problem added, when the node is none."""

    def schema(self, definitions: Definitions, /) -> Schema:
        """Its JSON Schema; what is used in several places goes into `definitions`."""


def kind_of(node: Node) -> str:
    """What a node is, in a person's words."""
    match node:
        case Mapping():
            return "a mapping"
        case Listing():
            return "a list"
        case Scalar() if node.is_plain and node.text in _NOTHING:
            return "nothing"
    return quoted(node.text)


def scalar(node: Node, problems: Problems, says: str) -> str | None:
    """The text of a value without parts; None, with a problem added, when it is something else."""
    text = bare(node)
    if text is None:
        wrong(node, problems, says)
    elif len(text) > LIMITS.policy_text_chars:
        problems.add(node, f"longer than {LIMITS.policy_text_chars} characters", hint="write it shorter")
        return None
    return text


def scalar_as(node: Node, problems: Problems, says: str, value_of: Callable[[str], _T | None]) -> _T | None:
    """What such a text stands for; None, with a problem added, when it stands for nothing."""
    text = scalar(node, problems, says)
    if text is None:
        return None
    value = value_of(text)
    if value is None:
        wrong(node, problems, says)
    return value


def bare(node: Node) -> str | None:
    """The text of a value without parts, None of anything else; what is empty and not quoted is no value."""
    if type(node) is not Scalar or (node.is_plain and node.text in _NOTHING):
        return None
    return node.text


def wrong(node: Node, problems: Problems, says: str) -> None:
    """Adds that something else stands here."""
    problems.add(node, f"expected {says}, found {kind_of(node)}", hint=f"write {says}")
