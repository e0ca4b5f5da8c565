import pytest

from examining import examined
from raw_headers import wire
from real.model_files import sample
from ringfence.artifacts.problems import Problem, ProblemKind
from ringfence.core.facts import FactName

_OPSET = wire(8, wire(2, 17))


def _model(graph: bytes) -> bytes:
    return wire(1, 8) + wire(7, graph) + _OPSET


def test_all_facts_of_a_real_file() -> None:
    assert examined(sample("tiny.onnx")).facts == {
        FactName.VERSION: "IR 8, opset 17",
        FactName.PRODUCER: "acme 1.2",
        FactName.NAME: "tiny-graph",
        FactName.METADATA: ("license=mit",),
        FactName.TENSORS: 2,
        FactName.PARAMETERS: 9,
        FactName.DTYPES: ("F32", "I64"),
    }


def test_packed_dimensions_count_like_single_ones() -> None:
    tensor = wire(1, b"\x02\x03") + wire(2, 1)
    assert examined(_model(wire(5, tensor))).facts[FactName.PARAMETERS] == 6


@pytest.mark.parametrize(
    "data",
    [
        wire(1, 8),
        wire(1, 8) + _OPSET,
        wire(1, 8) + wire(7, b""),
        wire(1, 99) + wire(7, b"") + _OPSET,
        wire(1, 8) + wire(7, b"") + _OPSET + wire(99, b"x"),
        wire(1, 8) + wire(7, b"") + _OPSET + b"\0",
        wire(2, b"name") + wire(7, b"") + _OPSET,
    ],
)
def test_another_message_is_not_called_onnx(data: bytes) -> None:
    assert examined(data).format is None


def test_one_that_is_cut_short_is_believed_under_its_name() -> None:
    data = sample("tiny.onnx")[:100]
    assert examined(data).format is None
    found = examined(data, ".onnx")
    assert (found.format, [each.kind for each in found.problems]) == ("onnx", [ProblemKind.TRUNCATED])
    assert found.facts[FactName.PRODUCER] == "acme 1.2"


@pytest.mark.parametrize(
    ("tensor", "detail"),
    [
        (wire(1, 2) + wire(2, 99), "a weight of the unknown type 99"),
        (wire(1, 2**64 - 1) + wire(2, 1), "a weight with an impossible shape"),
        (wire(1, 1) * 65 + wire(2, 1), "a weight with an impossible shape"),
        (wire(1, 3) + wire(2, 1) + wire(9, bytes(8)), "a weight has 3 F32 elements in 8 bytes"),
    ],
)
def test_an_impossible_weight_is_said(tensor: bytes, detail: str) -> None:
    file = _model(wire(5, tensor))
    assert examined(file).problems == (
        Problem(kind=ProblemKind.BAD_HEADER, at=file.index(tensor), detail=detail),
    )
