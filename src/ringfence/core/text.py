"""Untrusted text made harmless: what a name or a header says never moves a cursor or turns a line around."""

__all__ = ["clip", "printable"]

_HIDDEN = {
    "Cc",  # control characters, escape sequences among them
    "Cf",  # format characters: bidi marks, zero-width joiners, tags
    "Cs",  # lone surrogates: bytes of a name that are not UTF-8
    "Co",  # private use
    "Zl",
    "Zp",
}


def printable(text: str) -> str:
    """`text` with every character that could mislead a terminal or a reader spelled out.

    Bytes that were not UTF-8 (surrogate escapes) become `\\xNN`, hidden characters `\\u{NNNN}`.
    Ordinary text comes back unchanged.
    """
    if text.isascii() and text.isprintable():
        return text
    from unicodedata import category  # of more than a megabyte

    return "".join(_spelled(c) if category(c) in _HIDDEN else c for c in text)


def clip(text: str, *, chars: int) -> str:
    """At most `chars` characters of `text`, ending in an ellipsis when something was cut."""
    return text if len(text) <= chars else text[: max(0, chars - 1)] + "…"


def _spelled(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{{{code:x}}}"
