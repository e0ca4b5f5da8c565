"""Text that Python's expressions work out to when they are made of constants, without running them.

Joins, formats, repeats, reverses and decodes what stands in the file, within bounds.
"""

import ast
import codecs
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Final

from ringfence.artifacts.code.python_decoders import DECODERS, HOLDERS, METHODS, REPEATED_CHARS, TEXT_BYTES
from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.core.limits import LIMITS

__all__ = ["DEPTH", "Texts"]

DEPTH: Final = 24  # of expressions within expressions


class Texts(ABC):
    """The texts of one file."""

    def __init__(self) -> None:
        self._texts: dict[str, str | None] = {}  # by name; None: bound to several things
        # By a node's id, so that nothing is worked out twice, however often it is asked for.
        self._known_texts: dict[int, str | None] = {}
        self._text_left = LIMITS.python_text_chars

    @abstractmethod
    def of(self, node: ast.expr, depth: int = 0) -> frozenset[str]:
        """The dotted names that the expression may stand for."""

    def text(self, node: ast.expr, depth: int = 0) -> str | None:
        """The text or bytes (as Latin-1) that the expression works out to, when it is made of constants.

        Raises:
            Malformed: more text is put together than any honest file does.
        """
        if id(node) not in self._known_texts:
            text = None if depth > DEPTH else self._text(node, depth)
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
