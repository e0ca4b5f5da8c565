"""Which operations a GraphQL document has: the type and each field at its root, whatever it is called there.

Only what tells these is read: fragments are followed at the root, aliases are dropped, and values and
selections below are stepped over. Every operation of the document counts, since the one that is chosen is
named elsewhere. Source: the GraphQL specification, October 2021 (2.1 to 2.8).
"""

import re
from dataclasses import field

from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.protocols.http import BadHttp

__all__ = ["operations"]

# Each text can be read in one way only, so that nothing is tried twice.
_BLOCK = r'"""[^"\\]*(?:(?:\\"""|\\(?!""")|"(?!""))[^"\\]*)*"""'
_TEXT = r'"[^"\\\n\r]*(?:\\.[^"\\\n\r]*)*"'
_TOKEN = re.compile(
    r"(?P<skip>[\s,\ufeff]+|#[^\n\r]*)|(?P<name>[_A-Za-z][_0-9A-Za-z]*)|(?P<spread>\.\.\.)"
    rf"|(?P<mark>[!$&()\[\]{{}}:=@|])|(?P<text>{_BLOCK}|{_TEXT})|(?P<number>-?[0-9][0-9A-Za-z.+-]*)"
)
_TYPES = frozenset({"query", "mutation", "subscription"})
_CLOSES = {"(": ")", "[": "]", "{": "}"}


@dataclass(slots=True)
class _Root:
    """Fields and spreads directly within one selection, those of inline fragments among them."""

    fields: list[str] = field(default_factory=list)
    spreads: list[str] = field(default_factory=list)


def operations(document: str) -> tuple[str, ...]:
    """All of them, sorted: "query.viewer", "mutation.addStar".

    Raises:
        BadHttp: it is no GraphQL, has no operation, or is longer or deeper than is read.
    """
    if len(document) > LIMITS.graphql_bytes:
        raise BadHttp(f"a GraphQL document of more than {LIMITS.graphql_bytes} characters")
    return _Reader(_tokens(document)).operations()


def _tokens(document: str) -> list[str]:
    found: list[str] = []
    at = 0
    while at < len(document):
        token = _TOKEN.match(document, at)
        if token is None:
            raise BadHttp("a GraphQL document that is none")
        at = token.end()
        if token.lastgroup == "skip":
            continue
        # What texts and numbers say is not looked at, and no name can be mistaken for them.
        found.append(token[0] if token.lastgroup in ("name", "spread", "mark") else '"')
        if len(found) > LIMITS.graphql_tokens:
            raise BadHttp("a GraphQL document that is too long")
    return found


class _Reader:
    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._at = 0

    def operations(self) -> tuple[str, ...]:
        made: list[tuple[str, _Root]] = []
        fragments: dict[str, _Root] = {}
        while self._at < len(self._tokens):
            word = self._next()
            if word == "{":
                made.append(("query", self._selection()))
            elif word in _TYPES:
                self._step_to_selection()
                made.append((word, self._selection()))
            elif word == "fragment":
                name = self._name()
                if name in fragments or name == "on":
                    raise _bad()
                self._expect("on")
                self._step_to_selection()
                fragments[name] = self._selection()
            else:
                raise _bad()
        return _named(made, fragments)

    def _selection(self) -> _Root:
        """What stands until the brace that closes, all below it stepped over."""
        root = _Root()
        open_fragments = 0
        while True:
            word = self._next()
            if word == "}":
                if not open_fragments:
                    break
                open_fragments -= 1
            elif word == "...":
                open_fragments += self._spread(root)
            elif _is_name(word):
                self._field(word, root)
            else:
                raise _bad()
            if len(root.fields) > LIMITS.graphql_operations or open_fragments > LIMITS.graphql_depth:
                raise BadHttp("a GraphQL document with too many operations")
        if not (root.fields or root.spreads):
            raise _bad()
        return root

    def _spread(self, root: _Root) -> int:
        """1 where a fragment was opened in its place."""
        word = self._peek()
        if _is_name(word) and word != "on":
            root.spreads.append(self._name())
            self._directives()
            return 0
        if word == "on":
            self._next()
            self._name()
        self._directives()
        self._expect("{")
        return 1

    def _field(self, name: str, root: _Root) -> None:
        if self._peek() == ":":
            self._next()
            name = self._name()
        root.fields.append(name)
        if self._peek() == "(":
            self._skip()
        self._directives()
        if self._peek() == "{":
            self._skip()

    def _directives(self) -> None:
        while self._peek() == "@":
            self._next()
            self._name()
            if self._peek() == "(":
                self._skip()

    def _step_to_selection(self) -> None:
        """Over a name, variables with their values, directives and a fragment's type."""
        if _is_name(self._peek()):
            self._next()
        if self._peek() == "(":
            self._skip()
        self._directives()
        self._expect("{")

    def _skip(self) -> None:
        """Over what is opened here, to where it is closed."""
        open_: list[str] = []
        while True:
            word = self._next()
            if word in _CLOSES:
                open_.append(_CLOSES[word])
                if len(open_) > LIMITS.graphql_depth:
                    raise BadHttp("a GraphQL document that is too deep")
            elif open_ and word == open_[-1]:
                open_.pop()
                if not open_:
                    return
            elif word in (")", "]", "}"):
                raise _bad()

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        if self._at >= len(self._tokens):
            raise _bad()
        self._at += 1
        return self._tokens[self._at - 1]

    def _name(self) -> str:
        word = self._next()
        if not _is_name(word):
            raise _bad()
        return word

    def _expect(self, wanted: str) -> None:
        if self._next() != wanted:
            raise _bad()


def _named(made: list[tuple[str, _Root]], fragments: dict[str, _Root]) -> tuple[str, ...]:
    found: set[str] = set()
    for kind, root in made:
        waiting, seen = [root], set[str]()
        while waiting:
            each = waiting.pop()
            found.update(f"{kind}.{name}" for name in each.fields)
            for name in each.spreads:
                if name not in fragments:
                    raise _bad()
                if name not in seen:
                    seen.add(name)
                    waiting.append(fragments[name])
    if not found or len(found) > LIMITS.graphql_operations:
        raise BadHttp("a GraphQL document with no operation, or with too many")
    return tuple(sorted(found))


def _is_name(word: str) -> bool:
    return word[:1].isalpha() or word[:1] == "_"


def _bad() -> BadHttp:
    return BadHttp("a GraphQL document that is none")
