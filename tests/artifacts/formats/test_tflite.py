import struct

from examining import examined
from real.model_files import sample
from ringfence.artifacts.problems import Problem, ProblemKind
from ringfence.core.facts import FactName


def test_all_facts_of_a_real_file() -> None:
    assert examined(sample("tiny.tflite")).facts == {
        FactName.VERSION: "3",
        FactName.METADATA: ("description=made by hand",),
    }


def test_a_root_outside_the_file_is_said() -> None:
    assert examined(struct.pack("<I", 2**32 - 1) + b"TFL3" + bytes(100)).problems == (
        Problem(
            kind=ProblemKind.TRUNCATED,
            at=2**32 - 1,
            detail="a table or its field lies outside the file",
        ),
    )


def test_a_description_longer_than_the_file_is_said() -> None:
    data = sample("tiny.tflite")
    at = data.index(b"made by hand") - 4
    file = data[:at] + struct.pack("<I", 2**31) + data[at + 4 :]
    assert examined(file).problems == (
        Problem(kind=ProblemKind.TRUNCATED, at=at, detail=f"{2**31} items of 1 bytes end past the file"),
    )
