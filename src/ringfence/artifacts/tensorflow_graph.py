"""TensorFlow's graphs as they lie in files: the nodes of the main graph and of each function.

Nothing is run, and weights are not read: of constants only texts and a few numbers are kept.

Source: tensorflow/core/framework/{graph,node_def,attr_value,function,op_def,tensor}.proto.
"""

import struct
from dataclasses import field

from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.artifacts.protobuf_wire import Field, Walker, Wire, varint
from ringfence.artifacts.reader import Reader
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS

__all__ = ["Graph", "Node", "looks_like_graph", "read_graph", "source_of", "text"]

_NUMBERS_BYTES = 1024
_TEXT_BYTES = 4096
_SNIFFED_FIELDS = 10_000
_GRAPH_FIELDS = {1: Wire.LENGTH, 2: Wire.LENGTH, 3: Wire.VARINT, 4: Wire.LENGTH, 5: Wire.LENGTH}
_VERSIONS = (3, 4)
_NODE_FIELDS = frozenset(range(1, 8))
# DataType → struct code of the numbers that constants are compared with
_CODES = {1: "f", 2: "d", 3: "i", 4: "B", 5: "h", 6: "b", 9: "q", 17: "H", 22: "I", 23: "Q"}
_FLOATS, _DOUBLES = 5, 6
_VARINTS = (7, 10, 11, 16, 17)  # int_val, int64_val, bool_val, uint32_val, uint64_val


@dataclass(slots=True, kw_only=True)
class Node:
    """One operation. Texts are cut after a few thousand characters."""

    at: int
    name: str = ""
    op: str = ""
    inputs: list[str] = field(default_factory=list)  # as written: `name:1`, `name:output:0`, `^name`
    attributes: dict[str, list[str]] = field(default_factory=dict)  # those that are texts or functions
    texts: list[str] = field(default_factory=list)  # of a constant
    numbers: list[float] = field(default_factory=list)  # of a small constant; those it spells out
    kind: int = 0  # of a constant: its DataType


@dataclass(slots=True, kw_only=True)
class Graph:
    """The main graph, whose name is empty, or a function of its library."""

    name: str = ""
    nodes: dict[str, Node] = field(default_factory=dict)
    arguments: set[str] = field(default_factory=set)  # of a function


def looks_like_graph(walker: Walker, start: int, end: int) -> bool:
    """Whether the message there is a GraphDef with a node, by its fields and those of its first nodes."""
    nodes = 0
    for each in walker.fields(start, end):
        if _GRAPH_FIELDS.get(each.number, each.wire) is not each.wire:
            return False  # fields that nobody knows are stepped over by loaders, too
        if each.number == 1 and nodes < 3:
            nodes += 1
            parts = list(walker.inside(each))
            texts = {part.number: text(walker.reader, part) for part in parts if part.number in (1, 2)}
            names = texts.get(1, ""), texts.get(2, "").replace(">", "").replace("_", "")
            known = {part.number for part in parts} <= _NODE_FIELDS
            if not (known and names[0].isprintable() and names[0] and names[1].isalnum()):
                return False
    return nodes > 0


def read_graph(walker: Walker, start: int, end: int, graphs: list[Graph]) -> None:
    """Fills `graphs` with the main graph of a GraphDef and the functions of its library.

    Raises:
        Malformed: it is broken, ends too early, or is over a limit. What was filled in before stands.
    """
    main = Graph()
    graphs.append(main)
    has_version = False
    for each in walker.fields(start, end):
        if each.number == 1 and each.wire is Wire.LENGTH:
            _add(main, walker, each)
        elif each.number == 2 and each.wire is Wire.LENGTH:
            for function in walker.inside(each):
                if function.number == 1 and function.wire is Wire.LENGTH:
                    graphs.append(found := Graph())
                    _function(walker, function, found)
        elif each.number not in _GRAPH_FIELDS:
            raise Malformed(
                ProblemKind.BAD_HEADER, at=each.at, detail="a graph with a field that it cannot have"
            )
        has_version |= each.number in _VERSIONS
    if not has_version:  # it comes last, and no program that saves graphs leaves it out
        raise Malformed(ProblemKind.TRUNCATED, at=end, detail="the graph has no version: its end is missing")


def source_of(name: str) -> str:
    """The node that an input comes from."""
    return name.removeprefix("^").partition(":")[0]


def text(reader: Reader, each: Field) -> str:
    """The beginning of a text; empty when the field is none."""
    if each.wire is not Wire.LENGTH:
        return ""
    return reader.at(each.at, min(each.value, _TEXT_BYTES)).decode("utf-8", "replace")


def _add(graph: Graph, walker: Walker, message: Field) -> None:
    node = Node(at=message.at)
    try:
        _read_node(walker, message, node)
    finally:  # what is broken further on has an operation all the same
        _keep(graph, node)


def _keep(graph: Graph, node: Node) -> None:
    # Names are said to be unique; where they are not, none of the nodes may be lost.
    while node.name in graph.nodes:
        node.name += "\0"
    graph.nodes[node.name] = node


def _function(walker: Walker, function: Field, found: Graph) -> None:
    for each in walker.inside(function):
        if each.wire is not Wire.LENGTH:
            continue
        if each.number == 1:
            for part in walker.inside(each):
                if part.number == 1:
                    found.name = text(walker.reader, part)
                elif part.number == 2 and part.wire is Wire.LENGTH:
                    names = (text(walker.reader, arg) for arg in walker.inside(part) if arg.number == 1)
                    found.arguments.update(names)
        elif each.number == 3:
            _add(found, walker, each)


def _read_node(walker: Walker, message: Field, node: Node) -> None:
    for each in walker.inside(message):
        match each.number:
            case 1:
                node.name = text(walker.reader, each)
            case 2:
                node.op = text(walker.reader, each)
            case 3:
                node.inputs.append(text(walker.reader, each))
            case 5 if each.wire is Wire.LENGTH:
                _attribute(walker, each, node)


def _attribute(walker: Walker, entry: Field, node: Node) -> None:
    key, values = "", []
    for each in walker.inside(entry):
        if each.number == 1:
            key = text(walker.reader, each)
        elif each.number == 2 and each.wire is Wire.LENGTH:
            values.append(each)
    for value in values:
        for each in walker.inside(value):
            match each.number:
                case 2:
                    node.attributes.setdefault(key, []).append(text(walker.reader, each))
                case 1 | 10 if each.wire is Wire.LENGTH:  # a list; a function with its attributes
                    wanted = 2 if each.number == 1 else 1
                    node.attributes.setdefault(key, []).extend(
                        text(walker.reader, part) for part in walker.inside(each) if part.number == wanted
                    )
                case 8 if each.wire is Wire.LENGTH and node.op in ("Const", "HostConst", ""):
                    _tensor(walker, each, node)


def _tensor(walker: Walker, tensor: Field, node: Node) -> None:
    for each in walker.inside(tensor):
        if each.number == 1 and each.wire is Wire.VARINT:
            node.kind = each.value
        elif each.number == 8:
            if len(node.texts) < LIMITS.fact_items:
                node.texts.append(text(walker.reader, each))
        elif each.number == 4 or each.number in (_FLOATS, _DOUBLES, *_VARINTS):
            node.numbers += _numbers(walker.reader, each, node.kind)


def _numbers(reader: Reader, each: Field, kind: int) -> list[float]:
    if each.wire is Wire.VARINT:
        return [float(_signed(each.value))]
    if each.value > _NUMBERS_BYTES:
        return []
    if each.number in _VARINTS:
        reader.offset = each.at
        found = []
        while reader.offset < each.at + each.value:
            found.append(float(_signed(varint(reader))))
        return found
    code = {_FLOATS: "f", _DOUBLES: "d"}.get(each.number) or _CODES.get(kind)
    if code is None:
        return []
    data = reader.at(each.at, each.value)
    count = len(data) // struct.calcsize(code)
    return [float(number) for number in struct.unpack_from(f"<{count}{code}", data)]


def _signed(number: int) -> int:
    return number - (1 << 64) if number >> 63 else number
