from examining import examined
from raw_headers import npy
from real.model_files import sample
from ringfence.artifacts.problems import Problem, ProblemKind
from ringfence.core.facts import FactName


def test_all_facts_of_a_real_file() -> None:
    assert examined(sample("array.npy")).facts == {
        FactName.VERSION: "1.0",
        FactName.DTYPES: ("F32",),
        FactName.SHAPE: "10x4",
        FactName.PARAMETERS: 40,
    }


def test_an_array_of_objects_is_a_pickle() -> None:
    facts = examined(sample("objects.npy")).facts
    assert (facts[FactName.DTYPES], facts[FactName.RUNS_CODE]) == (("object",), ("pickle",))


def test_an_array_of_records_is_structured() -> None:
    assert examined(sample("records.npy")).facts[FactName.DTYPES] == ("structured",)


def test_an_array_longer_than_the_file_is_said() -> None:
    file = npy(b"{'descr': '<f4', 'fortran_order': False, 'shape': (5,)}", bytes(12))
    assert examined(file).problems == (
        Problem(
            kind=ProblemKind.TRUNCATED,
            at=len(file) - 12,
            detail=f"an array of 20 bytes ends past the file's {len(file)}",
        ),
    )


def test_bytes_behind_the_array_are_said() -> None:
    file = npy(b"{'descr': '<f4', 'fortran_order': False, 'shape': ()}", bytes(6))
    found = examined(file)
    assert found.facts[FactName.SHAPE] == "scalar"
    assert found.problems == (
        Problem(kind=ProblemKind.TRAILING_DATA, at=len(file) - 2, detail="2 bytes behind the array"),
    )
