"""Follows values through a Jinja template by the names of variables.

It says which stem from what people write. It knows no order of time: a variable that ever holds such a value
always does. Roles, kinds and calls of tools are no text of people's, and choosing by them is what templates
are for.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ringfence.artifacts.texts.template_constants import Constant, value_of
from ringfence.artifacts.texts.template_syntax import UnreadableTemplateError, walk
from ringfence.core.limits import LIMITS

if TYPE_CHECKING:
    from jinja2 import nodes

__all__ = ["Flow", "variable"]

_MESSAGES = ("messages", "message", "conversation", "conversations", "prompt", "query")
_DATES = frozenset(("strftime_now", "now", "strftime", "date_string", "datetime"))
# Parts of a message that programs write, not people.
_NO_TEXT = frozenset(
    (
        *("role", "name", "type", "id", "tool_calls", "tool_call", "tool_call_id", "function", "arguments"),
        *(
            "tools",
            "from",
            "thinking_mode",
            "recipient",
            "channel",
            "train",
            "prefix",
            "mask",
            "weight",
            "loss",
        ),
    )
)
_NO_VALUE = frozenset(("length", "count", "defined"))
_ROUNDS = 4  # of passing values on; templates pass them on through two variables at most


class Flow:
    """What is known of the variables of one template.

    Asking raises `UnreadableTemplateError` when following the values has taken too many steps.
    """

    def __init__(self, tree: "nodes.Template") -> None:
        from jinja2 import nodes

        self._steps_left = LIMITS.template_steps
        self.macros: dict[str, nodes.Macro] = {}
        self.names: dict[str, Constant] = {}
        self._assigned: list[tuple[str, nodes.Node]] = []
        self._of_messages: set[str] = set(_MESSAGES)
        self._of_dates: set[str] = set(_DATES)
        everything = list(walk(tree))
        self.macros.update((each.name, each) for each in everything if isinstance(each, nodes.Macro))
        for node in everything:
            self._assigned.extend(self._assignments(node))
        self.assigned = frozenset(name for name, _ in self._assigned)
        self.tables = {name: value for name, value in self._assigned if isinstance(value, nodes.Dict)}
        self._find_constants()
        for _ in range(_ROUNDS):
            before = len(self._of_messages) + len(self._of_dates)
            for name, value in self._assigned:
                if self.is_text(value):
                    self._of_messages.add(name)
                if self.is_date(value):
                    self._of_dates.add(name)
            if before == len(self._of_messages) + len(self._of_dates):
                break

    def is_text(self, node: "nodes.Node") -> bool:
        """Whether the value holds text that stands in messages."""
        return self._holds(node, self._of_messages)

    def is_date(self, node: "nodes.Node") -> bool:
        """Whether the value depends on what day it is."""
        return self._holds(node, self._of_dates)

    def _holds(self, node: "nodes.Node", names: set[str]) -> bool:
        for each in _parts(node):
            self._steps_left -= 1
            if self._steps_left < 0:
                raise UnreadableTemplateError("values are passed on through too much")
            if variable(each) in names:
                return True
        return False

    def _assignments(self, node: "nodes.Node") -> Iterator[tuple[str, "nodes.Node"]]:
        """Names with what they are given there: by set, by for, by with and by calling a macro."""
        from jinja2 import nodes

        match node:
            case nodes.Assign() | nodes.For():
                value = node.node if isinstance(node, nodes.Assign) else node.iter
                yield from self._paired(node.target, value)
            case nodes.AssignBlock():
                yield from ((name, each) for name in _targets(node.target) for each in node.body)
            case nodes.With():
                for target, value in zip(node.targets, node.values, strict=False):
                    yield from ((name, value) for name in _targets(target))
            case nodes.Call(node=nodes.Name(name="namespace")):
                yield from ()
            case nodes.Call(node=nodes.Name(name=name)) if name in self.macros:
                macro = self.macros[name]
                yield from ((p.name, v) for p, v in zip(macro.args, node.args, strict=False))
                yield from ((each.key, each.value) for each in node.kwargs)

    def _paired(self, target: "nodes.Node", value: "nodes.Node") -> Iterator[tuple[str, "nodes.Node"]]:
        from jinja2 import nodes

        yield from ((name, value) for name in _targets(target))
        match target, value:
            case nodes.Name(name=of), nodes.Call(node=nodes.Name(name="namespace"), kwargs=keywords):
                yield from ((f"{of}.{each.key}", each.value) for each in keywords)

    def _find_constants(self) -> None:
        """Variables that are assigned once, and that a constant."""
        times: dict[str, int] = {}
        for name, _ in self._assigned:
            times[name] = times.get(name, 0) + 1
        for name, value in self._assigned:
            if times[name] == 1 and (constant := value_of(_whole(value), self.names)) is not None:
                self.names[name] = constant


def variable(node: "nodes.Node") -> str:
    """The name of the variable, `ns.x` for what lies in a namespace; "" for everything else."""
    from jinja2 import nodes

    match node:
        case nodes.Name():
            return str(node.name)
        case nodes.NSRef():
            return f"{node.name}.{node.attr}"
        case nodes.Getattr(node=nodes.Name(name=of)):
            return f"{of}.{node.attr}"
    return ""


def _targets(target: "nodes.Node") -> Iterable[str]:
    return [name for each in walk(target) if (name := variable(each))]


def _whole(node: "nodes.Node") -> "nodes.Node":
    """What a block that is one piece of text consists of."""
    from jinja2 import nodes

    return node.nodes[0] if isinstance(node, nodes.Output) and len(node.nodes) == 1 else node


def _parts(node: "nodes.Node") -> Iterator["nodes.Node"]:
    """All that the value may hold, and not what only decides about it."""
    from jinja2 import nodes

    left = [node]
    while left:
        found = left.pop()
        match found:
            case nodes.Compare() | nodes.Test() | nodes.Not():
                continue
            case nodes.Getattr(attr=key) | nodes.Getitem(arg=nodes.Const(value=key)) if key in _NO_TEXT:
                continue
            case nodes.Filter(name=name) if name in _NO_VALUE:
                continue
            case nodes.Filter(name="map", kwargs=[nodes.Keyword(value=nodes.Const(value=key))]) if (
                key in _NO_TEXT
            ):
                continue
            case nodes.CondExpr():
                left.extend(each for each in (found.expr1, found.expr2) if each is not None)
                continue
            case nodes.Getitem():
                yield found
                left.append(found.node)
                continue
        yield found
        left.extend(found.iter_child_nodes())
