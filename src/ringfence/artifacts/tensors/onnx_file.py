"""The weights in an ONNX file. Those that lie in files of their own are told by the place, not read.

Source: onnx/onnx.proto, IR version 13: ModelProto.graph, GraphProto.initializer, TensorProto.
"""

from collections.abc import Iterator
from typing import Final

from ringfence.artifacts.graphs.onnx_parts import tensor_of
from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.artifacts.protobuf_wire import Field, Walker, Wire, varint
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.tensors.tensor import Tensor
from ringfence.core.limits import LIMITS

__all__ = ["initializers_of"]

_GRAPH, _INITIALIZER, _DIMENSIONS = 7, 5, 1
_TYPES: Final = {
    1: "F32", 2: "U8", 3: "I8", 4: "U16", 5: "I16", 6: "I32", 7: "I64", 8: "text", 9: "BOOL", 10: "F16",
    11: "F64", 12: "U32", 13: "U64", 14: "C64", 15: "C128", 16: "BF16",
}  # fmt: skip


def initializers_of(reader: Reader) -> Iterator[Tensor]:
    """The graph's weights and constants. Without raw bytes a tensor's whole message stands for its numbers.

    Raises:
        Malformed: broken, or over a limit.
    """
    walker = Walker(reader, max_fields=LIMITS.graph_fields)
    for graph in walker.fields(0, reader.size_bytes):
        if graph.number == _GRAPH and graph.wire is Wire.LENGTH:
            for each in walker.inside(graph):
                if each.number == _INITIALIZER and each.wire is Wire.LENGTH:
                    yield _tensor(walker, each)


def _tensor(walker: Walker, message: Field) -> Tensor:
    reader = walker.reader
    found = tensor_of(walker, message)
    dtype = _TYPES.get(found.kind, f"type {found.kind}")
    if found.is_external:
        place = ", ".join(f"{key} {value}" for key, value in found.external)
        dtype = f"{dtype} elsewhere ({place})"
    data = message if found.raw is None else found.raw
    return Tensor(
        name=found.name,
        dtype=dtype,
        shape=tuple(_shape(walker, message)),
        size_bytes=data.value,
        reader=reader,
        offset=data.at,
    )


def _shape(walker: Walker, message: Field) -> Iterator[int]:
    for each in walker.inside(message):
        if each.number == _DIMENSIONS and each.wire is Wire.VARINT:
            yield each.value
        elif each.number == _DIMENSIONS and each.wire is Wire.LENGTH:
            if each.value > LIMITS.literal_bytes:
                raise Malformed(ProblemKind.OVER_LIMIT, at=each.at, detail="too many dimensions")
            walker.reader.offset = each.at
            while walker.reader.offset < each.at + each.value:
                yield varint(walker.reader)
