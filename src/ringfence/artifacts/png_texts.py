"""The texts in a PNG picture. ComfyUI and its like keep whole workflows there, and load them from a picture.

Source: PNG (W3C, third edition), tEXt, zTXt and iTXt.
"""

import zlib
from collections.abc import Iterator
from typing import Final

from ringfence.artifacts.format import Inside
from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.core.limits import LIMITS

__all__ = ["png_texts"]

_BEGIN: Final = 8
_WORKFLOWS: Final = ("workflow", "prompt")
_KEYWORD_BYTES: Final = 80  # with its end


def png_texts(reader: Reader) -> Iterator[Inside]:
    """Each text as a file within: a workflow as JSON, anything else as text.

    Raises:
        Malformed: more parts or longer texts than are read.
    """
    at = _BEGIN
    for _ in range(LIMITS.header_items):
        if at + 12 > reader.size_bytes:
            return
        size, kind = int.from_bytes(reader.at(at, 4), "big"), reader.at(at + 4, 4)
        if kind in (b"tEXt", b"zTXt", b"iTXt") and at + 12 + size <= reader.size_bytes:
            yield from _text(reader, kind, at + 8, size)
        if kind == b"IEND":
            return
        at += 12 + size


def _text(reader: Reader, kind: bytes, at: int, size: int) -> Iterator[Inside]:
    keyword, found, _ = reader.at(at, min(size, _KEYWORD_BYTES)).partition(b"\0")
    if not found:
        raise Malformed(ProblemKind.BAD_HEADER, at=at, detail="a text without a keyword")
    name = keyword.decode("latin-1")
    name = f"{name}.json" if name.lower() in _WORKFLOWS else f"{name}.txt"
    start, packed = len(keyword) + 1, kind == b"zTXt"
    if kind == b"iTXt":
        head = reader.at(at, min(size, 4 * _KEYWORD_BYTES))
        packed = head[start : start + 1] == b"\1"
        start += 2
        for _ in range(2):  # the language, and the keyword in it
            start = head.find(b"\0", start) + 1
            if not start:
                raise Malformed(ProblemKind.BAD_HEADER, at=at, detail="a text without its parts")
    elif packed:
        start += 1
    if start > size:
        raise Malformed(ProblemKind.BAD_HEADER, at=at, detail="a text without its parts")
    if not packed:
        yield Inside(name=name, reader=reader.part(at + start, size - start), at=at + start)
        return
    text = _inflated(reader, at + start, size - start)
    yield Inside(name=name, reader=Reader.of_bytes(text, budget=reader.budget), at=None)


def _inflated(reader: Reader, at: int, size: int) -> bytes:
    inflater = zlib.decompressobj()
    try:
        data = inflater.decompress(reader.at(at, size), LIMITS.config_bytes)
    except zlib.error as error:
        raise Malformed(ProblemKind.BAD_HEADER, at=at, detail="a text that does not inflate") from error
    reader.budget.inflate(len(data), at=at)
    if inflater.unconsumed_tail:
        raise Malformed(
            ProblemKind.OVER_LIMIT, at=at, detail=f"a text of more than {LIMITS.config_bytes} bytes"
        )
    return data
