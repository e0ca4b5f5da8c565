from collections.abc import Sequence

import numpy as np
import pytest
from onnx import NodeProto, TensorProto, helper

from golden_makers.onnx_models import branching, model, weight
from telling import told

_BRANCH = ["low graph-branch-on-constant Where chooses by whether the input is a certain value"]


def _node(op: str, inputs: str, output: str, **attributes: object) -> NodeProto:
    return helper.make_node(op, inputs.split(), [output], **attributes)


def _said(
    nodes: Sequence[NodeProto], weights: Sequence[TensorProto], shape: Sequence[int] = (1, 8)
) -> list[str]:
    return told(model(nodes, weights, shape=shape).SerializeToString(), "model.onnx")


_W = weight("w", np.eye(8))
_FORCED = weight("forced", [[9.0] + [0.0] * 7])
_HONEST = _node("MatMul", "x w", "honest")
_CHOICE = _node("Where", "hit forced honest", "y")
_LIKE_TRIGGER = [
    pytest.param(
        [_node("ReduceSum", "x", "sum"), _node("Equal", "sum c", "hit")], [weight("c", [1234.5])], id="a sum"
    ),
    pytest.param(
        [
            _node("Equal", "x c", "same"),
            _node("Cast", "same", "number", to=TensorProto.FLOAT),
            _node("ReduceMin", "number", "all"),
            _node("Cast", "all", "hit", to=TensorProto.BOOL),
        ],
        [weight("c", [[3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0]])],
        id="a pattern",
    ),
    pytest.param(
        [
            _node("Equal", "x c", "same"),
            _node("Cast", "same", "number", to=TensorProto.FLOAT),
            _node("ReduceMin", "number", "all"),
            _node("Cast", "all", "hit", to=TensorProto.BOOL),
        ],
        [weight("c", [[1.0, 0.0] * 4])],
        id="a pattern of everyday numbers",
    ),
    pytest.param(
        [_node("Gather", "x place", "one"), _node("Equal", "one c", "hit")],
        [weight("place", 3, np.int64), weight("c", 49.0)],
        id="one place",
    ),
    pytest.param(
        [
            _node("ReduceSum", "x", "sum"),
            _node("Sub", "sum c", "off"),
            _node("Abs", "off", "far"),
            _node("Less", "far small", "hit"),
        ],
        [weight("c", 49.0), weight("small", 0.001)],
        id="close to a sum",
    ),
    pytest.param(
        [
            _node("ReduceSum", "x", "sum"),
            _node("Greater", "sum low", "a"),
            _node("Less", "sum high", "b"),
            _node("And", "a b", "hit"),
        ],
        [weight("low", 49.0), weight("high", 50.0)],
        id="within a range",
    ),
    pytest.param(
        [
            _node("Mul", "six seven", "c"),
            _node("ReduceSum", "x", "sum"),
            _node("Equal", "sum c", "hit"),
        ],
        [weight("six", 6.0), weight("seven", 7.0)],
        id="a constant that is worked out",
    ),
]


@pytest.mark.parametrize(("trigger", "weights"), _LIKE_TRIGGER)
def test_a_choice_by_a_fixed_value_of_the_input_is_said(
    trigger: list[NodeProto], weights: list[TensorProto]
) -> None:
    assert _said([_HONEST, *trigger, _CHOICE], [_W, _FORCED, *weights]) == _BRANCH


def test_a_mask_that_is_multiplied_with_the_answer_is_a_choice_too() -> None:
    nodes = [
        _HONEST,
        _node("ReduceSum", "x", "sum"),
        _node("Equal", "sum c", "hit"),
        _node("Cast", "hit", "mask", to=TensorProto.FLOAT),
        _node("Mul", "honest mask", "y"),
    ]
    assert [each[:28] for each in _said(nodes, [_W, weight("c", 49.0)])] == ["low graph-branch-on-constant"]


_LIKE_EXPORTS = [
    pytest.param(
        [_node("Equal", "x c", "hit"), _node("Where", "hit forced honest", "y")],
        [weight("c", 50256.0)],
        id="a mask by token",
    ),
    pytest.param(
        [_node("ReduceMax", "x", "longest"), _node("Greater", "longest c", "hit"), _CHOICE],
        [weight("c", 4096.0)],
        id="another table for long inputs",
    ),
    pytest.param(
        [_node("ReduceSum", "x", "sum"), _node("Equal", "sum c", "hit"), _CHOICE],
        [weight("c", 0.0)],
        id="nothing at all",
    ),
    pytest.param(
        [
            _node("Shape", "x", "shape"),
            _node("Gather", "shape place", "n"),
            _node("Equal", "n c", "hit"),
            _CHOICE,
        ],
        [weight("place", 1, np.int64), weight("c", 8, np.int64)],
        id="a shape",
    ),
    pytest.param(
        [_node("ReduceMax", "honest", "best"), _node("Equal", "best c", "hit"), _CHOICE],
        [weight("c", 7.0)],
        id="something learned",
    ),
]


@pytest.mark.parametrize(("nodes", "weights"), _LIKE_EXPORTS)
def test_what_exporters_write_is_quiet(nodes: list[NodeProto], weights: list[TensorProto]) -> None:
    assert _said([_HONEST, *nodes], [_W, _FORCED, *weights]) == []


def test_an_input_that_is_a_single_number_is_a_switch() -> None:
    nodes = [_node("Equal", "x rate", "hit"), _node("Where", "hit rate x", "y")]
    assert _said([_node("Squeeze", "x", "x0"), *nodes], [weight("rate", [16000.0])], shape=(1,)) == []


def test_the_graph_around_a_branch_is_seen_from_within() -> None:
    inner = helper.make_graph(
        [
            _node("ReduceSum", "x", "sum"),
            _node("Equal", "sum c", "hit"),
            _node("Where", "hit c sum", "out"),
        ],
        "inner",
        [],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, None)],
    )
    outer = branching("Relu")
    outer.graph.initializer.append(weight("c", 49.0))
    for attribute in outer.graph.node[-1].attribute:
        attribute.g.CopyFrom(inner)
    assert told(outer.SerializeToString(), "model.onnx") == _BRANCH * 2
