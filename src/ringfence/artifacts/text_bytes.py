"""Bytes as text: which encoding they are in, and their characters piece by piece."""

import codecs
from collections.abc import Iterator

from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.core.limits import LIMITS

__all__ = ["encoding_of", "pieces"]

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NEVER_TEXT = bytes(set(range(0x20)) - set(b"\t\n\r\f\x1b\x08")) + b"\x7f"
_WESTERN_SHARE = 0.3  # of bytes beyond ASCII that a text in an old encoding may have


def encoding_of(head: bytes) -> str | None:
    """The encoding that text with such a beginning is in, or None when it is no text."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    if len(head.translate(None, _NEVER_TEXT)) != len(head):
        return None
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        beyond = sum(byte > 0x7F for byte in head)
        return "cp1252" if beyond < _WESTERN_SHARE * len(head) else None
    return "utf-8"


def pieces(reader: Reader, encoding: str) -> Iterator[tuple[int, str]]:
    """The text piece by piece, each behind the offset where its bytes begin.

    Raises:
        Malformed: bytes that are none of the encoding, or that no text has.
    """
    decoder = codecs.getincrementaldecoder(encoding)("replace" if encoding == "cp1252" else "strict")
    for at in range(0, reader.size_bytes, LIMITS.text_piece_bytes):
        size = min(LIMITS.text_piece_bytes, reader.size_bytes - at)
        try:
            text = decoder.decode(reader.at(at, size), final=at + size == reader.size_bytes)
        except UnicodeDecodeError as error:
            raise Malformed(ProblemKind.BAD_HEADER, at=at, detail=f"no {encoding} text") from error
        if "\0" in text:
            raise Malformed(ProblemKind.BAD_HEADER, at=at, detail="NUL characters within a text")
        yield at, text
