"""What an ONNX model would do: every graph, function and attribute is visited, weights are only peeked at.

Source: onnx/onnx.proto, IR version 13; onnx's docs/ExternalData.md; ONNX Runtime's contrib operators and
TensorProto's in-memory marks (core/framework/tensorprotoutils.h).
"""

from collections.abc import Iterator
from dataclasses import field

from ringfence.artifacts import payloads
from ringfence.artifacts.format import Inside
from ringfence.artifacts.graphs.findings import custom_operator, escapes
from ringfence.artifacts.graphs.messages import text_of
from ringfence.artifacts.graphs.onnx_branches import Flow, Mark, mark_of_constant
from ringfence.artifacts.graphs.onnx_parts import (
    KNOWN_FIELDS,
    Attribute,
    Node,
    Tensor,
    attribute_of,
    input_of,
    node_of,
    numbers_of,
    pair_of,
    tensor_of,
)
from ringfence.artifacts.graphs.paths import leaves_folder
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.protobuf_wire import Field, Walker, Wire
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.dataclass import dataclass
from ringfence.core.findings import Confidence, Severity
from ringfence.core.limits import LIMITS

__all__ = ["judge"]

_Found = Iterator[Spotted | Problem | Inside]

_ONNX_DOMAINS = ("", "ai.onnx")
_STANDARD_DOMAINS = frozenset(
    (
        *("", "ai.onnx", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview", "ai.onnx.preview.training"),
        *("com.microsoft", "com.microsoft.nchwc", "com.microsoft.experimental", "com.ms.internal.nhwc"),
    )
)
# These hand tensors to Python, or run an operator of PyTorch by a name in the file.
_RUNS_PYTHON = frozenset(
    ("PyOp", "PythonOp", "PythonOpGrad", "PyCustomOp", "PyCustomOpDef", "ATen", "ATenOp")
)
_COMPILED = "EPContext"  # a graph that was compiled for some accelerator, inside or in a file beside it
_EXTERNAL_KEYS = frozenset(("location", "offset", "length", "checksum", "basepath"))
_IN_MEMORY = "_MEM_ADDR_"
_TRAINING_GRAPHS = (1, 2)
_GRAPH_NODE, _FUNCTION_NODE = 1, 7


@dataclass(slots=True)
class _Run:
    """One model while it is gone through."""

    walker: Walker
    own_domains: set[str] = field(default_factory=set)  # of functions that the model brings along
    told: set[tuple[str, str]] = field(default_factory=set)  # each operator is reported once

    @property
    def reader(self) -> Reader:
        return self.walker.reader


def judge(reader: Reader) -> _Found:
    """What the model in `reader` would do, and what hides in it."""
    run = _Run(Walker(reader, max_fields=LIMITS.graph_fields))
    top = [each for each in run.walker.fields(0, reader.size_bytes) if each.wire is Wire.LENGTH]
    functions = [each for each in top if each.number == 25]
    for function in functions:
        run.own_domains |= {
            text_of(reader, each) for each in run.walker.inside(function) if each.number == 10
        }
    if sum(each.number == 7 for each in top) > 1:
        yield Problem(kind=ProblemKind.DUPLICATE_KEY, at=None, detail="several graphs, which loaders merge")
    if not {7, 8} <= {each.number for each in top}:
        yield Problem(kind=ProblemKind.TRUNCATED, at=reader.size_bytes, detail="no graph or no operator set")
    for each in top:
        yield from _words(run, each, doc=6, pairs=14)
        if each.number == 7:
            yield from _graph(run, each, Flow(), depth=1)
        elif each.number == 20:
            for part in run.walker.inside(each):
                if part.number in _TRAINING_GRAPHS and part.wire is Wire.LENGTH:
                    yield from _graph(run, part, Flow(), depth=1)
    for function in functions:
        yield from _shadowing(run, function)
        yield from _function(run, function)


def _shadowing(run: _Run, function: Field) -> Iterator[Spotted]:
    """That the function has the name of an operator which is the same in every model."""
    texts = {
        each.number: text_of(run.reader, each)
        for each in run.walker.inside(function)
        if each.number in (1, 10)
    }
    if texts.get(10, "") in _ONNX_DOMAINS:
        yield Spotted(
            check="graph-redefines-operator",
            severity=Severity.HIGH,
            confidence=Confidence.LIKELY,
            at=function.at,
            evidence=(f"ai.onnx::{texts.get(1, '')}",),
            advice="do not run it: what it computes depends on which of the two definitions a program takes",
        )


def _graph(run: _Run, graph: Field, flow: Flow, *, depth: int, given: tuple[int, ...] = ()) -> _Found:
    """One graph. `given` are the marks of its first inputs, where an outer node hands them in."""
    if depth > LIMITS.graph_depth // 3:
        raise Malformed(ProblemKind.OVER_LIMIT, at=graph.at, detail=f"graphs nested {depth} deep")
    inputs: list[tuple[str, bool]] = []
    constants: list[tuple[str, int]] = []
    for each in run.walker.inside(graph):
        if each.number not in KNOWN_FIELDS["graph"]:
            yield _unknown_field("graph", each)
        if each.wire is not Wire.LENGTH:
            continue
        yield from _words(run, each, doc=10, pairs=16)
        if each.number == 5:
            tensor = tensor_of(run.walker, each)
            constants.append((tensor.name, mark_of_constant(numbers_of(run.reader, tensor))))
            yield from _tensor(run, tensor)
        elif each.number == 11:
            inputs.append(input_of(run.walker, each))
        elif each.number == 15:
            yield from _sparse(run, each)
    for place, (name, single) in enumerate(inputs):
        if depth > 1:
            flow[name] = given[place] if place < len(given) else Mark.NONE
        else:
            flow[name] = Mark.NONE if single else Mark.INPUT
    for name, mark in constants:
        flow[name] = mark
    yield from _nodes(run, graph, _GRAPH_NODE, flow, depth)


def _nodes(run: _Run, holder: Field, number: int, flow: Flow, depth: int) -> _Found:
    for each in run.walker.inside(holder):
        if each.number == number and each.wire is Wire.LENGTH:
            yield from _node(run, node_of(run.walker, each), flow, depth)


def _function(run: _Run, function: Field) -> _Found:
    flow = Flow()
    for each in run.walker.inside(function):
        if each.number not in KNOWN_FIELDS["function"]:
            yield _unknown_field("function", each)
        if each.wire is not Wire.LENGTH:
            continue
        yield from _words(run, each, doc=8, pairs=14)
        if each.number == 4:
            flow[text_of(run.reader, each)] = Mark.INPUT
        elif each.number == 11:
            yield from _attribute(run, Node(each.at, op="default"), attribute_of(run.walker, each), flow, 1)
    yield from _nodes(run, function, _FUNCTION_NODE, flow, 1)


def _node(run: _Run, node: Node, flow: Flow, depth: int) -> _Found:
    yield from (_unknown_field("node", each) for each in node.unknown)
    yield from _operator(run, node)
    for each in node.words:
        yield from _words(run, each, doc=6, pairs=9)
    if flow.decides(node):
        yield Spotted(
            check="graph-branch-on-constant",
            severity=Severity.LOW,
            confidence=Confidence.POSSIBLE,
            at=node.at,
            evidence=(f"{node.op} chooses by whether the input is a certain value",),
            advice="ask its publisher what the input is compared with, and why",
        )
    for attribute in node.attributes:
        if node.op == "Constant" and not node.inputs:
            mark = _constant(run, attribute)
            for name in node.outputs:
                flow[name] = mark
        yield from _attribute(run, node, attribute, flow, depth)


def _words(run: _Run, each: Field, *, doc: int, pairs: int) -> _Found:
    """What hides in the field when it has the number of a description or of an entry of metadata."""
    if each.wire is not Wire.LENGTH:
        return
    if each.number == doc:
        yield from payloads.in_text(run.reader, each.at, each.value, name="doc_string")
    elif each.number == pairs:
        yield from _pair(run, each)


def _operator(run: _Run, node: Node) -> Iterator[Spotted]:
    if (node.domain, node.op) in run.told:
        return
    run.told.add((node.domain, node.op))
    name = f"{node.domain or 'ai.onnx'}::{node.op}"
    if node.op in _RUNS_PYTHON and node.domain not in run.own_domains:
        yield Spotted(
            check="graph-runs-code",
            severity=Severity.HIGH,
            confidence=Confidence.LIKELY,
            at=node.at,
            evidence=(name,),
            advice="do not run it: this operator calls Python or PyTorch by a name in the file",
        )
    elif node.domain not in _STANDARD_DOMAINS and node.domain not in run.own_domains:
        yield custom_operator(name, at=node.at)


def _attribute(run: _Run, node: Node, attribute: Attribute, flow: Flow, depth: int) -> _Found:
    name = f"{node.op}/{attribute.name}"
    yield from (_unknown_field("node", each) for each in attribute.unknown)
    for text in attribute.texts:
        yield from payloads.in_text(run.reader, text.at, text.value, name=name)
    for each in attribute.tensors:
        yield from _tensor(run, tensor_of(run.walker, each))
    for each in attribute.sparse:
        yield from _sparse(run, each)
    if node.op == _COMPILED and attribute.name == "ep_cache_context":
        yield from _compiled(node, attribute, run.reader)
    # What a loop hands to its body: the count, the condition, and the values it carries.
    given = tuple(flow[name] for name in node.inputs)
    for graph in attribute.graphs:
        yield from _graph(run, graph, Flow(flow), depth=depth + 1, given=given)


def _compiled(node: Node, attribute: Attribute, reader: Reader) -> Iterator[Spotted]:
    beside = any(each.name == "embed_mode" and each.numbers[:1] == [0.0] for each in node.attributes)
    if beside and attribute.texts:
        path = text_of(reader, attribute.texts[0])
        if leaves_folder(path):
            yield escapes(path, at=node.at)
    yield Spotted(
        check="graph-compiled-code",
        severity=Severity.LOW,
        confidence=Confidence.CERTAIN,
        at=node.at,
        evidence=("EPContext holds a graph that was compiled for an accelerator",),
        advice="compile it again from a model that can be looked at",
    )


def _constant(run: _Run, attribute: Attribute) -> int:
    if attribute.tensors:
        return mark_of_constant(numbers_of(run.reader, tensor_of(run.walker, attribute.tensors[0])))
    return mark_of_constant(attribute.numbers)


def _tensor(run: _Run, tensor: Tensor) -> _Found:
    for each in tensor.unknown:
        yield _unknown_field("tensor", each)
    name = f"tensor {tensor.name}"
    if tensor.raw is not None:
        yield from payloads.in_weights(run.reader, tensor.raw.at, tensor.raw.value, name=name)
    for text in tensor.texts:
        yield from payloads.in_text(run.reader, text.at, text.value, name=name)
    for key, value in tensor.external:
        yield from _external(tensor, key, value)


def _sparse(run: _Run, sparse: Field) -> _Found:
    for each in run.walker.inside(sparse):
        if each.number in (1, 2) and each.wire is Wire.LENGTH:
            yield from _tensor(run, tensor_of(run.walker, each))


def _external(tensor: Tensor, key: str, value: str) -> Iterator[Spotted | Problem]:
    if key in ("location", "basepath") and (leaves_folder(value) or _IN_MEMORY in value):
        yield escapes(value, at=tensor.at)
    elif key in ("offset", "length") and not (value.isascii() and value.isdigit() and len(value) < 19):
        yield Problem(
            kind=ProblemKind.DOES_NOT_FIT, at=tensor.at, detail=f"external data whose {key} is no such number"
        )
    elif key.startswith("_"):
        yield Spotted(
            check="external-data-key",
            severity=Severity.HIGH,
            confidence=Confidence.LIKELY,
            at=tensor.at,
            evidence=(key,),
            advice="do not load it: old loaders set attributes of that name",
        )
    elif key not in _EXTERNAL_KEYS and not key.startswith("prepacked"):
        yield Spotted(
            check="external-data-key",
            severity=Severity.LOW,
            confidence=Confidence.CERTAIN,
            at=tensor.at,
            evidence=(key,),
            advice="find out which program wrote it: the format knows no such key",
        )


def _pair(run: _Run, pair: Field) -> _Found:
    key, _ = pair_of(run.walker, pair)
    for each in run.walker.inside(pair):
        if each.number == 2 and each.wire is Wire.LENGTH:
            yield from payloads.in_text(run.reader, each.at, each.value, name=f"metadata/{key}")


def _unknown_field(where: str, each: Field) -> Spotted:
    return Spotted(
        check="graph-unknown-field",
        severity=Severity.LOW,
        confidence=Confidence.CERTAIN,
        at=each.at,
        evidence=(f"field {each.number} of a {where}, {each.value} bytes",),
        advice="find out which program wrote it: the format knows no such field",
    )
