"""TensorFlow Lite (LiteRT). Reads the root table's version and description; follows nothing else.

Source: tensorflow/compiler/mlir/lite/schema/schema.fbs, and FlatBuffers' internals page.
"""

from collections.abc import Iterator

from ringfence.artifacts.format import Format
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.core.facts import Fact, FactName
from ringfence.core.limits import LIMITS

__all__ = ["FORMAT"]

_MAGIC_AT, _MAGIC = 4, b"TFL3"
_VERSION, _DESCRIPTION = 0, 3  # fields of the table Model


def _sniff(reader: Reader) -> bool:
    return reader.head.startswith(_MAGIC, _MAGIC_AT)


def _read(reader: Reader) -> Iterator[Fact | Problem]:
    root = _u32(reader, 0)
    version = _field(reader, root, _VERSION)
    yield Fact(name=FactName.VERSION, value=str(_u32(reader, version) if version else 0))
    description = _field(reader, root, _DESCRIPTION)
    if description:
        text = _string(reader, description + _u32(reader, description))
        if text:
            yield Fact(name=FactName.METADATA, value=(f"description={text}",))


FORMAT = Format(name="tflite", title="TensorFlow Lite", suffixes=(".tflite",), sniff=_sniff, read=_read)


def _field(reader: Reader, table: int, index: int) -> int | None:
    """Where the table keeps that field; None where it leaves it out."""
    vtable = table - int.from_bytes(_at(reader, table, 4), "little", signed=True)
    if int.from_bytes(_at(reader, vtable, 2), "little") < 6 + 2 * index:
        return None
    offset = int.from_bytes(_at(reader, vtable + 4 + 2 * index, 2), "little")
    return table + offset if offset else None


def _string(reader: Reader, at: int) -> str:
    size = _u32(reader, at)
    if size > reader.size_bytes - at:
        detail = f"a text of {size} bytes does not fit into the file"
        raise Malformed(ProblemKind.DOES_NOT_FIT, at=at, detail=detail)
    return _at(reader, at + 4, min(size, LIMITS.metadata_value_chars)).decode("utf-8", "replace")


def _u32(reader: Reader, at: int) -> int:
    return int.from_bytes(_at(reader, at, 4), "little")


def _at(reader: Reader, at: int, size_bytes: int) -> bytes:
    if not 0 <= at <= reader.size_bytes - size_bytes:
        detail = "a table or its field lies outside the file"
        raise Malformed(ProblemKind.OUT_OF_RANGE, at=max(0, at), detail=detail)
    return reader.at(at, size_bytes)
