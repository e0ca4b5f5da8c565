import pytest

from examining import examined
from raw_headers import safetensors
from real.model_files import sample
from ringfence.artifacts.problems import Problem, ProblemKind
from ringfence.core.facts import FactName

_F32 = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


def test_all_facts_of_a_real_file() -> None:
    assert examined(sample("tiny.safetensors")).facts == {
        FactName.NAME: "Tiny",
        FactName.ARCHITECTURE: "stable-diffusion-v1",
        FactName.LICENSE: "CreativeML Open RAIL-M",
        FactName.METADATA: ("format=pt",),
        FactName.TENSORS: 3,
        FactName.PARAMETERS: 16,
        FactName.DTYPES: ("F16", "F32", "I8"),
    }


def test_a_header_padded_with_spaces_is_fine() -> None:
    found = examined(safetensors(b"{}" + b" " * 6))
    assert (found.format, found.problems) == ("safetensors", ())


def test_a_dtype_of_less_than_a_byte_fills_whole_bytes() -> None:
    tensor = {"dtype": "F4", "shape": [4], "data_offsets": [0, 2]}
    assert examined(safetensors({"a": tensor}, bytes(2))).problems == ()


@pytest.mark.parametrize(
    ("tensor", "detail"),
    [
        (1, "a is no dtype, shape and offsets"),
        ({"dtype": "F32", "shape": [2]}, "a is no dtype, shape and offsets"),
        (_F32 | {"dtype": "X9"}, "a has the unknown dtype X9"),
        (_F32 | {"shape": [3]}, "a has 3 F32 elements in 8 bytes"),
        (_F32 | {"shape": [-1]}, "a has an impossible shape or place"),
        (_F32 | {"shape": [True, 2]}, "a has an impossible shape or place"),
        (_F32 | {"shape": [2**40, 2**40]}, "a has an impossible shape or place"),
        (_F32 | {"shape": [1] * 65}, "a has an impossible shape or place"),
        (_F32 | {"data_offsets": [8, 0]}, "a has an impossible shape or place"),
    ],
)
def test_an_impossible_tensor_is_said(tensor: object, detail: str) -> None:
    problems = examined(safetensors({"a": tensor}, bytes(8))).problems
    assert problems[0] == Problem(kind=ProblemKind.BAD_HEADER, at=8, detail=detail)


def test_metadata_that_is_no_table_of_strings_is_said() -> None:
    assert examined(safetensors({"__metadata__": {"a": 1}})).problems == (
        Problem(kind=ProblemKind.BAD_HEADER, at=8, detail="__metadata__ is not a table of strings"),
    )


def test_a_gap_between_tensors_is_said() -> None:
    second = {"dtype": "F32", "shape": [2], "data_offsets": [12, 20]}
    file = safetensors({"a": _F32, "b": second}, bytes(20))
    assert examined(file).problems == (
        Problem(
            kind=ProblemKind.BAD_HEADER, at=len(file) - 12, detail="4 bytes before b belong to no tensor"
        ),
    )


def test_bytes_behind_the_last_tensor_are_said() -> None:
    file = safetensors({"a": _F32}, bytes(8) + b"MZ")
    assert examined(file).problems == (
        Problem(kind=ProblemKind.TRAILING_DATA, at=len(file) - 2, detail="2 bytes behind the last tensor"),
    )
