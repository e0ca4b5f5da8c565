"""What an SPDX license expression comes down to when some of its licenses are named by patterns.

Where it says `OR` one may choose, and where it says `AND` all hold. So where only MIT is allowed
`MIT OR GPL-3.0-only` may be used, and where CC-BY-NC is forbidden `MIT AND CC-BY-NC-4.0` may not. A license
with an exception (`WITH`) is one term. Source: SPDX 3.0, annex on license expressions.
"""

from collections.abc import Callable

from ringfence.core.limits import LIMITS
from ringfence.core.patterns import pattern

__all__ = ["may_be", "must_be"]

_WORDS = pattern(r"[()]|[^\s()]+")
_NO_TERMS = frozenset({"(", ")", "and", "or", "with"})
_DEPTH = 32

_Terms = list[tuple[str, list[str]]]


def may_be(expression: str, fits: Callable[[str], bool]) -> bool | None:
    """Whether it can be used under licenses that fit alone; None when it cannot be read."""
    return _follow(expression, fits, any_of="or")


def must_be(expression: str, fits: Callable[[str], bool]) -> bool | None:
    """Whether it cannot be used without a license that fits; None when it cannot be read."""
    return _follow(expression, fits, any_of="and")


def _follow(expression: str, fits: Callable[[str], bool], *, any_of: str) -> bool | None:
    """Of what the word `any_of` joins one that fits is enough; of what the other joins, all must."""
    if len(expression) > LIMITS.license_chars:
        return None
    words = _WORDS.findall(expression)
    if len(words) == 1 and words[0].lower() not in _NO_TERMS:  # as nearly always
        return fits(words[0])
    result, at = _joined(words, 0, "or", fits, any_of, 0)
    return result if at == len(words) else None


def _joined(  # noqa: PLR0917 - a parser's state
    words: list[str], at: int, joiner: str, fits: Callable[[str], bool], any_of: str, depth: int
) -> tuple[bool | None, int]:
    """What `joiner` joins, from word `at` on (None when unreadable), and the first word behind it."""
    results: list[bool] = []
    while True:
        result, at = (
            _joined(words, at, "and", fits, any_of, depth)
            if joiner == "or"
            else _term(words, at, fits, any_of, depth)
        )
        if result is None:
            return None, at
        results.append(result)
        if at >= len(words) or words[at].lower() != joiner:
            return (any(results) if joiner == any_of else all(results)), at
        at += 1


def _term(
    words: list[str], at: int, fits: Callable[[str], bool], any_of: str, depth: int
) -> tuple[bool | None, int]:
    if at >= len(words) or depth > _DEPTH:
        return None, at
    if words[at] == "(":
        result, at = _joined(words, at + 1, "or", fits, any_of, depth + 1)
        return (result, at + 1) if at < len(words) and words[at] == ")" else (None, at)
    term, at = words[at], at + 1
    if term.lower() in _NO_TERMS:
        return None, at
    if at + 1 < len(words) and words[at].lower() == "with":
        term, at = f"{term} WITH {words[at + 1]}", at + 2
    return fits(term), at
