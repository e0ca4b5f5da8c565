"""ONNX. Walks the model, its graph and the shapes of its weights; never reads a weight or goes into a node.

A message of protocol buffers has no magic. It is called ONNX when all its top-level fields exist in
ModelProto, fill the file to the last byte, and hold a version, an operator set and a graph.

Source: onnx/onnx.proto, IR version 13.
"""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import field

from ringfence.artifacts.format import Format, Inside
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.protobuf_wire import Field, Walker, Wire, varint
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.dataclass import dataclass
from ringfence.core.facts import Fact, FactName
from ringfence.core.limits import LIMITS

__all__ = ["FORMAT"]

_START = b"\x08"  # ir_version, which every writer puts first
_IR_VERSIONS = range(1, 64)
_SNIFFED_FIELDS = 10_000
_DIMENSIONS = 64
_IR_VERSION, _GRAPH, _OPSET = 1, 7, 8
_MODEL_FIELDS = {1: Wire.VARINT, 5: Wire.VARINT} | dict.fromkeys(
    (2, 3, 4, 6, 7, 8, 14, 20, 25, 26), Wire.LENGTH
)
_GRAPH_NAME, _INITIALIZER = 2, 5
_DIMS, _DATA_TYPE, _RAW_DATA = 1, 2, 9

# TensorProto.DataType → (dtype as the other formats spell it, bits per element)
_TYPES = {
    1: ("F32", 32), 2: ("U8", 8), 3: ("I8", 8), 4: ("U16", 16), 5: ("I16", 16), 6: ("I32", 32),
    7: ("I64", 64), 8: ("text", 0), 9: ("BOOL", 8), 10: ("F16", 16), 11: ("F64", 64), 12: ("U32", 32),
    13: ("U64", 64), 14: ("C64", 64), 15: ("C128", 128), 16: ("BF16", 16), 17: ("F8_E4M3", 8),
    18: ("F8_E4M3FNUZ", 8), 19: ("F8_E5M2", 8), 20: ("F8_E5M2FNUZ", 8), 21: ("U4", 4), 22: ("I4", 4),
    23: ("F4", 4), 24: ("F8_E8M0", 8), 25: ("U2", 2), 26: ("I2", 2),
}  # fmt: skip


@dataclass(slots=True)
class _Model:
    """What has been read so far."""

    ir_version: int = 0
    opset: int = 0
    producer: str = ""
    metadata: list[str] = field(default_factory=list)
    tensors: int = 0
    elements: Counter[str] = field(default_factory=Counter)


def _sniff(reader: Reader) -> bool:
    if not _starts(reader):
        return False
    seen: set[int] = set()
    for each in Walker(reader, max_fields=_SNIFFED_FIELDS).fields(0, reader.size_bytes):
        if _MODEL_FIELDS.get(each.number) is not each.wire:
            return False
        seen.add(each.number)
    return seen >= {_IR_VERSION, _GRAPH, _OPSET}


def _sniff_named(reader: Reader) -> bool:
    """The beginning of a model that may be cut short or broken further on."""
    if not _starts(reader):
        return False
    reader.offset = 2
    tag = varint(reader)
    return _MODEL_FIELDS.get(tag >> 3) == tag & 7


def _starts(reader: Reader) -> bool:
    head = reader.head
    return head[:1] == _START and len(head) > 2 and head[1] in _IR_VERSIONS


def _read(reader: Reader) -> Iterator[Fact | Problem]:
    walker = Walker(reader, max_fields=LIMITS.header_items)
    model = _Model()
    stop = None
    try:
        for each in walker.fields(0, reader.size_bytes):
            yield from _read_field(walker, each, model)
    except Malformed as wrong:
        stop = wrong
    yield from _facts(model)
    if stop:
        raise stop


def _read_field(walker: Walker, each: Field, model: _Model) -> Iterator[Fact | Problem]:
    reader = walker.reader
    match each.number:
        case 1:
            model.ir_version = each.value
        case 2 | 3:
            model.producer = f"{model.producer} {_text(reader, each)}".strip()
        case 7:
            yield from _read_graph(walker, each, model)
        case 8:
            model.opset = model.opset or _opset(walker, each)
        case 14 if len(model.metadata) < LIMITS.evidence_items:
            model.metadata.append(_entry(walker, each))


def _facts(model: _Model) -> Iterator[Fact]:
    opset = f", opset {model.opset}" if model.opset else ""
    yield Fact(name=FactName.VERSION, value=f"IR {model.ir_version}{opset}")
    if model.producer:
        yield Fact(name=FactName.PRODUCER, value=model.producer)
    if model.metadata:
        yield Fact(name=FactName.METADATA, value=tuple(model.metadata))
    yield Fact(name=FactName.TENSORS, value=model.tensors)
    if model.elements:
        yield Fact(name=FactName.PARAMETERS, value=model.elements.total())
        yield Fact(name=FactName.DTYPES, value=tuple(name for name, _ in model.elements.most_common()))


def _judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    from ringfence.artifacts.graphs.onnx_judge import judge

    yield from judge(reader)


FORMAT = Format(
    name="onnx",
    title="ONNX",
    suffixes=(".onnx",),
    sniff=_sniff,
    starts=(_START,),
    sniff_named=_sniff_named,
    read=_read,
    judge=_judge,
)


def _read_graph(walker: Walker, graph: Field, model: _Model) -> Iterator[Fact | Problem]:
    for each in walker.inside(graph):
        if each.number == _GRAPH_NAME and each.wire is Wire.LENGTH:
            yield Fact(name=FactName.NAME, value=_text(walker.reader, each))
        elif each.number == _INITIALIZER and each.wire is Wire.LENGTH:
            problem = _add_tensor(walker, each, model)
            if problem:
                yield problem


def _add_tensor(walker: Walker, tensor: Field, model: _Model) -> Problem | None:
    """Counts the weight in; what is wrong with it."""
    shape: list[int] = []
    kind, raw_bytes = 0, None
    for each in walker.inside(tensor):
        if each.number == _DIMS:
            shape += _dims(walker.reader, each)
        elif each.number == _DATA_TYPE and each.wire is Wire.VARINT:
            kind = each.value
        elif each.number == _RAW_DATA and each.wire is Wire.LENGTH:
            raw_bytes = each.value
    model.tensors += 1
    if kind not in _TYPES:
        detail = f"a weight of the unknown type {kind}"
        return Problem(kind=ProblemKind.BAD_HEADER, at=tensor.at, detail=detail)
    name, bits = _TYPES[kind]
    n = math.prod(shape)
    if len(shape) > _DIMENSIONS or n >= 1 << 63:
        detail = "a weight with an impossible shape"
        return Problem(kind=ProblemKind.BAD_HEADER, at=tensor.at, detail=detail)
    model.elements[name] += n
    if raw_bytes is not None and bits and raw_bytes != -(-n * bits // 8):
        detail = f"a weight has {n} {name} elements in {raw_bytes} bytes"
        return Problem(kind=ProblemKind.BAD_HEADER, at=tensor.at, detail=detail)
    return None


def _dims(reader: Reader, each: Field) -> list[int]:
    """The sizes in one field: a single one, or several packed. A negative one comes out as at least 2^63."""
    if each.wire is Wire.VARINT:
        return [each.value]
    reader.offset = each.at
    sizes: list[int] = []
    while each.wire is Wire.LENGTH and reader.offset < each.at + each.value and len(sizes) <= _DIMENSIONS:
        sizes.append(varint(reader))
    return sizes


def _opset(walker: Walker, opset: Field) -> int:
    """The version of the standard operators, 0 when this entry is about others."""
    version = 0
    for each in walker.inside(opset):
        if each.number == 1 and each.value and _text(walker.reader, each) != "ai.onnx":
            return 0
        if each.number == 2:
            version = each.value
    return version


def _entry(walker: Walker, entry: Field) -> str:
    parts = {each.number: _text(walker.reader, each) for each in walker.inside(entry)}
    return f"{parts.get(1, '')}={parts.get(2, '')}"


def _text(reader: Reader, each: Field) -> str:
    if each.wire is not Wire.LENGTH:
        raise Malformed(ProblemKind.BAD_HEADER, at=each.at, detail="a text is no text")
    return reader.at(each.at, min(each.value, LIMITS.metadata_value_chars)).decode("utf-8", "replace")
