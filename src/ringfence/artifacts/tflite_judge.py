"""What may come of running a TensorFlow Lite model: its operators, and whether all lies within the file.

The interpreter is written in C++ and believes many numbers of the file, so each is checked here. No weight is
read but for its first bytes.

Source: tensorflow/compiler/mlir/lite/schema/schema.fbs, version 3.
"""

import math
from collections.abc import Iterator

from ringfence.artifacts import payloads, zip_layout, zip_members
from ringfence.artifacts.flatbuffer_tables import Table, root
from ringfence.artifacts.format import Inside
from ringfence.artifacts.graphs.findings import custom_operator
from ringfence.artifacts.problems import Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.artifacts.tensorflow_acts import op_acts
from ringfence.artifacts.zip_directory import directory
from ringfence.artifacts.zip_layout import Entry
from ringfence.core.findings import Confidence, Severity
from ringfence.core.text import clip

__all__ = ["judge_model"]

_CODES, _SUBGRAPHS, _BUFFERS, _METADATA = 1, 2, 4, 6
_CUSTOM = 32
_FLEX = "Flex"
_SCHEMA = 3
# Operators that TensorFlow Lite, its support library or Coral's accelerator bring along.
_COMMON = {
    **dict.fromkeys(("TFLite_Detection_PostProcess", "AudioSpectrogram", "Mfcc", "NumericVerify"), ""),
    **dict.fromkeys(("HashTable", "HashTableImport", "HashTableFind", "HashTableSize"), ""),
    **dict.fromkeys(("Convolution2DTransposeBias", "MaxPoolingWithArgmax2D", "MaxUnpooling2D"), "MediaPipe"),
    **dict.fromkeys(
        ("TransformTensorBilinear", "TransformLandmarks", "Landmarks2TransformMatrix"), "MediaPipe"
    ),
    "edgetpu-custom-op": "Coral's Edge TPU",
}
# TensorType → bits of one element; those without a size of their own are left out
_BITS = {
    0: 32, 1: 16, 2: 32, 3: 8, 4: 64, 6: 8, 7: 16, 8: 64, 9: 8, 10: 64, 11: 128, 12: 64, 15: 32, 16: 16,
    17: 4, 18: 16, 19: 2,
}  # fmt: skip
_Found = Spotted | Problem | Inside


def judge_model(reader: Reader) -> Iterator[_Found]:
    """What the model's operators are, and what of it does not lie where it should.

    Raises:
        Malformed: a table cannot be read.
    """
    model = root(reader)
    if (version := model.number(0, 4)) != _SCHEMA:
        yield Problem(kind=ProblemKind.OVER_LIMIT, at=4, detail=f"schema version {version} is not read")
    codes = list(model.tables(_CODES))
    yield from _operators(codes)
    sizes: list[int] = []
    for i, buffer in enumerate(model.tables(_BUFFERS)):
        yield from _buffer(reader, buffer, i, sizes)
    for graph in model.tables(_SUBGRAPHS):
        yield from _subgraph(graph, len(codes), sizes)
    for entry in model.tables(_METADATA):
        if entry.number(1, 4) >= len(sizes):
            yield _outside(entry, "metadata names a buffer that there is not")
    if model.vector(_SUBGRAPHS, item_bytes=4)[1] == 0:
        yield Problem(kind=ProblemKind.BAD_HEADER, at=model.at, detail="a model without any graph")
    yield from _behind(reader)


def _operators(codes: list[Table]) -> Iterator[Spotted]:
    seen: set[str] = set()
    for code in codes:
        builtin = max(code.number(0, 1, signed=True), code.number(3, 4, signed=True))
        name = code.text(1)
        if not name or (builtin != _CUSTOM and not name.startswith(_FLEX)) or name in seen:
            continue
        seen.add(name)
        if name in _COMMON:
            if library := _COMMON[name]:
                yield _library(library, name)
        elif not name.startswith(_FLEX):
            yield custom_operator(clip(name, chars=80), at=code.at)
        elif why := op_acts(name.removeprefix(_FLEX)):
            yield Spotted(
                check="graph-runs-code" if "Python" in why else "graph-touches-files",
                severity=Severity.HIGH,
                confidence=Confidence.LIKELY,
                at=code.at,
                evidence=(f"{name} {why}",),
                advice="do not run it: models need no files, connections or code of their own",
            )
        else:
            yield _library("TensorFlow", name)


def _library(library: str, name: str) -> Spotted:
    return Spotted(
        check="graph-needs-library",
        severity=Severity.INFO,
        confidence=Confidence.CERTAIN,
        at=None,
        evidence=(f"{library}: {clip(name, chars=80)}",),
        advice=f"run it with {library} as its publisher ships it",
    )


def _buffer(reader: Reader, buffer: Table, index: int, sizes: list[int]) -> Iterator[_Found]:
    start, size = buffer.vector(0, item_bytes=1)
    offset, length = buffer.number(1, 8), buffer.number(2, 8)
    if offset > 1:  # models past 2 GB keep their weights behind the tables
        start, size = offset, length
        if offset + length > reader.size_bytes:
            yield _outside(buffer, f"a weight of {length} bytes ends past the file")
            size = 0
    sizes.append(size)
    yield from payloads.in_weights(reader, start, size, name=f"buffer {index}")


def _subgraph(graph: Table, codes: int, sizes: list[int]) -> Iterator[Problem]:
    tensors = 0
    for tensor in graph.tables(0):
        tensors += 1
        yield from _tensor(tensor, sizes)
    for index in (1, 2):
        yield from _indices(graph, index, tensors)
    for operator in graph.tables(3):
        if operator.number(0, 4) >= codes:
            yield _outside(operator, "an operator of a kind that there is not")
        for index in (1, 2):
            yield from _indices(operator, index, tensors)


def _indices(table: Table, index: int, tensors: int) -> Iterator[Problem]:
    if any(not -1 <= each < tensors for each in table.numbers(index)):
        yield _outside(table, "a tensor that there is not is read or written")


def _tensor(tensor: Table, sizes: list[int]) -> Iterator[Problem]:
    buffer = tensor.number(2, 4)
    if buffer >= len(sizes):
        yield _outside(tensor, "a tensor names a buffer that there is not")
        return
    shape = tensor.numbers(0)
    bits, size = _BITS.get(tensor.number(1, 1)), sizes[buffer]
    is_sparse = tensor.number(6, 4) != 0
    if any(each < 0 for each in shape) or math.prod(shape) >= 1 << 63:
        yield Problem(kind=ProblemKind.BAD_HEADER, at=tensor.at, detail="a tensor with an impossible shape")
    elif size and bits and not is_sparse and size * 8 < math.prod(shape) * bits:
        yield _outside(tensor, f"a tensor of {math.prod(shape)} elements in {size} bytes")


def _outside(table: Table, detail: str) -> Problem:
    return Problem(kind=ProblemKind.OUT_OF_RANGE, at=table.at, detail=detail)


def _behind(reader: Reader) -> Iterator[_Found]:
    """Labels and vocabularies that metadata tools append as a zip file; its members lie behind the model."""
    if reader.once(directory) is None:
        return
    for found in zip_layout.laid_out(reader):
        if isinstance(found, Entry):
            yield from zip_members.inside(reader, found)
        elif getattr(found, "at", None) != 0:  # the model is what stands before the archive
            yield found
