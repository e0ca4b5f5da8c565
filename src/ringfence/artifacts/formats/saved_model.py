"""TensorFlow's SavedModel: the file with the graphs of such a folder. Weights lie in other files.

A message of protocol buffers has no magic: it is one when it holds the schema's version and graphs, nothing
else, to the last byte, and one of these has a GraphDef's shape.

Source: tensorflow/core/protobuf/saved_model.proto and meta_graph.proto.
"""

from collections.abc import Iterator

from ringfence.artifacts import tensorflow_graph
from ringfence.artifacts.format import Format, Inside
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.protobuf_wire import Field, Walker, Wire
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.facts import Fact, FactName

__all__ = ["FORMAT"]

_STARTS = b"\x08\x01\x12"  # version 1 of the schema, then the first graph
_SNIFFED_FIELDS = 10_000
_META_GRAPH, _META_INFO, _GRAPH = 2, 1, 2
_META_GRAPH_FIELDS = frozenset(range(1, 8))
_TENSORFLOW_VERSION = 5


def _sniff(reader: Reader) -> bool:
    if not reader.head.startswith(_STARTS):
        return False
    walker = Walker(reader, max_fields=_SNIFFED_FIELDS)
    fields = list(walker.fields(0, reader.size_bytes))
    if any((each.number, each.wire) not in ((1, Wire.VARINT), (2, Wire.LENGTH)) for each in fields):
        return False
    first = next(each for each in fields if each.number == _META_GRAPH)
    parts = list(walker.inside(first))
    return _GRAPH in {each.number for each in parts} and {each.number for each in parts} <= _META_GRAPH_FIELDS


def _sniff_named(reader: Reader) -> bool:
    """The beginning of one that may be cut short or broken."""
    return reader.head.startswith(_STARTS[: len(reader.head)]) and bool(reader.head)


def _read(reader: Reader) -> Iterator[Fact | Problem]:
    from ringfence.artifacts import tensorflow_judge

    walker = tensorflow_judge.walker_of(reader)
    for each in _meta_graphs(walker):
        for part in walker.inside(each):
            if part.number == _META_INFO and part.wire is Wire.LENGTH:
                for info in walker.inside(part):
                    if info.number == _TENSORFLOW_VERSION:
                        version = tensorflow_graph.text(reader, info)
                        yield Fact(name=FactName.PRODUCER, value=f"tensorflow {version}")


def _judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    from ringfence.artifacts import tensorflow_judge

    walker = tensorflow_judge.walker_of(reader)
    graphs = 0
    for each in _meta_graphs(walker):
        graphs += 1
        try:
            yield from tensorflow_judge.judge_meta_graph(walker, each.at, each.at + each.value)
        except Malformed as stop:
            yield stop.problem
    if not graphs:
        raise Malformed(ProblemKind.TRUNCATED, at=reader.size_bytes, detail="there is no graph in it")


FORMAT = Format(
    name="saved-model",
    title="TensorFlow SavedModel",
    suffixes=(),
    sniff=_sniff,
    starts=(_STARTS,),
    sniff_named=_sniff_named,
    names=("saved_model.pb",),
    read=_read,
    judge=_judge,
)


def _meta_graphs(walker: Walker) -> Iterator[Field]:
    for each in walker.fields(0, walker.reader.size_bytes):
        if each.number == _META_GRAPH and each.wire is Wire.LENGTH:
            yield each
        elif (each.number, each.wire) != (1, Wire.VARINT):
            detail = "a field that a SavedModel cannot have"
            raise Malformed(ProblemKind.BAD_HEADER, at=each.at, detail=detail)
