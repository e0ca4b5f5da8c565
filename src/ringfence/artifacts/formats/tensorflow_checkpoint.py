"""TensorFlow's checkpoints: an index of names, and raw weights, which nothing but the index tells apart.

The index is a sorted table of LevelDB's. Neither holds anything that a loader would run.

Source: tensorflow/core/util/tensor_bundle, LevelDB's doc/table_format.md.
"""

from collections.abc import Iterator

from ringfence.artifacts import payloads
from ringfence.artifacts.format import WEIGHTS_BEHAVIOUR, Format, Inside
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.protobuf_wire import varint
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.facts import Fact

__all__ = ["FORMAT", "WEIGHTS"]

_MAGIC = (0xDB4775248B80FB57).to_bytes(8, "little")
_FOOTER_BYTES = 48
_BLOCK_TRAILER_BYTES = 5
_SHARDS = 8  # more are rare, and their names are not known in advance


def _sniff(reader: Reader) -> bool:
    size = reader.size_bytes
    return size >= _FOOTER_BYTES and reader.at(size - len(_MAGIC), len(_MAGIC)) == _MAGIC


def _read(_reader: Reader) -> Iterator[Fact | Problem]:
    yield from ()


def _judge_index(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    """Whether its two last blocks lie where its footer says."""
    footer_at = reader.size_bytes - _FOOTER_BYTES
    reader.offset = footer_at
    for _ in range(2):
        at, size = varint(reader), varint(reader)
        if at + size + _BLOCK_TRAILER_BYTES > footer_at:
            raise Malformed(ProblemKind.OUT_OF_RANGE, at=footer_at, detail="a block lies outside the index")
    if reader.offset > reader.size_bytes - len(_MAGIC):
        raise Malformed(ProblemKind.BAD_HEADER, at=footer_at, detail="the index's footer makes no sense")
    yield from payloads.in_weights(reader, 0, reader.size_bytes, name="the index")


def _judge_weights(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    yield from payloads.in_weights(reader, 0, reader.size_bytes, name="the weights")


FORMAT = Format(
    name="tensorflow-index",
    title="index of a TensorFlow checkpoint",
    suffixes=(),
    sniff=_sniff,
    read=_read,
    judge=_judge_index,
    leaves_out=(),
)

# Raw numbers look like nothing: they are what their name says.
WEIGHTS = Format(
    name="tensorflow-weights",
    title="weights of a TensorFlow checkpoint",
    suffixes=tuple(f".data-{i:05}-of-{n:05}" for n in range(1, _SHARDS + 1) for i in range(n)),
    sniff=lambda _reader: False,
    starts=(),
    sniff_named=lambda reader: reader.size_bytes > 0,
    read=_read,
    judge=_judge_weights,
    leaves_out=(WEIGHTS_BEHAVIOUR, "whether the weights are complete, which only their index says"),
)
