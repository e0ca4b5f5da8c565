"""PaddlePaddle's weights (.pdiparams): tensors one behind the other, each with a small header.

Source: Paddle, paddle/fluid/framework/lod_tensor.cc and tensor_util.cc (SerializeToStream).
"""

import math
from collections import Counter
from collections.abc import Iterator

from ringfence.artifacts import payloads
from ringfence.artifacts.format import Format, Inside
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.protobuf_wire import Walker, Wire, varint
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.facts import Fact, FactName
from ringfence.core.limits import LIMITS

__all__ = ["FORMAT"]

_START = bytes(16)  # version, levels of detail, version of the tensor
_LARGEST_HEADER = 1024
_LEVELS = 16

# VarType.Type → (dtype as the other formats spell it, bytes per element)
_TYPES = {
    0: ("BOOL", 1), 1: ("I16", 2), 2: ("I32", 4), 3: ("I64", 8), 4: ("F16", 2), 5: ("F32", 4), 6: ("F64", 8),
    19: ("U64", 8), 20: ("U8", 1), 21: ("I8", 1), 22: ("BF16", 2), 23: ("C64", 8), 24: ("C128", 16),
    32: ("F8_E4M3", 1), 33: ("F8_E5M2", 1),
}  # fmt: skip
_TYPE_BYTES = frozenset(bytes([each]) for each in _TYPES)


def _sniff(reader: Reader) -> bool:
    head = reader.head
    size = int.from_bytes(head[16:20], "little")
    starts = head[:16] == _START and head[20:21] == b"\x08" and head[21:22] in _TYPE_BYTES
    return starts and 2 <= size <= _LARGEST_HEADER


def _read(reader: Reader) -> Iterator[Fact | Problem]:
    elements: Counter[str] = Counter()
    tensors = 0
    for name, n, _at, _size in _tensors(reader):
        tensors += 1
        elements[name] += n
    yield Fact(name=FactName.TENSORS, value=tensors)
    yield Fact(name=FactName.PARAMETERS, value=elements.total())
    yield Fact(name=FactName.DTYPES, value=tuple(name for name, _ in elements.most_common()))


def _judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    for number, (_name, _n, at, size) in enumerate(_tensors(reader)):
        after = reader.offset
        yield from payloads.in_weights(reader, at, size, name=f"tensor {number}")
        reader.offset = after


def _tensors(reader: Reader) -> Iterator[tuple[str, int, int, int]]:
    """Each tensor's type, elements, and where its bytes begin and how many they are."""
    count = 0
    while reader.remaining_bytes:
        count += 1
        at = reader.offset
        if reader.u32() != 0 or count > LIMITS.header_items:
            kind = ProblemKind.OVER_LIMIT if count > LIMITS.header_items else ProblemKind.BAD_HEADER
            raise Malformed(kind, at=at, detail="no tensor where one should begin")
        levels = reader.u64()
        if levels > _LEVELS:
            raise Malformed(ProblemKind.DOES_NOT_FIT, at=at + 4, detail=f"{levels} levels of detail")
        for _ in range(levels):
            reader.skip(reader.u64())
        yield _tensor(reader)


def _tensor(reader: Reader) -> tuple[str, int, int, int]:
    at = reader.offset
    version, size = reader.u32(), reader.u32()
    if version != 0 or size > _LARGEST_HEADER or size > reader.remaining_bytes:
        raise Malformed(ProblemKind.BAD_HEADER, at=at, detail="a tensor's header is none")
    kind, shape = -1, []
    start = reader.offset
    for each in Walker(reader, max_fields=_LARGEST_HEADER).fields(start, start + size):
        if each.number == 1:
            kind = each.value
        elif each.number == 2 and each.wire is Wire.VARINT:
            shape.append(each.value)
        elif each.number == 2:
            reader.offset = each.at
            while reader.offset < each.at + each.value:
                shape.append(varint(reader))
    reader.offset = start + size
    if kind not in _TYPES:
        raise Malformed(ProblemKind.BAD_HEADER, at=at, detail=f"a tensor of the unknown type {kind}")
    name, item_bytes = _TYPES[kind]
    n = math.prod(shape)
    if n >= 1 << 62:
        raise Malformed(ProblemKind.DOES_NOT_FIT, at=at, detail="a tensor with an impossible shape")
    data_at = reader.offset
    reader.skip(n * item_bytes)
    return name, n, data_at, n * item_bytes


FORMAT = Format(
    name="paddle-params",
    title="PaddlePaddle weights",
    suffixes=(".pdiparams",),
    sniff=_sniff,
    starts=(_START,),
    read=_read,
    judge=_judge,
)
