"""Protocol buffers, field by field, without a schema. Never descends by itself, never reads a payload.

Source: protobuf.dev/programming-guides/encoding.
"""

from collections.abc import Iterator
from enum import IntEnum

from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.core.dataclass import dataclass

__all__ = ["Field", "Walker", "Wire", "varint"]

_VARINT_BYTES = 10


class Wire(IntEnum):
    """How a field is encoded. Groups are long gone and not read."""

    VARINT = 0
    I64 = 1
    LENGTH = 2
    I32 = 5


_WIRES = {int(wire): wire for wire in Wire}


@dataclass(slots=True)
class Field:
    """One field. `value` is a varint's value, else the payload's size in bytes."""

    number: int
    wire: Wire
    value: int
    at: int  # of the payload


class Walker:
    """Goes over the fields of one file's messages, `max_fields` in all."""

    def __init__(self, reader: Reader, *, max_fields: int) -> None:
        self.reader = reader
        self._left = max_fields

    def fields(self, start: int, end: int) -> Iterator[Field]:
        """The fields of the message between two offsets. The caller may move the reader in between.

        Raises:
            Malformed: a field that does not exist in the encoding or does not fit into the message, or more
                fields than allowed.
        """
        at = start
        while at < end:
            found, after = self._field(at)
            if after > end:
                detail = f"a field of {found.value} bytes ends past its message"
                if end < self.reader.size_bytes:
                    raise Malformed(ProblemKind.DOES_NOT_FIT, at=at, detail=detail)
                raise Malformed.past_end(found.value, at=at, detail=detail)
            yield found
            at = after

    def inside(self, message: Field) -> Iterator[Field]:
        """The fields of a message that is a field itself."""
        return self.fields(message.at, message.at + message.value)

    def _field(self, at: int) -> tuple[Field, int]:
        """The field that starts there, and where the next one does."""
        self._left -= 1
        if self._left < 0:
            raise Malformed(ProblemKind.OVER_LIMIT, at=at, detail="more fields than are read")
        reader = self.reader
        reader.offset = at
        if reader.remaining_bytes >= 2:  # most fields are small ones with a length, and worth a shorter way
            tag, size = reader.take(2)
            if tag & 0x87 == Wire.LENGTH and tag > 7 and size < 0x80:
                return Field(tag >> 3, Wire.LENGTH, size, at + 2), at + 2 + size
            reader.offset = at
        tag = varint(reader)
        if tag >> 3 == 0 or tag >> 32 or tag & 7 not in _WIRES:
            raise Malformed(ProblemKind.BAD_HEADER, at=at, detail=f"no field starts with tag {tag}")
        number, wire = tag >> 3, _WIRES[tag & 7]
        payload = reader.offset
        match wire:
            case Wire.VARINT:
                return Field(number, wire, varint(reader), payload), reader.offset
            case Wire.LENGTH:
                size = varint(reader)
                return Field(number, wire, size, reader.offset), reader.offset + size
            case Wire.I64:
                return Field(number, wire, 8, payload), payload + 8
            case Wire.I32:
                return Field(number, wire, 4, payload), payload + 4


def varint(reader: Reader) -> int:
    """The next variable-length number, at most 64 bits.

    Raises:
        Malformed: it is longer, or the file ends within it.
    """
    at = reader.offset
    number = byte = reader.take(1)[0]
    if byte < 0x80:
        return number
    number &= 0x7F
    for i in range(1, _VARINT_BYTES):
        byte = reader.take(1)[0]
        number |= (byte & 0x7F) << (7 * i)
        if byte < 0x80:
            return number & 0xFFFF_FFFF_FFFF_FFFF
    raise Malformed(ProblemKind.BAD_HEADER, at=at, detail="a number of more than 64 bits")
