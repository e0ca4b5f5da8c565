"""What constant text an expression of a Jinja template comes to. Every result is bounded.

Jinja's own constant folding is never asked: `10 ** 10 ** 9` is a constant to it, too.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ringfence.core.limits import LIMITS

if TYPE_CHECKING:
    from jinja2 import nodes

__all__ = ["Constant", "Constants", "value_of"]

Constant = str | int | float | bool | tuple["Constant", ...] | None
Constants = Mapping[str, Constant]
"""Variables that only ever have one value."""

_DEPTH = 24


class _NoConstantError(Exception):
    """It depends on what the template is given, or is larger than a constant may be."""


def value_of(node: "nodes.Node", names: Constants) -> Constant:
    """The value of the expression, or None when it is none that is known beforehand."""
    try:
        return _value(node, names, _DEPTH)
    except (_NoConstantError, ArithmeticError, ValueError, TypeError, LookupError):
        return None


def _value(node: "nodes.Node", names: Constants, depth: int) -> Constant:  # noqa: C901  # one line per kind
    from jinja2 import nodes

    if not depth:
        raise _NoConstantError

    def inner(each: "nodes.Node") -> Constant:
        return _value(each, names, depth - 1)

    match node:
        case nodes.Const():
            found: Constant = node.value
            return found
        case nodes.TemplateData():
            return node.data
        case nodes.Name():
            if node.name not in names:
                raise _NoConstantError
            return names[node.name]
        case nodes.List() | nodes.Tuple():
            return tuple(inner(each) for each in node.items)
        case nodes.Concat():
            return _bounded("".join(_shown(inner(each)) for each in node.nodes))
        case nodes.BinExpr():
            return _operator(node.operator, inner(node.left), inner(node.right))
        case nodes.Getitem():
            return _item(inner(node.node), node.arg, names, depth)
        case nodes.Filter() if node.node is not None:
            return _method(node.name, inner(node.node), [inner(each) for each in node.args])
        case nodes.Call(node=nodes.Getattr(node=of, attr=name)):
            return _method(name, inner(of), [inner(each) for each in node.args])
    raise _NoConstantError


def _operator(operator: str, left: Constant, right: Constant) -> Constant:
    match operator, left, right:
        case "+", str(), str():
            return _bounded(left + right)
        case "+", tuple(), tuple():
            return left + right
        case "+" | "-", int(), int():
            return left + right if operator == "+" else left - right
        case "*", str(), int():
            return _repeated(left, right)
        case "*", int(), str():
            return _repeated(right, left)
        case "*", int(), int() if max(abs(left), abs(right)) < 1 << 64:
            return left * right
        case "**", int(), int() if abs(left) < 1 << 64 and 0 <= right <= 64:
            return int(left**right)
        case "%", str(), _ if "%" not in left.replace("%s", "").replace("%c", ""):
            arguments = right if isinstance(right, tuple) else (right,)
            return _bounded(left % arguments)
    raise _NoConstantError


def _item(of: Constant, index: "nodes.Node", names: Constants, depth: int) -> Constant:
    from jinja2 import nodes

    if not isinstance(of, str | tuple):
        raise _NoConstantError
    if isinstance(index, nodes.Slice):
        start, stop, step = (
            _index(_value(part, names, depth - 1)) if part is not None else None
            for part in (index.start, index.stop, index.step)
        )
        return of[start:stop:step]
    return of[_index(_value(index, names, depth - 1))]


def _index(value: Constant) -> int:
    if not isinstance(value, int):
        raise _NoConstantError
    return value


def _method(  # noqa: C901, PLR0912  # one line per method
    name: str, of: Constant, arguments: Sequence[Constant]
) -> Constant:
    """What a filter or a method of a string makes of a constant. `join` is both, the other way round."""
    match name, of, arguments:
        case "join", tuple(), []:
            return _bounded("".join(map(_shown, of)))
        case "join", tuple(), [str(between)]:
            return _bounded(between.join(map(_shown, of)))
        case "join", str(), [tuple(items)]:
            return _bounded(of.join(map(_shown, items)))
        case "join" | "string" | "safe" | "trim" | "strip" | "e" | "escape", str(), []:
            return of.strip() if name in ("trim", "strip") else of
        case "replace", str(), [str(old), str(new)]:
            if len(new) * (of.count(old) + 1) > LIMITS.template_constant_chars:
                raise _NoConstantError
            return _bounded(of.replace(old, new))
        case "reverse", str() | tuple(), []:
            return of[::-1]
        case "list", str() | tuple(), []:
            return tuple(of)
        case "first", str() | tuple(), []:
            return of[0]
        case "last", str() | tuple(), []:
            return of[-1]
        case "lower" | "upper" | "title" | "capitalize", str(), []:
            return {"lower": of.lower, "upper": of.upper, "title": of.title}.get(name, of.capitalize)()
        case "split", str(), [str(between)]:
            return tuple(of.split(between))
        case "format", str(), _ if of.count("%s") == of.count("%"):
            return _bounded(of % tuple(arguments) if "%" in of else _filled(of, arguments))
    raise _NoConstantError


def _filled(pattern: str, arguments: Sequence[Constant]) -> str:
    """`pattern.format(*arguments)` for plain `{}` and `{0}`; anything finer is left as it stands."""
    parts = pattern.split("{}")
    text = parts[0]
    for i, part in enumerate(parts[1:]):
        text += _shown(arguments[i]) + part
    for i, argument in enumerate(arguments):
        text = text.replace(f"{{{i}}}", _shown(argument))
    return text


def _shown(value: Constant) -> str:
    if isinstance(value, str | int):
        return str(value)
    raise _NoConstantError


def _repeated(text: str, times: int) -> str:
    if len(text) * times > LIMITS.template_constant_chars:
        raise _NoConstantError
    return text * times


def _bounded(text: str) -> str:
    if len(text) > LIMITS.template_constant_chars:
        raise _NoConstantError
    return text
