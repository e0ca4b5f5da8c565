r"""The one pattern grammar of a policy: texts, names, paths and hosts.

| written | stands for |
|-|-|
| `*` | any characters but the separator; as a whole part between separators at least one |
| `**` | any characters, separators too; as a whole first or middle part any parts, or none |
| `?` | one character, no separator |
| `\x` | the character itself |
| anything else | itself |

The separator is `/` in names and paths and `.` in hosts. A text has none: there `*` crosses everything and
may stand for nothing. So `models/*` has what lies directly in a folder, `models/**` all below it, and
`**/key.pem` one at any depth, the first included.

In a host, a first part that is `*` stands for one part or more, as in lists of browsers and proxies:
`*.example.com` is every host below example.com, whatever the depth, and not example.com itself;
`**.example.com` is that one too. A path is absolute or below the working tree, and a pattern is only for its
own sort: `**` has nothing that begins with `/`.

Texts and hosts are compared without regard to case, names and paths with it. `[`, `]`, `{` and `}` mean
things in other grammars and nothing here, so they are refused unless escaped: several patterns say as much.

Matching takes one step for each character, whatever the pattern (an automaton whose states are bits of one
integer); nothing is tried twice.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache

from ringfence.core.actions import FieldKind
from ringfence.core.dataclass import dataclass
from ringfence.core.errors import RingfenceError
from ringfence.core.limits import LIMITS

__all__ = ["SEPARATORS", "Automaton", "BadGlob", "Glob", "folded", "glob"]

SEPARATORS = {FieldKind.NAME: "/", FieldKind.PATH: "/", FieldKind.HOST: "."}
_HEED_CASE = frozenset({FieldKind.NAME, FieldKind.PATH})
_MEANING = frozenset("*?\\[]{}")
_KNOWN_GLOBS = 20_000


class BadGlob(RingfenceError):
    """A pattern that says nothing."""


@dataclass(frozen=True, slots=True)
class _One:
    """One character: this one, or any; `crosses`: a separator too."""

    char: str | None
    crosses: bool = False


@dataclass(frozen=True, slots=True)
class _Many:
    """Any number of characters."""

    crosses: bool


@dataclass(frozen=True, slots=True)
class _Parts:
    """Any number of whole parts, each with the separator behind it."""


_Token = _One | _Many | _Parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Glob:
    """One pattern, compiled. What it matches is folded first, as `folded` does."""

    pattern: str
    kind: FieldKind
    exact: str | None  # the only text it matches
    prefix: str  # what every text that it matches begins with
    suffix: str  # and ends with
    matches: Callable[[str], bool]  # a folded text

    def fits(self, text: str) -> bool:
        """Whether the pattern stands for `text`."""
        return self.matches(folded(text, self.kind))

    def automaton(self) -> "Automaton":
        """The pattern as states; made anew each time."""
        return _automaton(_tokens(folded(self.pattern, self.kind), self.kind), self.kind)


class Automaton:
    """A pattern as states that are bits: bit n is set while its first n tokens may have been read.

    `literals[n]` is the character that leads from state n to n + 1, None where others do or none does.
    """

    __slots__ = (
        "_any",
        "_by_char",
        "_loops",
        "_separator",
        "_skips",
        "final",
        "is_below",
        "literals",
        "start",
    )

    def __init__(self, tokens: Iterable[_Token], *, separator: str | None, is_below: bool) -> None:
        self._separator = separator
        self.is_below = is_below  # what begins with a separator is not meant
        self._by_char: dict[str, int] = {}
        self._any = [0, 0]  # states left by every character but the separator, and by that one
        self._loops = [0, 0]  # states kept by them
        self._skips = 0  # states from where one and two further are reached by reading nothing
        self.literals: list[str | None] = []
        for token in tokens:
            self._add(token)
        self.final = 1 << len(self.literals)
        self.literals.append(None)
        for char, bits in self._by_char.items():
            self._by_char[char] = bits | self._any[char == separator]
        self.start = self._reached(1)

    def step(self, states: int, char: str) -> int:
        """The states after one more character; 0 when nothing can match any more."""
        is_separator = char == self._separator
        taken = states & self._by_char.get(char, self._any[is_separator])
        return self._reached((taken << 1) | (states & self._loops[is_separator]))

    def opening(self, char: str) -> int:
        """The states after the first character."""
        return 0 if self.is_below and char == self._separator else self.step(self.start, char)

    def accepts(self, text: Iterable[str]) -> bool:
        """Whether the pattern stands for this text. Takes at most one step for each character."""
        chars = iter(text)
        first = next(chars, None)
        states = self.start if first is None else self.opening(first)
        for char in chars:
            if not states:
                return False
            states = self.step(states, char)
        return bool(states & self.final)

    def _reached(self, states: int) -> int:
        skipping = states & self._skips
        return states | skipping << 1 | skipping << 2 if skipping else states

    def _add(self, token: _Token) -> None:
        bit = 1 << len(self.literals)
        match token:
            case _One(char=None, crosses=crosses):
                self._any[0] |= bit
                self._any[1] |= bit if crosses else 0
                self.literals.append(None)
            case _One(char=str() as char):
                self._by_char[char] = self._by_char.get(char, 0) | bit
                self.literals.append(char)
            case _Many(crosses=crosses):
                self._loops[0] |= bit
                self._loops[1] |= bit if crosses else 0
            case _Parts():
                self._skips |= bit
                self.literals.append(None)
                self._add(_Many(crosses=True))
                self._add(_One(self._separator))


def folded(text: str, kind: FieldKind) -> str:
    """`text` as patterns of this kind compare it."""
    if kind in _HEED_CASE:
        return text
    return text.lower().removesuffix(".") if kind is FieldKind.HOST else text.casefold()


@lru_cache(maxsize=_KNOWN_GLOBS)
def glob(pattern: str, kind: FieldKind) -> Glob:
    """The pattern, compiled.

    Raises:
        BadGlob: it is none of this grammar.
    """
    if len(pattern) > LIMITS.policy_pattern_chars:
        raise BadGlob(
            f"a pattern is longer than {LIMITS.policy_pattern_chars} characters",
            hint="write several shorter ones",
        )
    if kind is FieldKind.HOST and not pattern.isascii():
        raise BadGlob("a host is not written in ASCII", hint="write it as it is looked up: xn--…")
    same = folded(pattern, kind)
    if _MEANING.isdisjoint(same):
        return Glob(pattern=pattern, kind=kind, exact=same, prefix=same, suffix=same, matches=same.__eq__)
    tokens = _tokens(same, kind)
    prefix = _literal(tokens)
    if len(prefix) == len(tokens):
        return Glob(
            pattern=pattern, kind=kind, exact=prefix, prefix=prefix, suffix=prefix, matches=prefix.__eq__
        )
    suffix = _literal(tokens[::-1])[::-1]
    return Glob(
        pattern=pattern,
        kind=kind,
        exact=None,
        prefix=prefix,
        suffix=suffix,
        matches=_matcher(tokens, prefix, suffix, kind),
    )


def _automaton(tokens: tuple[_Token, ...], kind: FieldKind) -> "Automaton":
    return Automaton(tokens, separator=SEPARATORS.get(kind), is_below=_is_below(tokens, kind))


def _is_below(tokens: tuple[_Token, ...], kind: FieldKind) -> bool:
    """Whether the pattern is for paths below the working tree."""
    return kind is FieldKind.PATH and tokens[:1] != (_One("/"),)


def _tokens(pattern: str, kind: FieldKind) -> tuple[_Token, ...]:
    separator = SEPARATORS.get(kind)
    tokens: list[_Token] = []
    at, end = 0, len(pattern)
    while at < end:
        begins_part = separator is not None and (at == 0 or pattern[at - 1] == separator)
        stars = 0
        while at + stars < end and pattern[at + stars] == "*":
            stars += 1
        if stars:
            ends_part = at + stars == end or pattern[at + stars] == separator
            whole = begins_part and ends_part
            at += stars
            if whole and stars > 1 and at < end:
                tokens += [_Parts()] if not tokens or tokens[-1] != _Parts() else []
                at += 1
                continue
            crosses = stars > 1 or separator is None or (whole and kind is FieldKind.HOST and not tokens)
            tokens += [_One(None, crosses), _Many(crosses)] if whole else [_Many(crosses)]
            continue
        char = pattern[at]
        if char == "\\":
            at += 1
            char = pattern[at : at + 1]
            if not char:
                raise BadGlob("a pattern ends in a lone backslash", hint="write two for the character itself")
            tokens.append(_One(char))
        elif char in "[]{}":
            raise BadGlob(
                f"`{char}` means nothing in a pattern", hint=f"list several patterns, or write `\\{char}`"
            )
        else:
            tokens.append(_One(None) if char == "?" else _One(char))
        at += 1
    return tuple(tokens)


def _literal(tokens: tuple[_Token, ...]) -> str:
    """The characters that stand at the beginning."""
    chars: list[str] = []
    for token in tokens:
        if not isinstance(token, _One) or token.char is None:
            break
        chars.append(token.char)
    return "".join(chars)


def _matcher(tokens: tuple[_Token, ...], prefix: str, suffix: str, kind: FieldKind) -> Callable[[str], bool]:
    """Between two fixed texts states are followed, unless anything goes there save one character."""
    between = tokens[len(prefix) : len(tokens) - len(suffix)]
    last = between[-1]
    if not isinstance(last, _Many) or any(each != _One(None, last.crosses) for each in between[:-1]):
        accepts = _automaton(tokens, kind).accepts
        return lambda text: text.startswith(prefix) and text.endswith(suffix) and accepts(text)
    fewest = len(prefix) + len(suffix) + len(between) - 1
    without = None if last.crosses else SEPARATORS.get(kind)
    is_below = _is_below(tokens, kind)
    start, cut = len(prefix), len(suffix)

    def matches(text: str) -> bool:
        return (
            len(text) >= fewest
            and text.startswith(prefix)
            and text.endswith(suffix)
            and (without is None or text.find(without, start, len(text) - cut) < 0)
            and not (is_below and text.startswith("/"))
        )

    return matches
