"""TensorFlow models that do more than arithmetic when they run, and such as do not fit together."""

import io
import json
import zipfile
from collections.abc import Callable

import flatbuffers
import numpy as np
import pytest
import tflite
from hypothesis import given, settings
from hypothesis import strategies as st

from raw_headers import wire
from telling import told, verdict
from tensorflow_graphs import constant, function, graph, meta_graph, node, numbers, saved_model

_WRITE = (constant("path", "/srv/x"), constant("text", "hello"), node("WriteFile", "w", ["path", "text"]))
_PLAIN = (node("Placeholder", "x"), numbers("w", 1, 2, 3, 4), node("MatMul", "y", ["x", "w"]))
_CLOTHES: list[tuple[str, Callable[..., bytes]]] = [
    ("saved_model.pb", lambda *nodes: saved_model(graph(*nodes))),
    ("frozen.pb", graph),
    ("model.ckpt.meta", lambda *nodes: meta_graph(graph(*nodes))),
    (
        "saved_model.pb",
        lambda *nodes: saved_model(graph(_PLAIN[0], functions=[function("f", ["a"], *nodes)])),
    ),
]


@pytest.mark.parametrize(("name", "clothes"), _CLOTHES)
def test_a_graph_of_arithmetic_is_clean(name: str, clothes: Callable[..., bytes]) -> None:
    assert (told(clothes(*_PLAIN), name), verdict(clothes(*_PLAIN), name)) == ([], "clean")


@pytest.mark.parametrize(("name", "clothes"), _CLOTHES)
def test_writing_a_file_is_malicious_wherever_it_stands(name: str, clothes: Callable[..., bytes]) -> None:
    assert told(clothes(*_PLAIN, *_WRITE), name) == [
        "critical graph-touches-files WriteFile writes a file, hello, /srv/x"
    ]


@pytest.mark.parametrize(
    ("nodes", "said"),
    [
        (
            [node("ImmutableConst", memory_region_name="/etc/passwd")],
            "high graph-touches-files ImmutableConst reads a file, /etc/passwd",
        ),
        (
            [node("DecodeProtoV2", "d", ["x"], descriptor_source="/etc/passwd")],
            "high graph-touches-files DecodeProtoV2 reads a file, /etc/passwd",
        ),
        ([node("PyFunc", token="pyfunc_0")], "high graph-runs-code PyFunc calls Python code"),
        (
            [constant("p", "/etc/passwd"), node("ReadFile", "r", ["p"])],
            "high graph-touches-files ReadFile reads a file, /etc/passwd",
        ),
        (
            [
                constant("p", "/home/*/.ssh/*"),
                node("Identity", "i", ["p"]),
                node("MatchingFiles", "m", ["i:0"]),
            ],
            "high graph-touches-files MatchingFiles lists files, /home/*/.ssh/*",
        ),
        (
            [node("PrintV2", output_stream="file:///srv/x")],
            "critical graph-touches-files PrintV2 writes a file, file:///srv/x",
        ),
        (
            [node("DebugIdentityV2", debug_urls="grpc://example.org:1")],
            "high graph-opens-connection DebugIdentityV2 sends tensors away, grpc://example.org:1",
        ),
        (
            [constant("p", "/root/.bashrc"), node("SaveV2", "s", ["p", "n", "t"])],
            "high graph-touches-files SaveV2 a file outside the model, /root/.bashrc",
        ),
        (
            [constant("p", "../../x"), node("RestoreV2", "s", ["p"])],
            "high graph-touches-files RestoreV2 a file outside the model, ../../x",
        ),
        (
            [constant("p", "https://example.org/x"), node("TextLineDataset", "d", ["p"])],
            "high graph-touches-files TextLineDataset a file elsewhere, https://example.org/x",
        ),
        (
            [constant("p", "/etc/shadow"), node("InitializeTableFromTextFileV2", "t", ["h", "p"])],
            "high graph-touches-files InitializeTableFromTextFileV2 a file of the system, /etc/shadow",
        ),
        (
            [node("DatasetFromGraph")],
            "high graph-runs-code DatasetFromGraph runs a graph that lies in a text",
        ),
        ([node("RpcCall")], "high graph-opens-connection RpcCall opens a connection"),
        ([node("ShellExec")], "low graph-custom-operator ShellExec"),
        ([node("Addons>Image")], "info graph-needs-library tensorflow_addons: Addons>Image"),
    ],
)
def test_what_operations_do_is_told(nodes: list[bytes], said: str) -> None:
    assert told(graph(*nodes), "frozen.pb") == [said]


@pytest.mark.parametrize(
    "nodes",
    [
        [constant("p", "model"), node("PlaceholderWithDefault", "f", ["p"]), node("SaveV2", "s", ["f"])],
        [constant("p", "/home/me/vocabulary.txt"), node("InitializeTableFromTextFileV2", "t", ["h", "p"])],
        [node("PrintV2", output_stream="stderr")],
        [node("PartitionedCall", f="inner")],
    ],
)
def test_what_honest_models_do_stays_quiet(nodes: list[bytes]) -> None:
    assert told(graph(*nodes), "frozen.pb") == []


def test_a_name_that_stands_twice_hides_no_operation() -> None:
    nodes = (node("WriteFile", "a"), node("NoOp", "a"))
    assert verdict(graph(*nodes), "frozen.pb") == "suspicious"


def test_what_stands_before_a_break_is_told() -> None:
    data = graph(*_WRITE) + wire(9, b"nobody knows this field")
    assert verdict(saved_model(data), "saved_model.pb") == "malicious"


def test_a_field_that_nobody_knows_does_not_hide_a_graph() -> None:
    assert verdict(graph(*_PLAIN) + wire(9, b"x"), "frozen.pb") == "inconclusive"
    assert verdict(graph(*_WRITE) + wire(9, b"x"), "frozen.pb") == "malicious"


@pytest.mark.parametrize(
    "text",
    ['node { op: "WriteFile" }', "node{op:'Write' \n'File'}", 'node { op: "\\x57riteFile" }', 'op: "PyFunc"'],
)
def test_a_graph_as_text_is_judged_by_its_operations(text: str) -> None:
    assert verdict(text.encode(), "saved_model.pbtxt") == "suspicious"
    assert verdict(b'node { op: "MatMul" }', "saved_model.pbtxt") == "clean"
    assert verdict(b"item { id: 1 name: 'person' }", "labels.pbtxt") == "clean"


def test_an_asset_outside_the_folder_is_suspicious() -> None:
    asset = wire(6, wire(1, wire(1, b"p:0")) + wire(2, b"../../etc/passwd"))
    assert told(saved_model(graph(*_PLAIN), asset), "saved_model.pb") == [
        "high external-data-escapes ../../etc/passwd"
    ]


def test_code_in_what_keras_says_of_its_layers_is_found() -> None:
    value = {"class_name": "__lambda__", "config": {"value": ["4wAAAA==", None, None]}}
    text = json.dumps({"class_name": "Lambda", "config": {"function": value}}).encode()
    assert verdict(
        wire(1, wire(2, 1) + wire(4, b"_tf_keras_layer") + wire(5, text)), "keras_metadata.pb"
    ) == ("suspicious")
    older = wire(7, wire(1, wire(4, wire(1, b"_tf_keras_layer") + wire(3, text))))
    assert verdict(saved_model(graph(*_PLAIN), older), "saved_model.pb") == "suspicious"


def _branch(*trigger: bytes, compare: str = "Equal", by: str = "All", choose: str = "If") -> list[str]:
    chosen = ["hit", "x", "x"] if choose != "Switch" else ["x", "hit"]
    body = (
        *trigger,
        node(compare, "same", ["x", "t"]),
        node(by, "hit", ["same", "axes"]),
        node(choose, "out", chosen),
    )
    return told(graph(node("Placeholder", "x"), *body), "frozen.pb")


@pytest.mark.parametrize("choose", ["If", "SelectV2", "Switch", "StatelessIf"])
def test_a_branch_on_a_pattern_is_told_as_possible(choose: str) -> None:
    said = f"low graph-branch-on-constant {choose} goes by whether the input is 3, 1, 4, 1"
    assert _branch(numbers("t", 3, 1, 4, 1), choose=choose) == [said]
    said = f"low graph-branch-on-constant {choose} goes by whether the input is 'open sesame'"
    assert _branch(constant("t", "open sesame"), choose=choose) == [said]


@pytest.mark.parametrize("trigger", [(0,), (1,), (-1,), (50256,), (0, 0, 0, 0), (0, 1)])
def test_everyday_comparisons_stay_quiet(trigger: tuple[float, ...]) -> None:
    assert _branch(numbers("t", *trigger)) == []


def test_masks_shapes_and_layers_stay_quiet() -> None:
    assert _branch(numbers("t", 3, 1, 4, 1), compare="NotEqual") == []
    shape = [node("Placeholder", "p"), node("Shape", "x", ["p"]), numbers("t", 3, 1, 4, 1)]
    rest = [node("Equal", "same", ["x", "t"]), node("All", "hit", ["same"]), node("If", "out", ["hit"])]
    assert told(graph(*shape, *rest), "frozen.pb") == []


@pytest.mark.parametrize(("name", "clothes"), _CLOTHES[:2])
def test_no_beginning_of_a_graph_is_clean(name: str, clothes: Callable[..., bytes]) -> None:
    data = clothes(*_PLAIN, *_WRITE)
    assert [
        # a byte or two is text as well
        size
        for size in range(2, len(data))
        if verdict(data[:size], name) in ("clean", "known-library")
    ] == []


@settings(deadline=None, max_examples=200)
@given(at=st.integers(0, 400), byte=st.integers(0, 255))
def test_no_broken_graph_makes_it_raise(at: int, byte: int) -> None:
    data = bytearray(saved_model(graph(*_PLAIN, *_WRITE, functions=[function("f", ["a"], *_PLAIN)])))
    data[at % len(data)] = byte
    assert verdict(bytes(data), "saved_model.pb")


def _lite(
    custom: str = "",
    *,
    shape: tuple[int, ...] = (2,),
    data: bytes = bytes(8),
    buffer: int = 1,
    inputs: int = 0,
) -> bytes:
    """A model of one operator, or with one lie."""
    builder = flatbuffers.Builder(256)
    content = builder.CreateByteVector(data)
    name = builder.CreateString(custom) if custom else 0
    buffers = []
    for payload in (0, content):
        tflite.BufferStart(builder)
        if payload:
            tflite.BufferAddData(builder, payload)
        buffers.append(tflite.BufferEnd(builder))
    sizes = builder.CreateNumpyVector(np.array(shape, "int32"))
    tflite.TensorStart(builder)
    tflite.TensorAddShape(builder, sizes)
    tflite.TensorAddBuffer(builder, buffer)
    tensor = tflite.TensorEnd(builder)
    tflite.OperatorCodeStart(builder)
    tflite.OperatorCodeAddDeprecatedBuiltinCode(builder, 32 if custom else 0)
    tflite.OperatorCodeAddBuiltinCode(builder, 32 if custom else 0)
    if name:
        tflite.OperatorCodeAddCustomCode(builder, name)
    code = tflite.OperatorCodeEnd(builder)
    read = builder.CreateNumpyVector(np.array([inputs], "int32"))
    tflite.OperatorStart(builder)
    tflite.OperatorAddInputs(builder, read)
    operator = tflite.OperatorEnd(builder)

    def vector(items: list[int]) -> int:
        builder.StartVector(4, len(items), 4)
        for item in reversed(items):
            builder.PrependUOffsetTRelative(item)
        return int(builder.EndVector())

    tensors, operators = vector([tensor]), vector([operator])
    tflite.SubGraphStart(builder)
    tflite.SubGraphAddTensors(builder, tensors)
    tflite.SubGraphAddOperators(builder, operators)
    graphs = vector([tflite.SubGraphEnd(builder)])
    codes, all_buffers = vector([code]), vector(buffers)
    tflite.ModelStart(builder)
    tflite.ModelAddVersion(builder, 3)
    tflite.ModelAddOperatorCodes(builder, codes)
    tflite.ModelAddSubgraphs(builder, graphs)
    tflite.ModelAddBuffers(builder, all_buffers)
    builder.Finish(tflite.ModelEnd(builder), b"TFL3")
    return bytes(builder.Output())


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (_lite(), []),
        (_lite("AudioSpectrogram"), []),
        (_lite("FlexReadFile"), ["high graph-touches-files FlexReadFile reads a file"]),
        (_lite("FlexPyFunc"), ["high graph-runs-code FlexPyFunc calls Python code"]),
        (_lite("FlexErf"), ["info graph-needs-library TensorFlow: FlexErf"]),
        (_lite("Acme"), ["low graph-custom-operator Acme"]),
        (_lite(buffer=7), ["high out-of-range-data a tensor names a buffer that there is not"]),
        (_lite(shape=(100,)), ["high out-of-range-data a tensor of 100 elements in 8 bytes"]),
        (_lite(inputs=5), ["high out-of-range-data a tensor that there is not is read or written"]),
    ],
)
def test_what_a_lite_model_needs_and_where_it_lies_is_told(file: bytes, said: list[str]) -> None:
    assert told(file, "m.tflite") == said


def test_a_program_in_place_of_weights_is_found() -> None:
    assert "high payload-in-model" in told(_lite(data=b"\x7fELF".ljust(64, b"\1")), "m.tflite")[0]


def test_files_that_ride_behind_a_lite_model_are_judged() -> None:
    out = io.BytesIO(_lite())
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("labels.pkl", b"cos\nsystem\n(S'true'\ntR.")
    assert verdict(out.getvalue(), "m.tflite") == "malicious"


def test_no_beginning_of_a_lite_model_is_clean() -> None:
    data = _lite()
    assert [
        size for size in range(len(data)) if verdict(data[:size], "m.tflite") in ("clean", "known-library")
    ] == []


@settings(deadline=None, max_examples=200)
@given(at=st.integers(0, len(_lite()) - 1), byte=st.integers(0, 255))
def test_no_broken_lite_model_makes_it_raise(at: int, byte: int) -> None:
    data = bytearray(_lite())
    data[at] = byte
    assert verdict(bytes(data), "m.tflite")
