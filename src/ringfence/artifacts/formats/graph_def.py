"""TensorFlow graphs alone: frozen ones (GraphDef, often .pb), and those of checkpoints (MetaGraphDef, .meta).

A message of protocol buffers has no magic: it is one when all its fields exist in that message and fill the
file, and its first nodes have a name and an operation.

Source: tensorflow/core/framework/graph.proto, tensorflow/core/protobuf/meta_graph.proto.
"""

from collections.abc import Iterator

from ringfence.artifacts import tensorflow_graph
from ringfence.artifacts.format import Format, Inside
from ringfence.artifacts.problems import Problem
from ringfence.artifacts.protobuf_wire import Walker, Wire
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.facts import Fact, FactName

__all__ = ["FORMAT", "META_GRAPH"]

_STARTS = b"\x0a"  # the first node, or what the graph says about itself
_SNIFFED_FIELDS = 200_000
_META_GRAPH_FIELDS = frozenset(range(1, 8))
_GRAPH = 2


def _sniff(reader: Reader) -> bool:
    if not reader.head.startswith((b"\x0a", b"\x12", b"\x18", b"\x22")):
        return False
    walker = Walker(reader, max_fields=_SNIFFED_FIELDS)
    return tensorflow_graph.looks_like_graph(walker, 0, reader.size_bytes)


def _sniff_meta(reader: Reader) -> bool:
    if not reader.head.startswith(_STARTS):
        return False
    walker = Walker(reader, max_fields=_SNIFFED_FIELDS)
    fields = list(walker.fields(0, reader.size_bytes))
    if any(each.number not in _META_GRAPH_FIELDS or each.wire is not Wire.LENGTH for each in fields):
        return False
    graph = next((each for each in fields if each.number == _GRAPH), None)
    return graph is not None and tensorflow_graph.looks_like_graph(walker, graph.at, graph.at + graph.value)


def _read(reader: Reader) -> Iterator[Fact | Problem]:
    from ringfence.artifacts import tensorflow_judge

    nodes = 0
    walker = tensorflow_judge.walker_of(reader)
    for each in walker.fields(0, reader.size_bytes):
        nodes += each.number == 1
    yield Fact(name=FactName.METADATA, value=(f"nodes={nodes}",))


def _read_meta(_reader: Reader) -> Iterator[Fact | Problem]:
    yield from ()


def _judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    from ringfence.artifacts import tensorflow_judge

    walker = tensorflow_judge.walker_of(reader)
    yield from tensorflow_judge.judge_graph(walker, 0, reader.size_bytes, assets=frozenset())


def _judge_meta(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    from ringfence.artifacts import tensorflow_judge

    walker = tensorflow_judge.walker_of(reader)
    yield from tensorflow_judge.judge_meta_graph(walker, 0, reader.size_bytes)


FORMAT = Format(
    name="graph-def",
    title="TensorFlow graph",
    suffixes=(),
    sniff=_sniff,
    starts=(b"\x0a", b"\x12", b"\x18", b"\x22"),
    read=_read,
    judge=_judge,
)

META_GRAPH = Format(
    name="meta-graph",
    title="TensorFlow graph of a checkpoint",
    suffixes=(),
    sniff=_sniff_meta,
    starts=(_STARTS,),
    read=_read_meta,
    judge=_judge_meta,
    leaves_out=(),
)
