import pytest

from examining import examined
from real.model_files import sample
from ringfence.artifacts.problems import Problem, ProblemKind
from ringfence.core.facts import FactName


@pytest.mark.parametrize(("name", "version"), [("data.h5", "0"), ("latest.h5", "3"), ("userblock.h5", "0")])
def test_all_facts_of_a_real_file(name: str, version: str) -> None:
    assert examined(sample(name)).facts == {FactName.VERSION: f"superblock {version}"}


def test_what_keras_wrote_is_told_apart() -> None:
    assert examined(sample("plain.h5")).facts == {
        FactName.VERSION: "superblock 0",
        FactName.PRODUCER: "keras",
    }
    assert examined(sample("lambda.h5")).facts[FactName.RUNS_CODE] == ("keras lambda",)


def test_behind_a_large_user_block_it_is_found_under_its_name() -> None:
    assert examined(sample("far.h5"), ".h5").format == "hdf5"


@pytest.mark.parametrize("name", ["data.h5", "latest.h5", "userblock.h5"])
def test_a_file_that_is_cut_short_says_so(name: str) -> None:
    data = sample(name)
    kinds = [each.kind for each in examined(data[:-1]).problems]
    assert kinds == [ProblemKind.TRUNCATED]


def test_an_unknown_superblock_is_said() -> None:
    data = bytearray(sample("data.h5"))
    data[8] = 9
    assert examined(bytes(data)).problems == (
        Problem(kind=ProblemKind.BAD_HEADER, at=8, detail="superblock version 9 is unknown"),
    )
