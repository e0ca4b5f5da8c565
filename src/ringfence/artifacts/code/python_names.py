"""What Python's expressions stand for, as far as can be said without running them.

Follows imports, assignments, `getattr`, `__import__`, `globals()` and the like to dotted names. A name that
is bound more than once stands for all of it.
"""

import ast
import builtins
from collections.abc import Iterable, Iterator
from typing import Final

from ringfence.artifacts.code.python_acts import act_of, leads_to_acts
from ringfence.artifacts.code.python_texts import DEPTH, Texts
from ringfence.artifacts.code.words import words
from ringfence.core.limits import LIMITS

__all__ = ["Names"]

_MEANINGS: Final = 8  # of one name or expression
_ITEMS: Final = 64
_MODULES: Final = words("modules")
_BUILTINS: Final = frozenset(dir(builtins))
_BINDS: Final = (ast.stmt, ast.NamedExpr, ast.comprehension)


class Names(Texts):
    """The names of one file."""

    def __init__(self, tree: ast.AST) -> None:
        super().__init__()
        self._tree = tree  # nodes are known by their ids as long as they live
        self._means: dict[str, set[str]] = {}
        self._attributes: dict[str, set[str]] = {}  # of any object, that something dangerous was put into
        self._returns: dict[str, set[str]] = {}  # functions that give something dangerous back
        self._lists: dict[str, list[ast.expr]] = {}
        self._stars: list[str] = []
        nodes = [node for node in ast.walk(tree) if isinstance(node, _BINDS)]
        for node in nodes:
            self._import(node)
        self._next: dict[str, str | None] = {}
        # By a node's id, so that nothing is worked out twice, however often it is asked for.
        self._known_names: dict[int, frozenset[str]] = {}
        for _ in range(2):  # a name may be bound to one that is bound further down
            for node in nodes:
                self._bind(node)
                self._define(node)
            self._texts, self._next = self._next, {}
            self._known_names.clear()
            self._known_texts.clear()

    def of(self, node: ast.expr, depth: int = 0) -> frozenset[str]:
        """The dotted names that the expression may stand for. A call is written with ()."""
        if (known := self._known_names.get(id(node))) is None:
            known = self._known_names[id(node)] = frozenset() if depth > DEPTH else self._of(node, depth)
        return known

    def _of(self, node: ast.expr, depth: int) -> frozenset[str]:
        match node:
            case ast.Name(id=name):
                return self._of_name(name)
            case ast.Attribute(value=value, attr=attr):
                owners = self._limited(self.of(value, depth + 1))
                return frozenset(
                    {_attribute(each, attr) for each in owners} | self._attributes.get(attr, set())
                )
            case ast.NamedExpr(value=value) | ast.Await(value=value) | ast.Starred(value=value):
                return self.of(value, depth + 1)
            case ast.IfExp(body=one, orelse=other):
                return self.of(one, depth + 1) | self.of(other, depth + 1)
            case ast.BoolOp(values=values) | ast.Tuple(elts=values) | ast.List(elts=values):
                return self._union(values, depth)
            case ast.Dict(values=values):
                return self._union(values, depth)
            case ast.Subscript(value=value, slice=key):
                return self._of_subscript(value, key, depth)
            case ast.Call():
                return self._of_call(node, depth)
        return frozenset()

    def items(self, node: ast.expr) -> list[ast.expr]:
        """The first items of a literal list, or of a name that is bound to one."""
        match node:
            case ast.List(elts=elts) | ast.Tuple(elts=elts):
                return elts[:_ITEMS]
            case ast.Name(id=name):
                return self._lists.get(name, [])
        return []

    def _limited(self, names: Iterable[str]) -> Iterator[str]:
        for count, name in enumerate(sorted(names)):
            if count >= _MEANINGS:
                return
            if len(name) <= LIMITS.name_chars:
                yield name

    def _union(self, nodes: Iterable[ast.expr | None], depth: int) -> frozenset[str]:
        found: set[str] = set()
        for count, node in enumerate(nodes):
            if count >= 4 * _MEANINGS:
                break
            if node is not None:
                found |= self.of(node, depth + 1)
        return frozenset(self._limited(found))

    def _of_name(self, name: str) -> frozenset[str]:
        if (means := self._means.get(name)) is not None:
            return frozenset(means)
        starred = {f"{module}.{name}" for module in self._stars if act_of(f"{module}.{name}")}
        return frozenset(starred or {name})

    def _of_subscript(self, value: ast.expr, key: ast.expr, depth: int) -> frozenset[str]:
        if isinstance(value, ast.Tuple | ast.List | ast.Dict):
            return self.of(value, depth + 1)
        owners = self.of(value, depth + 1)
        found = {each for each in owners if act_of(each) is not None}  # a container that holds it
        text = self.text(key, depth + 1)
        if text is None:
            return frozenset(found)
        for owner in owners:
            if owner in ("sys.modules", "__builtins__", "__dict__", "builtins.__dict__"):
                found.add(text)
            elif owner in ("globals()", "locals()", "vars()"):
                found |= self._of_name(text)
            elif owner.endswith(".__dict__"):
                found.add(f"{owner.removesuffix('.__dict__')}.{text}")
            elif owner.endswith((".__globals__", ".__builtins__")):
                found.add(text)
        return frozenset(found)

    def _of_call(self, node: ast.Call, depth: int) -> frozenset[str]:
        found: set[str] = set()
        for name in self.of(node.func, depth + 1):
            first = node.args[0] if node.args else None
            if name in ("__import__", "importlib.__import__", "importlib.import_module") and first:
                text = self.text(first, depth + 1)
                found.add(text if text is not None else f"{name}()")
                if text and name != "importlib.import_module":  # returns the first of them
                    found.add(text.partition(".")[0])
            elif name in ("getattr", "builtins.getattr") and len(node.args) > 1 and first:
                text = self.text(node.args[1], depth + 1)
                found |= {f"{each}.{text or '?'}" for each in self._limited(self.of(first, depth + 1))}
            elif name in ("vars", "builtins.vars") and first:
                found |= {f"{each}.__dict__" for each in self._limited(self.of(first, depth + 1))}
            elif name in ("functools.partial", "partial") and first:
                found |= self.of(first, depth + 1)
            elif name.endswith((".__getattribute__", ".__dict__.get")) and first:
                text = self.text(first, depth + 1) or "?"
                found.add(f"{name.removesuffix('.__getattribute__').removesuffix('.__dict__.get')}.{text}")
            elif name.endswith(".__call__"):
                found.add(f"{name.removesuffix('.__call__')}()")
            else:
                found |= {f"{name}()"} | self._returns.get(name, set())
        return frozenset(self._limited(found))

    def _import(self, node: ast.AST) -> None:
        match node:
            case ast.Import(names=names):
                for each in names:
                    name = each.asname or each.name.partition(".")[0]
                    self._means.setdefault(name, set()).add(each.name if each.asname else name)
            case ast.ImportFrom(module=str() as module, names=names, level=0):
                for each in names:
                    if each.name == "*":
                        self._stars.append(module)
                    else:
                        self._means.setdefault(each.asname or each.name, set()).add(f"{module}.{each.name}")

    def _bind(self, node: ast.AST) -> None:
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self._bind_one(target, value)
            case ast.NamedExpr(target=target, value=value):
                self._bind_one(target, value)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self._bind_one(target, value)
            case (
                ast.For(target=ast.Name(id=name), iter=value)
                | ast.comprehension(target=ast.Name(id=name), iter=value)
            ):
                self._next[name] = None
                self._mean(name, value)
            case ast.AugAssign(target=ast.Name(id=name)):
                self._next[name] = None
            case ast.With(items=items) | ast.AsyncWith(items=items):
                for item in items:
                    if item.optional_vars is not None:
                        self._bind_one(item.optional_vars, item.context_expr)

    def _define(self, node: ast.AST) -> None:
        """What functions give back and classes hold, where it is dangerous."""
        match node:
            case ast.FunctionDef(name=name):
                for each in ast.walk(node):
                    if isinstance(each, ast.Return) and each.value is not None:
                        self._returns.setdefault(name, set()).update(filter(act_of, self.of(each.value)))
            case ast.ClassDef(body=body):
                for each in body:
                    if isinstance(each, ast.Assign) and isinstance(each.targets[0], ast.Name):
                        self._put(each.targets[0].id, each.value)

    def _bind_one(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Tuple | ast.List):
            if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts):
                for one, its in zip(target.elts, value.elts, strict=True):
                    self._bind_one(one, its)
            return
        if isinstance(target, ast.Attribute):
            self._put(target.attr, value)
        if not isinstance(target, ast.Name):
            return
        if isinstance(value, ast.List | ast.Tuple):
            self._lists[target.id] = value.elts[:_ITEMS]
        text = self.text(value)
        self._next[target.id] = text if text == self._next.get(target.id, text) else None
        self._mean(target.id, value)

    def _put(self, attribute: str, value: ast.expr) -> None:
        if acts := set(filter(act_of, self.of(value))):
            self._attributes.setdefault(attribute, set()).update(acts)

    def _mean(self, name: str, value: ast.expr) -> None:
        interesting = {each for each in self.of(value) if _interesting(each)}
        if interesting:
            means = self._means.setdefault(name, {name})
            if len(means) <= _MEANINGS:
                means |= interesting


def _interesting(name: str) -> bool:
    return (
        act_of(name) is not None
        or leads_to_acts(name.removesuffix("()"))
        or name.partition(".")[0].removesuffix("()") in _MODULES
    )


def _attribute(owner: str, attr: str) -> str:
    """`owner.attr`, by the shortest name for the same thing."""
    if owner in ("builtins", "__builtins__"):
        return attr
    if attr == "__call__":
        return owner
    if attr == "__self__" and owner in _BUILTINS:
        return "builtins"
    return f"{owner}.{attr}"
