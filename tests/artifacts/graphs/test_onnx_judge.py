import struct
from collections.abc import Iterator

import onnx
import pytest
from onnx import GraphProto, NodeProto, TensorProto, helper, numpy_helper

from golden_makers.onnx_models import branching, model, weight
from raw_headers import wire
from ringfence.artifacts.graphs import onnx_judge
from ringfence.artifacts.graphs.onnx_parts import Node, Tensor, numbers_of, tensor_of
from ringfence.artifacts.protobuf_wire import Field, Walker, Wire
from ringfence.artifacts.reader import Reader
from telling import told


def _nodes(graph: GraphProto) -> Iterator[NodeProto]:
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                yield from _nodes(inner)


def _nested(depth: int) -> onnx.ModelProto:
    outer = branching("Relu")
    for _ in range(depth):
        inner = GraphProto()
        inner.CopyFrom(outer.graph)
        del inner.input[:]
        for attribute in outer.graph.node[-1].attribute:
            attribute.g.CopyFrom(inner)
    return outer


def test_every_node_that_the_onnx_library_knows_is_visited(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = _nested(4)
    function = helper.make_function(
        "own", "F", ["a"], ["b"], [helper.make_node("Tanh", ["a"], ["b"])], [helper.make_opsetid("", 17)]
    )
    whole.functions.append(function)
    training = whole.training_info.add()
    training.algorithm.CopyFrom(branching("Sigmoid").graph)
    visited: list[tuple[str, tuple[str, ...]]] = []
    operator = onnx_judge._operator

    def note(run: onnx_judge._Run, node: Node) -> object:
        visited.append((node.op, tuple(node.outputs)))
        return operator(run, node)

    monkeypatch.setattr(onnx_judge, "_operator", note)
    data = whole.SerializeToString()
    assert list(onnx_judge.judge(Reader.of_bytes(data))) == []
    graphs = [*_nodes(whole.graph), *function.node, *_nodes(training.algorithm)]
    assert sorted(visited) == sorted((node.op_type, tuple(node.output)) for node in graphs)


@pytest.mark.parametrize(
    ("numbers", "kind"),
    [
        ([1.5, -2.0], TensorProto.FLOAT),
        ([1.5, -2.0], TensorProto.DOUBLE),
        ([1.5, -2.0], TensorProto.FLOAT16),
        ([1.5, -2.0], TensorProto.BFLOAT16),
        ([7, -7], TensorProto.INT64),
        ([7, -7], TensorProto.INT8),
        ([1, 0], TensorProto.BOOL),
        ([2**63, 1], TensorProto.UINT64),
    ],
)
@pytest.mark.parametrize("raw", [True, False])
def test_constants_read_as_the_library_reads_them(numbers: list[float], kind: int, raw: bool) -> None:
    tensor = helper.make_tensor("t", kind, [len(numbers)], numbers)
    if raw:
        tensor = numpy_helper.from_array(numpy_helper.to_array(tensor), "t")
    assert numbers_of(*_parsed(tensor.SerializeToString())) == [float(each) for each in numbers]


def _parsed(data: bytes) -> tuple[Reader, Tensor]:
    reader = Reader.of_bytes(data)
    return reader, tensor_of(Walker(reader, max_fields=100), Field(1, Wire.LENGTH, len(data), 0))


def _with_external(**entries: str) -> bytes:
    found = model([helper.make_node("MatMul", ["x", "w"], ["y"])], [weight("w", [1.0])])
    tensor = found.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in entries.items():
        tensor.external_data.add(key=key, value=value)
    return found.SerializeToString()


@pytest.mark.parametrize("location", ["model.onnx.data", "weights/part-1.bin", "./model.data", "a..b"])
def test_external_data_beside_the_model_are_honest(location: str) -> None:
    assert told(_with_external(location=location, offset="4096", length="4", checksum="ab"), "m.onnx") == []


@pytest.mark.parametrize(
    "location",
    [
        "/etc/passwd",
        "../../id_rsa",
        "weights/../../id_rsa",
        "..\\id_rsa",
        "C:\\Windows\\win.ini",
        "https://example.com/w",
        "\\\\server\\share",
        "~/.ssh/id_rsa",
        "w.bin\0.txt",
        "*/_ORT_MEM_ADDR_/*",
    ],
)
def test_external_data_elsewhere_are_said(location: str) -> None:
    found = told(_with_external(location=location), "m.onnx")
    assert [each.split(" ")[:2] for each in found] == [["high", "external-data-escapes"]]


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({"offset": "-1"}, "high does-not-fit external data whose offset is no such number"),
        ({"length": "9" * 19}, "high does-not-fit external data whose length is no such number"),
        ({"__class__": "x"}, "high external-data-key __class__"),
        ({"comment": "x"}, "low external-data-key comment"),
    ],
)
def test_odd_entries_of_external_data_are_said(entries: dict[str, str], said: str) -> None:
    assert told(_with_external(location="w.bin", **entries), "m.onnx") == [said]


def test_operators_are_told_apart_by_who_provides_them() -> None:
    def said(op: str, domain: str) -> list[str]:
        return told(branching(op, domain).SerializeToString(), "m.onnx")

    assert said("Gelu", "com.microsoft") == []
    assert said("TreeEnsembleClassifier", "ai.onnx.ml") == []
    assert said("Sharpen", "com.acme") == ["low graph-custom-operator com.acme::Sharpen"]
    assert said("ATen", "org.pytorch.aten") == ["high graph-runs-code org.pytorch.aten::ATen"]
    assert said("PythonOp", "com.microsoft") == ["high graph-runs-code com.microsoft::PythonOp"]


def test_functions_that_the_model_brings_along_are_no_custom_operators() -> None:
    whole = branching("PyOp", "own")
    body = [helper.make_node("Relu", ["a"], ["b"])]
    whole.functions.append(helper.make_function("own", "PyOp", ["a"], ["b"], body, []))
    assert told(whole.SerializeToString(), "m.onnx") == []


@pytest.mark.parametrize("domain", ["", "ai.onnx"])
def test_a_function_with_the_name_of_a_standard_operator_is_suspicious(domain: str) -> None:
    whole = branching("Relu", "")
    body = [helper.make_node("Neg", ["a"], ["b"])]
    whole.functions.append(helper.make_function(domain, "Relu", ["a"], ["b"], body, []))
    assert told(whole.SerializeToString(), "m.onnx") == ["high graph-redefines-operator ai.onnx::Relu"]


def test_compiled_graphs_are_opaque_and_lie_beside_the_model() -> None:
    def said(path: str) -> list[str]:
        node = helper.make_node(
            "EPContext", ["x"], ["y"], domain="com.microsoft", embed_mode=0, ep_cache_context=path
        )
        return told(model([node]).SerializeToString(), "m.onnx")

    opaque = "low graph-compiled-code EPContext holds a graph that was compiled for an accelerator"
    assert said("net.bin") == [opaque]
    assert said("../net.bin") == ["high external-data-escapes ../net.bin", opaque]


def test_a_field_that_does_not_exist_is_said() -> None:
    graph = wire(1, wire(4, b"Relu") + wire(77, b"hidden"))
    data = wire(1, 8) + wire(7, graph) + wire(8, wire(2, 17))
    assert told(data, "m.onnx") == ["low graph-unknown-field field 77 of a node, 6 bytes"]


def test_two_graphs_are_one_to_loaders_and_said() -> None:
    data = wire(1, 8) + 2 * wire(7, wire(2, b"g")) + wire(8, wire(2, 17))
    assert told(data, "m.onnx") == ["high duplicate-key several graphs, which loaders merge"]


def test_weights_that_look_like_a_pickle_by_chance_are_quiet() -> None:
    data = b"\x80\x02" + struct.pack("<30f", *range(30))
    tensor = helper.make_tensor("t", TensorProto.UINT8, [len(data)], data, raw=True)
    assert (
        told(model([helper.make_node("Identity", ["x"], ["y"])], [tensor]).SerializeToString(), "m.onnx")
        == []
    )
