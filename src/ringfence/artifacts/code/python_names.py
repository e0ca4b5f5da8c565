"""What Python's expressions stand for, as far as can be said without running them.

Follows imports, assignments, `getattr`, `__import__`, `globals()` and the like to dotted names, and works out
text that is put together from constants. A name that is bound more than once stands for all of it.
"""

import ast
import builtins
import codecs
import zlib
from collections.abc import Iterable, Iterator
from typing import Final

from ringfence.artifacts.code.python_acts import act_of
from ringfence.artifacts.code.python_decoders import DECODERS, HOLDERS, METHODS, REPEATED_CHARS, TEXT_BYTES
from ringfence.artifacts.code.words import words
from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.core.limits import LIMITS

__all__ = ["Names"]

_DEPTH: Final = 24
_MEANINGS: Final = 8  # of one name or expression
_ITEMS: Final = 64
_MODULES: Final = words("modules")
_BUILTINS: Final = frozenset(dir(builtins))
_BINDS: Final = (ast.stmt, ast.NamedExpr, ast.comprehension)


class Names:
    """The names of one file."""

    def __init__(self, tree: ast.AST) -> None:
        self._tree = tree  # nodes are known by their ids as long as they live
        self._means: dict[str, set[str]] = {}
        self._texts: dict[str, str | None] = {}  # None: bound to several things
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
        self._known_texts: dict[int, str | None] = {}
        self._text_left = LIMITS.python_text_chars
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
            known = self._known_names[id(node)] = frozenset() if depth > _DEPTH else self._of(node, depth)
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

    def text(self, node: ast.expr, depth: int = 0) -> str | None:
        """The text or bytes (as Latin-1) that the expression works out to, when it is made of constants.

        Raises:
            Malformed: more text is put together than any honest file does.
        """
        if id(node) not in self._known_texts:
            text = None if depth > _DEPTH else self._text(node, depth)
            if text is not None and not isinstance(node, ast.Constant | ast.Name):
                self._text_left -= len(text)
                if self._text_left < 0:
                    raise Malformed(ProblemKind.OVER_LIMIT, at=None, detail="text is put together endlessly")
            self._known_texts[id(node)] = text
        return self._known_texts[id(node)]

    def _text(self, node: ast.expr, depth: int) -> str | None:
        match node:
            case ast.Constant(value=str() as text):
                return text
            case ast.Constant(value=bytes() as data):
                return data.decode("latin-1")
            case ast.Name(id=name):
                return self._texts.get(name)
            case ast.NamedExpr(value=value) | ast.FormattedValue(value=value):
                return self.text(value, depth + 1)
            case ast.BinOp(op=ast.Add()):
                return self._joined(_summands(node), "", depth)
            case ast.BinOp(left=left, op=ast.Mult() | ast.Mod() as by, right=right):
                return self._computed(left, by, right, depth)
            case ast.Call(func=ast.Attribute(value=value, attr="format"), args=args):
                return self._filled(value, args, "{}", depth)
            case ast.JoinedStr(values=values):
                return self._joined(values, "", depth)
            case ast.Subscript(value=value, slice=ast.Slice(lower=None, upper=None, step=step)):
                whole = self.text(value, depth + 1)
                return whole[::-1] if whole is not None and _number(step) == -1 else None
            case ast.Call(func=ast.Attribute(value=value, attr=attr), args=args):
                return self._method(node, value, attr, args, depth)
            case ast.Call(func=func, args=args):
                return self._function(func, args, depth)
        return None

    def _computed(self, left: ast.expr, by: ast.operator, right: ast.expr, depth: int) -> str | None:
        if isinstance(by, ast.Mod):
            return self._filled(left, right.elts if isinstance(right, ast.Tuple) else [right], "%s", depth)
        text, times = self.text(left, depth + 1), _number(right)
        if text is None or times is None or len(text) * times > REPEATED_CHARS:
            return None
        return text * times

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

    def _joined(self, parts: Iterable[ast.expr], by: str, depth: int) -> str | None:
        texts = []
        for part in parts:
            text = self.text(part, depth + 1)
            if text is None:
                return None
            texts.append(text)
        whole = by.join(texts)
        return whole if len(whole) <= TEXT_BYTES else None

    def _filled(self, pattern: ast.expr, values: list[ast.expr], gap: str, depth: int) -> str | None:
        """A pattern with its gaps filled in, where it has no other formatting."""
        parts = (self.text(pattern, depth + 1) or "").split(gap)
        texts = [self.text(each, depth + 1) for each in values]
        if len(parts) != len(texts) + 1 or gap[0] in "".join(parts) or None in texts:
            return None
        return "".join(part + (text or "") for part, text in zip(parts, (*texts, ""), strict=True))[
            :TEXT_BYTES
        ]

    def _method(
        self, node: ast.expr, value: ast.expr, attr: str, args: list[ast.expr], depth: int
    ) -> str | None:
        if attr == "join" and len(args) == 1:
            by = self.text(value, depth + 1)
            return None if by is None else self._list(args[0], by, depth)
        if attr == "replace" and len(args) == 2:
            whole, old, new = (self.text(each, depth + 1) for each in (value, *args))
            if whole is None or old is None or new is None:
                return None
            return whole.replace(old, new)[:TEXT_BYTES] if old else whole
        if attr in METHODS and (text := self.text(value, depth + 1)) is not None:
            return METHODS[attr](text)
        return self._function(node.func, args, depth) if isinstance(node, ast.Call) else None

    def _function(self, func: ast.expr, args: list[ast.expr], depth: int) -> str | None:
        if not args:
            return None
        for name in self.of(func, depth + 1):
            if name == "chr" and (number := _number(args[0])) is not None and 0 <= number < 0x110000:
                return chr(number)
            if name in ("str", "bytes", "bytearray") and (text := self._list(args[0], "", depth)) is not None:
                return text
            if name in ("compile", "builtins.compile", *HOLDERS):
                return self.text(args[0], depth + 1)
            text = self.text(args[0], depth + 1)
            if text is not None:
                return self._decoded(name, text, args, depth)
        return None

    def _decoded(self, name: str, text: str, args: list[ast.expr], depth: int) -> str | None:
        try:
            if name == "codecs.decode" and len(args) > 1:
                codec = (self.text(args[1], depth + 1) or "").replace("-", "").replace("_", "").lower()
                if codec in ("rot13", "rot"):
                    return codecs.decode(text, "rot13")
                name = {"hex": "bytes.fromhex", "base64": "base64.b64decode", "zlib": "zlib.decompress"}.get(
                    codec, ""
                )
            if name in DECODERS:
                return DECODERS[name](text.encode("latin-1")).decode("latin-1")
        except (ValueError, zlib.error):  # not what it says; binascii's error is a ValueError
            pass
        return None

    def _list(self, node: ast.expr, by: str, depth: int) -> str | None:
        """The text of characters or numbers in a literal list, `map(chr, …)` or `[chr(x) for x in …]`."""
        match node:
            case ast.List(elts=elts) | ast.Tuple(elts=elts):
                numbers = [_number(each) for each in elts]
                if elts and all(each is not None and 0 <= each < 0x110000 for each in numbers):
                    return by.join(chr(each) for each in numbers if each is not None)
                return self._joined(elts, by, depth)
            case ast.Call(func=ast.Name(id="map"), args=[ast.Name(id="chr"), items]):
                return self._list(items, by, depth + 1)
            case ast.Call(func=ast.Name(id="reversed"), args=[items]):
                text = self._list(items, by, depth + 1)
                return None if text is None else text[::-1]
            case ast.ListComp(elt=elt, generators=[one]) | ast.GeneratorExp(elt=elt, generators=[one]):
                plain = isinstance(elt, ast.Name) or (
                    isinstance(elt, ast.Call) and isinstance(elt.func, ast.Name) and elt.func.id == "chr"
                )
                return self._list(one.iter, by, depth + 1) if plain else None
        return self.text(node, depth + 1)

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
    return act_of(name) is not None or name.partition(".")[0].removesuffix("()") in _MODULES


def _attribute(owner: str, attr: str) -> str:
    """`owner.attr`, by the shortest name for the same thing."""
    if owner in ("builtins", "__builtins__"):
        return attr
    if attr == "__call__":
        return owner
    if attr == "__self__" and owner in _BUILTINS:
        return "builtins"
    return f"{owner}.{attr}"


def _summands(node: ast.expr) -> list[ast.expr]:
    """What is added up, from the left; long sums nest as deep as they are long."""
    found = []
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        found.append(node.right)
        node = node.left
    return [node, *reversed(found)]


def _number(node: ast.expr | None) -> int | None:
    match node:
        case ast.Constant(value=bool()):
            return None
        case ast.Constant(value=int() as number):
            return number
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() as number)):
            return -number
    return None
