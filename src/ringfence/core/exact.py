"""Values in letters, so that no two look the same but for letters that do.

Text stands between quotes, so that its end is seen; what hides, turns or lies over other text is spelled out.
"""

import unicodedata

from ringfence.core.text import printable

__all__ = ["exact", "name"]

_BLANK = {"Zs", "Mn", "Me"}  # blanks of other widths, and marks that lie over other letters


def exact(value: str | int | bool | None) -> str:
    """The value; None is unknown."""
    match value:
        case None:
            return "unknown"
        case bool():
            return "yes" if value else "no"
        case int():
            return str(value)
    return '"' + name(value.replace("\\", "\\\\").replace('"', '\\"')) + '"'


def name(text: str | None) -> str:
    """Text of anybody's, whole, with whatever hides or moves spelled out."""
    if not text or (text.isascii() and text.isprintable()):
        return text or ""
    return "".join(
        f"\\u{{{ord(c):x}}}" if c != " " and unicodedata.category(c) in _BLANK else c for c in printable(text)
    )
