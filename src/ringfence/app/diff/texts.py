"""Two texts as a unified diff that shows what a terminal would hide."""

import difflib
import re
from collections.abc import Iterator

from ringfence.app.diff.comparison import TextChange, TextKind, shown
from ringfence.core.limits import LIMITS

__all__ = ["text_change"]

_CONTEXT = 3
_LONG = 160  # characters; templates in one line are broken where their blocks end
_PIECE = re.compile(rf"[^%}}]{{0,{_LONG}}}(?:%\}}|\}}\}}|[%}}]|$)|[^%}}]{{{_LONG}}}")


def text_change(name: str, kind: TextKind, old: str | None, new: str | None) -> TextChange | None:
    """What is different, None where nothing is. None is no text at all."""
    if old == new:
        return None
    before, after = (list(_lines(text)) if text is not None else [] for text in (old, new))
    lines = _unified(before, after)
    kept = tuple(shown(line) for line in lines[: LIMITS.diff_lines])
    return TextChange(name=shown(name), kind=kind, lines=kept, lines_left_out=len(lines) - len(kept))


def _lines(text: str) -> Iterator[str]:
    if not text:
        return
    body, end = (text[:-1], "") if text.endswith("\n") else (text, " (no line feed at the end)")
    *lines, last = body.split("\n")
    for line in (*lines, last + end if end and len(last) <= _LONG else last):
        if len(line) <= _LONG:
            yield line
        else:
            yield from filter(None, _PIECE.findall(line))


def _unified(before: list[str], after: list[str]) -> list[str]:
    """The diff. Of texts too long to be compared line by line all that is between the ends they share."""
    start = _shared(before, after)
    end = _shared(before[start:][::-1], after[start:][::-1])
    middle = (before[start : len(before) - end], after[start : len(after) - end])
    if max(map(len, middle)) > LIMITS.diffed_lines:
        line = start + 1
        return [
            f"@@ from line {line} on @@",
            *(f"-{each}" for each in middle[0][: LIMITS.diff_lines // 2]),
            *(f"+{each}" for each in middle[1]),
        ]
    first = max(0, start - _CONTEXT)
    rest = max(0, end - _CONTEXT)
    parts = (before[first : len(before) - rest], after[first : len(after) - rest])
    found = list(difflib.unified_diff(*parts, lineterm="", n=_CONTEXT))[2:]
    return [_moved(line, first) if line.startswith("@@") else line for line in found]


def _shared(before: list[str], after: list[str]) -> int:
    """Lines that both begin with."""
    count = 0
    for one, other in zip(before, after, strict=False):
        if one != other:
            break
        count += 1
    return count


def _moved(mark: str, by: int) -> str:
    """The line that says where a part lies, counted from the text's own beginning."""
    return re.sub(r"([-+])(\d+)", lambda found: f"{found[1]}{int(found[2]) + by}", mark)
