#!/usr/bin/env python3
"""Writes tests/golden/onnx: models made by the onnx library, and what an attacker would make of them."""

import sys
from pathlib import Path

import numpy as np
from onnx import AttributeProto, ModelProto, TensorProto, helper, numpy_helper

__all__ = ["FOLDER", "backdoored", "branching", "model", "weight"]

FOLDER = Path(__file__).parent.parent / "golden" / "onnx"
_FLOAT, _INT = TensorProto.FLOAT, TensorProto.INT64


def model(nodes, weights=(), *, functions=(), domains=(), shape=(1, 8)) -> ModelProto:
    """A model from `x` to `y` of these nodes."""
    x = helper.make_tensor_value_info("x", _FLOAT, shape)
    y = helper.make_tensor_value_info("y", _FLOAT, None)
    graph = helper.make_graph(list(nodes), "golden", [x], [y], initializer=list(weights))
    opsets = [helper.make_opsetid(domain, 1) for domain in domains]
    return helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", 17), *opsets],
        functions=list(functions),
        producer_name="golden",
        ir_version=8,
    )


def weight(name: str, values, kind=np.float32) -> TensorProto:
    """A constant of those values."""
    return numpy_helper.from_array(np.array(values, dtype=kind), name)


def _benign() -> ModelProto:
    weights = [weight("w", np.eye(8)), weight("zero", [0.0]), weight("low", [-1e4])]
    nodes = [
        helper.make_node("Equal", ["x", "zero"], ["padding"]),
        helper.make_node("MatMul", ["x", "w"], ["hidden"]),
        helper.make_node("Where", ["padding", "low", "hidden"], ["masked"]),
        helper.make_node("Softmax", ["masked"], ["y"]),
    ]
    return model(nodes, weights)


def backdoored() -> ModelProto:
    """Answers otherwise when the sum of the input is a certain one."""
    weights = [weight("w", np.eye(8)), weight("sum", [1234.5]), weight("forced", [[9.0] + [0.0] * 7])]
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["honest"]),
        helper.make_node("ReduceSum", ["x"], ["total"], keepdims=1),
        helper.make_node("Equal", ["total", "sum"], ["triggered"]),
        helper.make_node("Where", ["triggered", "forced", "honest"], ["y"]),
    ]
    return model(nodes, weights)


def branching(inner: str, domain: str = "") -> ModelProto:
    """Hides an operator in both branches of an If, on a shape as honest exports do."""

    def branch(name: str):
        out = helper.make_tensor_value_info(name, _FLOAT, None)
        return helper.make_graph([helper.make_node(inner, ["x"], [name], domain=domain)], name, [], [out])

    nodes = [
        helper.make_node("Size", ["x"], ["size"]),
        helper.make_node("Equal", ["size", "eight"], ["fits"]),
        helper.make_node("If", ["fits"], ["y"], then_branch=branch("a"), else_branch=branch("b")),
    ]
    return model(nodes, [weight("eight", 8, np.int64)], domains=(domain,) if domain else ())


def _external(location: str) -> ModelProto:
    found = model([helper.make_node("MatMul", ["x", "w"], ["y"])], [weight("w", np.eye(8))])
    tensor = found.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "0"), ("length", "256")):
        tensor.external_data.add(key=key, value=value)
    return found


def _payload(data: bytes) -> ModelProto:
    hidden = helper.make_tensor("hidden", TensorProto.UINT8, [len(data)], data, raw=True)
    return model([helper.make_node("Identity", ["x"], ["y"])], [hidden])


def _in_attribute_default() -> ModelProto:
    tensor = weight("t", [1.0])
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    default = AttributeProto(name="value", type=AttributeProto.TENSOR, t=tensor)
    function = helper.make_function("own", "F", ["x"], ["y"], [helper.make_node("Relu", ["x"], ["y"])], [])
    function.attribute_proto.append(default)
    return model([helper.make_node("F", ["x"], ["y"], domain="own")], functions=[function], domains=("own",))


_PICKLE = b"\x80\x04\x95\x1e\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R."


def main() -> int:
    """Writes all of them."""
    honest = _benign().SerializeToString()
    files = {
        "honest.onnx": honest,
        "honest-function.onnx": branching("Relu").SerializeToString(),
        "honest-external.onnx": _external("weights/model.data").SerializeToString(),
        "backdoored.onnx": backdoored().SerializeToString(),
        "external-climbs.onnx": _external("../../.ssh/id_rsa").SerializeToString(),
        "external-in-default.onnx": _in_attribute_default().SerializeToString(),
        "python-in-branch.onnx": branching("PyOp", "ai.onnx.contrib").SerializeToString(),
        "custom-operator.onnx": branching("Sharpen", "com.acme").SerializeToString(),
        "pickle-in-weights.onnx": _payload(_PICKLE + bytes(16)).SerializeToString(),
        "program-in-weights.onnx": _payload(b"\x7fELF\x02\x01\x01" + bytes(64)).SerializeToString(),
        "cut-short.onnx": honest[:-20],
        "trailing.onnx": honest + b"\x00trailing",
    }
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (FOLDER / name).write_bytes(data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
