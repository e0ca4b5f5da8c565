"""Models of other frameworks, made to get past the judge, to exhaust it, or broken anywhere."""

import base64
import struct
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from golden_makers.onnx_models import branching, model, weight
from golden_makers.other_graphs import core_ml, paddle, paddle_tensor, r_stream
from raw_headers import varint, wire
from ringfence.artifacts.formats import (
    catboost_model,
    ggml,
    lightgbm_model,
    onnx,
    openvino,
    paddle_params,
    pmml,
    r_serialized,
    xgboost_model,
)
from ringfence.artifacts.formats import (
    core_ml as core_ml_format,
)
from ringfence.artifacts.formats import (
    paddle as paddle_format,
)
from ringfence.artifacts.problems import Malformed
from ringfence.artifacts.reader import Reader
from telling import told, verdict

_GOLDEN = Path(__file__).parent.parent / "golden"
_HONEST = {
    "onnx/honest.onnx": 2,
    "core-ml/network.mlmodel": 0,
    "core-ml/program.mlmodel": 0,
    "paddle/honest.pdmodel": 0,
    "paddle-params/honest.pdiparams": 0,
    "openvino/tiny.xml": 1,
    "pmml/own-function.pmml": 1,
    "r-serialized/numbers.rds": 0,
    "r-serialized/workspace.rdata": 0,
    "xgboost/categories.json": 0,
    "xgboost/linear.ubj": 0,
    "catboost/trees.cbm": 0,
    "ggml/whisper.bin": 0,
}
_FORMATS = (
    *(catboost_model, core_ml_format, ggml, lightgbm_model, onnx, openvino, paddle_format, paddle_params),
    *(pmml, r_serialized, xgboost_model),
)
_PICKLE = b"cposix\nsystem\n(S'true'\ntR."
_PICKLE_2 = b"\x80\x02" + _PICKLE


# At these places the file is whole to its own loader as well.
_WHOLE = {"paddle-params/honest.pdiparams": {32}}


@pytest.mark.parametrize("name", _HONEST)
def test_a_model_that_is_cut_short_anywhere_is_never_clean(name: str) -> None:
    data = (_GOLDEN / name).read_bytes()
    assert verdict(data, name) == "clean"
    # What is left out at the end may be white space, which is no loss.
    end = len(data.rstrip()) if _HONEST[name] else len(data)
    step = max(1, end // 400)
    clean = [cut for cut in range(1, end, step) if verdict(data[:cut], name) == "clean"]
    assert set(clean) <= _WHOLE.get(name, set())


@pytest.mark.parametrize("module", _FORMATS, ids=lambda each: each.FORMAT.name)
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_no_bytes_break_a_judge(module: object, data: st.DataObject) -> None:
    form = module.FORMAT  # type: ignore[attr-defined]
    samples = [
        path.read_bytes() for path in sorted((_GOLDEN / form.name).iterdir()) if path.suffix != ".json"
    ]
    mutated = bytearray(data.draw(st.sampled_from(samples))[:4000])
    for _ in range(data.draw(st.integers(0, 6))):
        if mutated:
            mutated[data.draw(st.integers(0, len(mutated) - 1))] = data.draw(st.integers(0, 255))
    for look in (form.read, form.judge):
        try:
            for _ in look(Reader.of_bytes(bytes(mutated))):
                pass
        except Malformed:
            pass


def test_operators_deep_within_branches_are_found() -> None:
    whole = branching("PyOp", "ai.onnx.contrib")
    for _ in range(20):
        outer = branching("Relu")
        for attribute in outer.graph.node[-1].attribute:
            attribute.g.CopyFrom(whole.graph)
            break
        whole = outer
    assert told(whole.SerializeToString(), "m.onnx") == ["high graph-runs-code ai.onnx.contrib::PyOp"]


def test_graphs_nested_without_end_are_over_the_limit() -> None:
    graph = wire(1, wire(4, b"Relu"))
    for _ in range(2000):
        graph = wire(1, wire(4, b"If") + wire(5, wire(6, graph)))
    data = wire(1, 8) + wire(7, graph) + wire(8, wire(2, 17))
    assert told(data, "m.onnx") == ["medium over-limit graphs nested 34 deep"]


def test_pipelines_nested_without_end_are_over_the_limit() -> None:
    whole = core_ml(900, b"")
    for _ in range(500):
        whole = core_ml(202, wire(1, whole))
    assert told(whole, "m.mlmodel") == ["medium over-limit messages nested 100 deep"]


def test_an_attribute_may_be_a_function_s_default() -> None:
    assert verdict((_GOLDEN / "onnx/external-in-default.onnx").read_bytes(), "m.onnx") == "suspicious"


@pytest.mark.parametrize(
    "payload",
    [
        _PICKLE_2,
        base64.b64encode(_PICKLE_2 + bytes(40)),
        b"\x7fELF" + bytes(60),
        b"#!/bin/sh\necho this and that",
    ],
)
def test_payloads_in_words_are_found(payload: bytes) -> None:
    for field in (wire(14, wire(1, b"notes") + wire(2, payload)), wire(6, payload)):
        data = wire(1, 8) + wire(7, wire(2, b"g")) + wire(8, wire(2, 17)) + field
        assert verdict(data, "m.onnx") in ("malicious", "suspicious")


def test_payloads_in_attributes_text_tensors_and_sparse_ones_are_found() -> None:
    texts = helper.make_tensor("t", TensorProto.STRING, [1], [_PICKLE_2])
    attribute = helper.make_node("Relu", ["x"], ["y"], blob=_PICKLE_2)
    sparse = helper.make_sparse_tensor(
        helper.make_tensor("v", TensorProto.UINT8, [len(_PICKLE_2)], _PICKLE_2, raw=True),
        weight("i", range(len(_PICKLE_2)), "int64"),
        [100],
    )
    holder = model([helper.make_node("Relu", ["x"], ["y"])])
    holder.graph.sparse_initializer.append(sparse)
    for each in (model([attribute], [texts]), model([attribute]), holder):
        assert verdict(each.SerializeToString(), "m.onnx") == "malicious"


def test_a_billion_laughs_cost_nothing() -> None:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 20))
    for root in ("PMML", "net"):
        start = f'<?xml version="1.0"?><!DOCTYPE {root} [<!ENTITY l0 "ha">{entities}]>'
        data = f'{start}<{root} version="4">&l19;</{root}>'
        started = time.monotonic()
        assert told(data.encode(), "m.xml") == [f"high xml-doctype <!DOCTYPE {root}"]
        assert time.monotonic() - started < 1


def test_xml_that_is_deep_or_wide_is_over_the_limit() -> None:
    deep = b'<net version="11">' + b"<a>" * 100_000
    wide = b'<net version="11"><a ' + b" ".join(b'a%d=""' % n for n in range(2000)) + b"/></net>"
    assert told(deep, "m.xml")[-1] == "medium over-limit more or deeper elements than are read"
    assert told(wide, "m.xml")[-1] == "medium over-limit 2000 attributes"


def test_namespaces_and_includes_hide_nothing() -> None:
    data = (
        b'<p:PMML xmlns:p="x" xmlns:xi="http://www.w3.org/2001/XInclude" version="4"><xi:include href="file:///etc"/>'
        b'<p:Apply function="java.lang.Runtime.exec"/></p:PMML>'
    )
    assert [each.split(" ")[:2] for each in told(data, "m.pmml")] == [
        ["high", "xml-include"],
        ["high", "pmml-java-class"],
    ]


@pytest.mark.parametrize("path", [b"weights.bin", b"@model_path/../w", b"@model_path//etc/w", b"/w"])
def test_core_ml_weights_lie_beside_the_model(path: bytes) -> None:
    value = wire(2, wire(5, wire(1, path)))
    block = wire(4, wire(1, b"a") + value)
    function = wire(2, wire(3, wire(2, block)))
    found = told(core_ml(502, wire(2, function)), "m.mlmodel")
    assert [each.split(" ")[1] for each in found] == ["external-data-escapes"]


def test_paddle_operators_act_in_any_block_and_in_any_order_of_fields() -> None:
    hidden = wire(4, wire(4, wire(5, b"/tmp/x") + wire(1, b"file_path")) + wire(3, b"save_combine"))
    data = paddle((b"relu", {})) + wire(1, wire(1, 1) + wire(2, 0) + hidden)
    assert told(data, "m.pdmodel") == [
        "high graph-touches-files save_combine, /tmp/x",
        "high external-data-escapes /tmp/x",
    ]


def test_paddle_levels_and_shapes_that_cannot_be_are_said() -> None:
    levels = bytes(4) + struct.pack("<Q", 2**60) + bytes(4)
    negative = bytes(16) + struct.pack("<I", 13) + wire(1, 5) + varint(2 << 3) + varint(2**64 - 1)
    for data in (paddle_tensor(1, bytes(4)) + levels, negative):
        assert verdict(data, "m.pdiparams") == "suspicious"


def test_r_streams_nested_without_end_cost_no_stack() -> None:
    deep = r_stream((struct.pack(">2I", 19, 1)) * 200_000 + struct.pack(">I", 254))
    assert verdict(deep, "m.rds") == "clean"


def test_r_lengths_that_cannot_be_are_said() -> None:
    for body in (struct.pack(">2I", 19, 2**31 - 1), struct.pack(">2i", 9, -2)):
        assert verdict(r_stream(body), "m.rds") == "inconclusive"
    for body in (struct.pack(">2i2I", 14, -1, 2**31 - 1, 0), struct.pack(">2i", 13, -2)):
        assert verdict(r_stream(body), "m.rds") == "suspicious"


def test_a_promise_in_attributes_and_tags_is_found() -> None:
    promise = struct.pack(">4I", 5, 252, 254, 0)[:12]
    numbers = struct.pack(">2Id", 14 | 1 << 9, 1, 1.0)
    assert verdict(r_stream(numbers + promise), "m.rds") == "malicious"
    cell = struct.pack(">I", 2 | 1 << 10) + promise + struct.pack(">2I", 254, 254)
    assert verdict(r_stream(cell), "m.rds") == "malicious"


def test_ubjson_bombs_are_bounded() -> None:
    start = b"{L" + (7).to_bytes(8, "big") + b"learner"
    nested = start + b"[" * 100_000
    counted = start + b"[$[#l\x7f\xff\xff\xff"
    empty = start + b"[$Z#l\x7f\xff\xff\xff" + b"}"
    assert verdict(nested, "m.ubj") == "inconclusive"
    assert verdict(counted, "m.ubj") == "inconclusive"
    started = time.monotonic()
    assert verdict(empty, "m.ubj") != "malicious"
    assert time.monotonic() - started < 1


def test_r_references_to_symbols_have_no_attributes_however_many_symbols_there_are() -> None:
    symbols = b"".join(struct.pack(">3I", 1, 9, 1) + bytes([97 + n]) for n in range(3))
    body = struct.pack(">2I", 19, 4) + symbols + struct.pack(">I", 0xFF | 2 << 8)
    assert verdict(r_stream(body), "m.rds") == "clean"


def test_r_objects_in_the_native_form_are_walked() -> None:
    start = b"B\n" + struct.pack("<3I", 2, 0x040100, 0x020300)
    assert verdict(start + struct.pack("<2Id", 14, 1, 1.0), "m.rds") == "clean"
    assert verdict(start + struct.pack("<3I", 5, 252, 254), "m.rds") == "malicious"
