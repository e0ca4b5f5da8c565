"""Anybody's text as lines of a terminal: whole or cut where one sees it, and never anything but letters."""

import textwrap
from collections.abc import Iterable, Iterator

from rich.cells import cell_len

from ringfence.app.approving import ShownFact
from ringfence.core.exact import exact, name

__all__ = ["cut", "fact_lines", "fitted", "only_ascii", "prose", "spelled", "wrapped"]

_MARK = "    ¦ "  # before what goes on from the line above; no value can begin a line
_OURS = "    = "  # before what we say of a value; nor can it begin one so
_LONG = 60  # characters; of longer values the number is said


def spelled(text: str) -> str:
    """As `core.exact.name`, and letters that take no room are spelled out as well."""
    shown = name(text)
    if shown.isascii():
        return shown
    return "".join(c if cell_len(c) else f"\\u{{{ord(c):x}}}" for c in shown)


def only_ascii(text: str) -> str:
    """Every other letter spelled out: what looks like another letter is seen to be none."""
    return text if text.isascii() and text.isprintable() else ascii(text)[1:-1]


def cut(text: str, cells: int) -> str:
    """Spelled text, cut to this width with an ellipsis where something is left out."""
    if cell_len(text) <= cells:
        return text
    return next(_pieces(text, cells - 1, 1)) + "…" if cells > 0 else ""


def fitted(text: str, cells: int) -> str:
    """Exactly this wide."""
    shown = cut(text, cells)
    return shown + " " * (cells - cell_len(shown))


def wrapped(line: str, cells: int) -> Iterator[str]:
    """The spelled line, and what does not fit in it below, behind a mark."""
    first, rest = max(2, cells), max(2, cells - len(_MARK))
    for number, piece in enumerate(_pieces(line, first, rest)):
        yield f"{_MARK}{piece}" if number else piece


def prose(line: str, cells: int) -> list[str]:
    """Our own words, broken between them; what goes on stands as far in as the line begins."""
    within = " " * (len(line) - len(line.lstrip()))
    return textwrap.wrap(line, cells, subsequent_indent=within, break_long_words=True) or [""]


def fact_lines(facts: Iterable[ShownFact], cells: int) -> Iterator[str]:
    """Each fact whole, on lines of its own; how long it is where that is much; letters that are not ASCII."""
    for fact in facts:
        value = fact.value
        long = f" ({len(value):,} characters)" if isinstance(value, str) and len(value) > _LONG else ""
        yield from wrapped(f"   {spelled(fact.name)}{long}: {_unseen(exact(value))}", cells)
        if isinstance(value, str) and not value.isascii():
            yield from wrapped(f"{_OURS}letters outside ASCII: {value!a}", cells)


def _unseen(text: str) -> str:
    return text if text.isascii() else spelled(text)


def _pieces(text: str, first: int, rest: int) -> Iterator[str]:
    """Pieces of these widths; "" is one."""
    width, piece, used = first, list[str](), 0
    for c in text:
        cells = cell_len(c)
        if used + cells > width:
            yield "".join(piece)
            width, piece, used = rest, [], 0
        piece.append(c)
        used += cells
    yield "".join(piece)
