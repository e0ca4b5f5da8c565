"""What may come of running a TensorFlow graph, of whichever file it stands in.

Source: tensorflow/core/protobuf/{meta_graph,saved_model,saved_object_graph}.proto.
"""

from collections.abc import Iterator

from ringfence.artifacts import keras_config
from ringfence.artifacts.configurations.documents import json_documents
from ringfence.artifacts.format import Inside
from ringfence.artifacts.graphs.findings import escapes
from ringfence.artifacts.graphs.paths import leaves_folder
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.protobuf_wire import Field, Walker, Wire
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.artifacts.tensorflow_acts import acts
from ringfence.artifacts.tensorflow_branches import branches
from ringfence.artifacts.tensorflow_graph import Graph, read_graph, source_of, text
from ringfence.core.bounded_json import Json
from ringfence.core.limits import LIMITS

__all__ = ["judge_graph", "judge_keras_metadata", "judge_meta_graph", "walker_of"]

_GRAPH, _ASSETS, _OBJECTS = 2, 6, 7
_USER_OBJECT, _METADATA = 4, 3
_Found = Spotted | Problem | Inside


def walker_of(reader: Reader) -> Walker:
    """A walker over a file that is as large as graphs get."""
    return Walker(reader, max_fields=LIMITS.header_strings)


def judge_graph(walker: Walker, start: int, end: int, *, assets: frozenset[str]) -> Iterator[_Found]:
    """What the GraphDef there would do. `assets` are nodes that name files of the model itself."""
    graphs: list[Graph] = []
    stop = None
    try:
        read_graph(walker, start, end, graphs)
    except Malformed as wrong:
        stop = wrong
    functions = frozenset(graph.name for graph in graphs)
    seen: set[tuple[str, tuple[str, ...]]] = set()
    for graph in graphs:
        for found in (*acts(graph, functions, assets), *branches(graph)):
            if (found.check, found.evidence) not in seen:
                seen.add((found.check, found.evidence))
                yield found
    if stop:
        raise stop


def judge_meta_graph(walker: Walker, start: int, end: int) -> Iterator[_Found]:
    """What the MetaGraphDef there would do: its graph, and what its objects say about themselves."""
    graphs: list[Field] = []
    assets: set[str] = set()
    stop = None
    try:
        for each in walker.fields(start, end):
            if each.wire is not Wire.LENGTH:
                continue
            if each.number == _GRAPH:
                graphs.append(each)
            elif each.number == _ASSETS:
                yield from _asset(walker, each, assets)
            elif each.number == _OBJECTS:
                yield from _objects(walker, each)
    except Malformed as wrong:
        stop = wrong
    for graph in graphs:
        yield from judge_graph(walker, graph.at, graph.at + graph.value, assets=frozenset(assets))
    if stop or not graphs:
        raise stop or Malformed(ProblemKind.TRUNCATED, at=end, detail="there is no graph in it")


def judge_keras_metadata(text_of_object: str, reader: Reader) -> Iterator[_Found]:
    """What a Keras object's own description would do; unknown classes are made from the graph beside it."""
    try:
        found = json_documents(text_of_object.encode("utf-8", "replace"))
    except Malformed:
        return  # of another kind of object: only Keras reads it, and needs JSON
    for document in found:
        hidden: list[Json] = [{key: value} for key, value in document.shadowed]
        yield from keras_config.judge_configuration([document.value, *hidden], reader, revived=True)


def _asset(walker: Walker, asset: Field, assets: set[str]) -> Iterator[_Found]:
    for each in walker.inside(asset):
        if each.number == 1 and each.wire is Wire.LENGTH:
            assets |= {
                source_of(text(walker.reader, part)) for part in walker.inside(each) if part.number == 1
            }
        elif each.number == 2 and leaves_folder(path := text(walker.reader, each)):
            yield escapes(path, at=each.at)


def _objects(walker: Walker, objects: Field) -> Iterator[_Found]:
    """Before version 2.5 Keras kept its configurations here."""
    for node in walker.inside(objects):
        if node.number != 1 or node.wire is not Wire.LENGTH:
            continue
        for kind in walker.inside(node):
            if kind.number != _USER_OBJECT or kind.wire is not Wire.LENGTH:
                continue
            for part in walker.inside(kind):
                if part.number == _METADATA and part.wire is Wire.LENGTH:
                    data = walker.reader.at(part.at, min(part.value, LIMITS.json_bytes + 1))
                    yield from judge_keras_metadata(data.decode("utf-8", "replace"), walker.reader)
