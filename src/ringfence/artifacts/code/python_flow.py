"""Where a value in one part of a Python file comes from: decoded, fetched, secret, or made of bytecode."""

import ast
from collections.abc import Iterator
from enum import Enum
from typing import Final

from ringfence.artifacts.code.python_acts import Act, act_of, touches
from ringfence.artifacts.code.python_names import Names

__all__ = ["Origin", "Origins"]


class Origin(Enum):
    """What a value is, in the words of a finding."""

    DECODED = "that was encoded"
    FETCHED = "that comes from elsewhere"
    SECRET = "that holds secrets"  # noqa: S105
    BYTECODE = "that is bytecode"
    SPELLED = "that is spelled by numbers"


_OF_ACT: Final = {Act.DECODE: Origin.DECODED, Act.NETWORK: Origin.FETCHED, Act.BYTECODE: Origin.BYTECODE}
_HARMLESS_BYTECODE: Final = ("types.FunctionType", "types.CodeType")


class Origins:
    """What the names of one part of a file hold, learnt statement by statement."""

    def __init__(self, names: Names, functions: dict[str, set[Origin]]) -> None:
        self._names = names
        self._functions = functions  # what they return; shared, and filled by `learn`
        self._hold: dict[str, set[Origin]] = {}

    def learn(self, nodes: list[ast.AST], *, function: str) -> None:
        """Goes through the statements; twice, for loops, where anything was learnt."""
        for _ in range(2):
            known = self._known()
            for node in nodes:
                match node:
                    case ast.Assign(targets=targets, value=value):
                        self._put(targets, value)
                    case ast.AnnAssign(target=target, value=ast.expr() as value):
                        self._put([target], value)
                    case (
                        ast.AugAssign(target=target, value=value) | ast.NamedExpr(target=target, value=value)
                    ):
                        self._put([target], value)
                    case ast.For(target=target, iter=value) | ast.comprehension(target=target, iter=value):
                        self._put([target], value)
                    case ast.withitem(context_expr=value, optional_vars=ast.expr() as target):
                        self._put([target], value)
                    case ast.Return(value=ast.expr() as value) if function:
                        self._functions.setdefault(function, set()).update(self.of(value))
            if self._known() == known:
                return

    def _known(self) -> int:
        return sum(map(len, self._hold.values())) + sum(map(len, self._functions.values()))

    def of(self, node: ast.AST) -> set[Origin]:
        """Where all parts of the expression come from."""
        found: set[Origin] = set()
        in_part: set[int] = set()  # `os.environ["HOME"]` is not all of it
        for each in _parts(node):
            match each:
                case ast.Subscript(value=value):
                    in_part.add(id(value))
                case ast.Attribute(value=value, attr=attr) if attr not in ("copy", "items"):
                    in_part.add(id(value))
                case ast.Call(func=func):
                    found.update(self._of_call(each, func))
            if isinstance(each, ast.Name):
                found |= {Origin.SPELLED} if each.id == "chr" else self._hold.get(each.id, set())
            if id(each) not in in_part and self._is_environment(each):
                found.add(Origin.SECRET)
        return found

    def _is_environment(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Name | ast.Attribute) and "os.environ" in self._names.of(node)

    def _put(self, targets: list[ast.expr], value: ast.expr) -> None:
        origins = self.of(value)
        if not origins:
            return
        for target in targets:
            for each in ast.walk(target):
                if isinstance(each, ast.Name):
                    self._hold.setdefault(each.id, set()).update(origins)

    def _of_call(self, node: ast.Call, func: ast.expr) -> Iterator[Origin]:
        for name in self._names.of(func):
            act = act_of(name)
            if act in _OF_ACT and name not in _HARMLESS_BYTECODE:
                yield _OF_ACT[act]
            yield from self._functions.get(name, ())
            if name.rpartition(".")[2] in ("open", "Path", "expanduser", "join", "read_text"):
                for argument in node.args:
                    text = self._names.text(argument)
                    if text is not None and touches(text) == "where secrets are kept":
                        yield Origin.SECRET


def _parts(node: ast.AST) -> Iterator[ast.AST]:
    """The node and all below it, those first that stand higher; nothing of what says how a name is used."""
    level = [node]
    while level:
        yield from level
        level = [below for each in level for below in _below(each)]


def _below(node: ast.AST) -> Iterator[ast.AST]:
    for field in node._fields:
        value = getattr(node, field, None)
        if isinstance(value, list):
            for each in value:
                if isinstance(each, ast.AST):
                    yield each
        elif isinstance(value, ast.AST) and not isinstance(value, ast.expr_context | ast.operator):
            yield value
