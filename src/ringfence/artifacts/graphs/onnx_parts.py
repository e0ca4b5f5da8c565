"""Nodes, attributes, tensors and values of ONNX graphs, as they lie in the file. Weights are not read.

Source: onnx/onnx.proto, IR version 13.
"""

import struct
from collections.abc import Iterator
from dataclasses import field

from ringfence.artifacts.graphs.messages import text_of
from ringfence.artifacts.protobuf_wire import Field, Walker, Wire, varint
from ringfence.artifacts.reader import Reader
from ringfence.core.dataclass import dataclass

__all__ = [
    "KNOWN_FIELDS",
    "Attribute",
    "Node",
    "Tensor",
    "attribute_of",
    "input_of",
    "node_of",
    "numbers_of",
    "pair_of",
    "tensor_of",
]

# Numbers of the fields that exist; what stands in others is read by nobody.
KNOWN_FIELDS = {
    "graph": frozenset((1, 2, 5, 10, 11, 12, 13, 14, 15, 16)),
    "node": frozenset(range(1, 11)),
    "attribute": frozenset((*range(1, 12), 13, 14, 15, 20, 21, 22, 23)),
    "tensor": frozenset((*range(1, 15), 16)),
    "function": frozenset((1, *range(4, 15))),
}

NUMBERS_READ = 64
_FLOAT16, _UINT64, _BFLOAT16 = 10, 13, 16
_RAW_FORMATS = {
    1: "f", 2: "B", 3: "b", 4: "H", 5: "h", 6: "i", 7: "q", 9: "?", 10: "e", 11: "d", 12: "I", 13: "Q",
    _BFLOAT16: "H",
}  # fmt: skip


@dataclass(slots=True)
class Tensor:
    """A weight or constant. `external` says in which file it lies when it is not in this one."""

    at: int
    name: str = ""
    kind: int = 0
    raw: Field | None = None
    texts: list[Field] = field(default_factory=list)
    packed: list[Field] = field(default_factory=list)  # its numbers, where they are not raw
    external: list[tuple[str, str]] = field(default_factory=list)
    is_external: bool = False
    unknown: list[Field] = field(default_factory=list)


@dataclass(slots=True)
class Attribute:
    """One argument of a node that is fixed in the file."""

    name: str = ""
    texts: list[Field] = field(default_factory=list)
    numbers: list[float] = field(default_factory=list)  # i, f, ints and floats, the first of them
    tensors: list[Field] = field(default_factory=list)
    sparse: list[Field] = field(default_factory=list)
    graphs: list[Field] = field(default_factory=list)
    unknown: list[Field] = field(default_factory=list)


@dataclass(slots=True)
class Node:
    """One step of a graph."""

    at: int
    op: str = ""
    domain: str = ""
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    attributes: list[Attribute] = field(default_factory=list)
    words: list[Field] = field(default_factory=list)  # its description and metadata
    unknown: list[Field] = field(default_factory=list)


def node_of(walker: Walker, message: Field) -> Node:
    """The node in that field; graphs among its attributes are not entered."""
    node, reader = Node(message.at), walker.reader
    for each in walker.inside(message):
        match each.number:
            case 1:
                node.inputs.append(text_of(reader, each))
            case 2:
                node.outputs.append(text_of(reader, each))
            case 4:
                node.op = text_of(reader, each)
            case 5 if each.wire is Wire.LENGTH:
                node.attributes.append(attribute_of(walker, each))
            case 6 | 9:
                node.words.append(each)
            case 7:
                node.domain = text_of(reader, each)
            case number if number not in KNOWN_FIELDS["node"]:
                node.unknown.append(each)
    return node


def attribute_of(walker: Walker, message: Field) -> Attribute:
    """The attribute in that field; graphs in it are not entered."""
    found = Attribute()
    for each in walker.inside(message):
        match each.number:
            case 1:
                found.name = text_of(walker.reader, each)
            case 2 | 3 | 7 | 8 if len(found.numbers) < NUMBERS_READ:
                found.numbers += _numbers(walker.reader, each, "f" if each.number in (2, 7) else "")
            case 4 | 9 if each.wire is Wire.LENGTH:
                found.texts.append(each)
            case 5 | 10 if each.wire is Wire.LENGTH:
                found.tensors.append(each)
            case 6 | 11 if each.wire is Wire.LENGTH:
                found.graphs.append(each)
            case 22 | 23 if each.wire is Wire.LENGTH:
                found.sparse.append(each)
            case number if number not in KNOWN_FIELDS["attribute"]:
                found.unknown.append(each)
    return found


def tensor_of(walker: Walker, message: Field) -> Tensor:
    """The tensor in that field."""
    tensor, reader = Tensor(message.at), walker.reader
    for each in walker.inside(message):
        match each.number:
            case 2 if each.wire is Wire.VARINT:
                tensor.kind = each.value
            case 4 | 5 | 7 | 10 | 11:
                tensor.packed.append(each)
            case 6 if each.wire is Wire.LENGTH:
                tensor.texts.append(each)
            case 8:
                tensor.name = text_of(reader, each)
            case 9 if each.wire is Wire.LENGTH:
                tensor.raw = each
            case 13 if each.wire is Wire.LENGTH:
                tensor.external.append(pair_of(walker, each))
            case 14 if each.wire is Wire.VARINT:
                tensor.is_external = each.value == 1
            case number if number not in KNOWN_FIELDS["tensor"]:
                tensor.unknown.append(each)
    return tensor


def pair_of(walker: Walker, message: Field) -> tuple[str, str]:
    """Key and value of an entry of metadata or of external data; the last of several counts."""
    found = {each.number: text_of(walker.reader, each) for each in walker.inside(message)}
    return found.get(1, ""), found.get(2, "")


def input_of(walker: Walker, message: Field) -> tuple[str, bool]:
    """The name of a graph's input, and whether it is one number and no more.

    A dimension that is not fixed may be anything.
    """
    name, single = "", False
    for each in walker.inside(message):
        if each.number == 1:
            name = text_of(walker.reader, each)
        elif each.number == 2 and each.wire is Wire.LENGTH:
            single = _is_single(walker, each)
    return name, single


def _is_single(walker: Walker, type_message: Field) -> bool:
    for tensor in _messages(walker, type_message, 1):
        for shape in _messages(walker, tensor, 2):
            for size in _messages(walker, shape, 1):
                values = [each.value for each in walker.inside(size) if each.number == 1]
                if values != [1]:
                    return False
            return True
    return False


def _messages(walker: Walker, message: Field, number: int) -> list[Field]:
    return [each for each in walker.inside(message) if each.number == number and each.wire is Wire.LENGTH]


def numbers_of(reader: Reader, tensor: Tensor) -> list[float] | None:
    """A constant's numbers; None when they are more than are looked at, elsewhere, or no numbers."""
    if tensor.is_external or tensor.texts:
        return None
    if tensor.raw is not None:
        code = _RAW_FORMATS.get(tensor.kind, "")
        size = struct.calcsize(f"<{code}") if code else 0
        if not size or tensor.raw.value > size * NUMBERS_READ:
            return None
        reader.offset = tensor.raw.at
        data = reader.take(tensor.raw.value // size * size)
        found = [float(each[0]) for each in struct.iter_unpack(f"<{code}", data)]
        return [_bfloat16(int(each)) for each in found] if tensor.kind == _BFLOAT16 else found
    numbers: list[float] = []
    for each in tensor.packed:
        if each.wire is Wire.LENGTH and each.value > 10 * NUMBERS_READ:
            return None
        numbers += _numbers(reader, each, {4: "f", 10: "d"}.get(each.number, ""))
    if len(numbers) > NUMBERS_READ:
        return None
    if tensor.kind in (_FLOAT16, _BFLOAT16):
        return [_half(int(each) & 0xFFFF, tensor.kind) for each in numbers]
    return [each % 2.0**64 for each in numbers] if tensor.kind == _UINT64 else numbers


def _numbers(reader: Reader, each: Field, code: str) -> Iterator[float]:
    """The numbers in one field, one or packed: floats of format `code`, else signed varints."""
    if each.wire is Wire.VARINT:
        yield _signed(each.value)
        return
    if code:
        size = struct.calcsize(f"<{code}")
        reader.offset = each.at
        data = reader.take(min(each.value, size * NUMBERS_READ) // size * size)
        yield from (float(number) for (number,) in struct.iter_unpack(f"<{code}", data))
        return
    reader.offset, end = each.at, each.at + min(each.value, 10 * NUMBERS_READ)
    while reader.offset < end:
        yield _signed(varint(reader))


def _signed(value: int) -> float:
    return float(value - (1 << 64) if value >> 63 else value)


def _half(bits: int, kind: int) -> float:
    if kind == _BFLOAT16:
        return _bfloat16(bits)
    number: float = struct.unpack("<e", struct.pack("<H", bits))[0]
    return number


def _bfloat16(bits: int) -> float:
    number: float = struct.unpack("<f", struct.pack("<I", bits << 16))[0]
    return number
