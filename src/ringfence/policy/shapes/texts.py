"""Texts, words, patterns, and yes or no."""

import difflib
import re
from collections.abc import Iterable
from enum import Enum
from functools import cache
from typing import Any, NamedTuple, cast

from ringfence.core.actions import FieldKind
from ringfence.core.bounded_json import Json
from ringfence.core.dataclass import dataclass
from ringfence.policy.globs import BadGlob, glob
from ringfence.policy.nodes import Listing, Node, Scalar
from ringfence.policy.problems import Problems, quoted
from ringfence.policy.shapes.shape import Definitions, Schema, scalar, scalar_as, wrong
from ringfence.policy.words import member_of, words_of

__all__ = [
    "CONTROL",
    "ID",
    "LINE",
    "PROSE",
    "VERSION",
    "YES_NO",
    "Pattern",
    "Patterns",
    "Text",
    "Word",
    "Worded",
    "YesNo",
    "nearest",
]


@dataclass(frozen=True, slots=True)
class Text:
    """Any text, or text of one form."""

    says: str
    form: str | None = None  # a regular expression for all of it, without repetition of repetitions

    def read(self, node: Node, problems: Problems) -> str | None:
        text = scalar(node, problems, self.says)
        if text is not None and self.form is not None and not re.fullmatch(self.form, text):
            wrong(node, problems, self.says)
            return None
        return text

    def schema(self, _definitions: Definitions, /) -> Schema:
        return {"type": "string", **({"pattern": f"^(?:{self.form})$"} if self.form else {})}


@dataclass(frozen=True, slots=True)
class _Version(Text):
    """A version, which nobody has to put in quotes."""

    def schema(self, _definitions: Definitions, /) -> Schema:
        return {"type": ["string", "number"]}


ID = Text("a name of letters, digits, `-`, `_` and `.`", "[A-Za-z][A-Za-z0-9_.-]{0,99}")
CONTROL = Text("a control such as iso42001:A.6", "[a-z0-9][a-z0-9-]{0,49}:[A-Za-z0-9][A-Za-z0-9._-]{0,49}")
LINE = Text("a text", r"[^\n]{1,400}")
PROSE = Text("a text")
VERSION = _Version("a version such as 1.2.3", "[0-9A-Za-z][0-9A-Za-z.+!_-]{0,99}")


@dataclass(frozen=True, slots=True)
class Word:
    """One word of an enumeration, as its member."""

    enumeration: type[Enum]

    @property
    def says(self) -> str:
        return one_of(words_of(self.enumeration))

    def read(self, node: Node, problems: Problems) -> Any:  # noqa: ANN401 - the enumeration's member
        text = scalar(node, problems, self.says)
        if text is None:
            return None
        words = words_of(self.enumeration)
        if text not in words:
            problems.add(node, f"{quoted(text)} is none of the words here", hint=nearest(text, words))
            return None
        return member_of(self.enumeration, text)

    def schema(self, _definitions: Definitions, /) -> Schema:
        return {"enum": list(words_of(self.enumeration))}


@dataclass(frozen=True, slots=True)
class YesNo:
    """`true` or `false`."""

    says: str = "true or false"

    def read(self, node: Node, problems: Problems) -> bool | None:
        return scalar_as(node, problems, self.says, {"true": True, "false": False}.get)

    def schema(self, _definitions: Definitions, /) -> Schema:
        return {"type": "boolean"}


YES_NO = YesNo()


class Worded(NamedTuple):
    """A text and where it stands."""

    text: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Patterns:
    """One glob or a list of globs, for fields of these kinds; or words, where `words` has any."""

    kinds: tuple[FieldKind, ...]
    words: tuple[str, ...] = ()
    may_be_none: bool = False  # an empty list

    @property
    def says(self) -> str:
        return f"{one_of(self.words)}, or a list" if self.words else "a pattern, or a list of patterns"

    def read(self, node: Node, problems: Problems) -> tuple[Worded, ...] | None:
        if type(node) is Scalar:
            found = self._one(node, problems)
            return None if found is None else (found,)
        if not isinstance(node, Listing) or not (node.items or self.may_be_none):
            wrong(node, problems, self.says)
            return None
        items = [self._one(each, problems) for each in node.items]
        return None if None in items else tuple(cast("list[Worded]", items))

    def _one(self, node: Node, problems: Problems) -> Worded | None:
        text = scalar(node, problems, self.says)
        if text is None:
            return None
        if self.words:
            if text in self.words:
                return Worded(text, node.line, node.column)
            problems.add(node, f"{quoted(text)} is none of the words here", hint=nearest(text, self.words))
            return None
        if not text:
            problems.add(node, "an empty pattern", hint="write `*` for anything")
            return None
        if text.startswith("~") and FieldKind.PATH in self.kinds:
            problems.add(
                node,
                "`~` stands for no folder here",
                hint="name it whole: /home/NAME/…, or /home/*/… for all",
            )
            return None
        try:
            for kind in self.kinds:
                glob(text, kind)
        except BadGlob as error:
            problems.add(node, error.what, hint=error.hint)
            return None
        return Worded(text, node.line, node.column)

    def schema(self, _definitions: Definitions, /) -> Schema:
        one: Schema = {"enum": list(self.words)} if self.words else {"type": "string", "minLength": 1}
        if FieldKind.VERSION in self.kinds:
            one = {"type": ["string", "number"]}  # 0.7 without quotes is one to an editor
        least = 0 if self.may_be_none else 1
        return {"anyOf": [one, {"type": "array", "items": cast("Json", one), "minItems": least}]}


class Pattern(Patterns):
    """One glob, as the key of a mapping is."""

    __slots__ = ()

    @property
    def says(self) -> str:
        return "a pattern"


def nearest(text: str, known: Iterable[str]) -> str:
    """A hint: the known word that is most like `text`, or all of them."""
    words = sorted(known)
    like = difflib.get_close_matches(text[:100], words, n=1, cutoff=0.65)
    return f"did you mean `{like[0]}`?" if like else f"known here: {', '.join(words)}"


@cache
def one_of(words: tuple[str, ...]) -> str:
    """All of them, as a choice."""
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last
