import zipfile

from examining import examined
from real.model_files import llamafile_of, sample
from ringfence.artifacts.problems import ProblemKind
from ringfence.core.facts import FactName


def test_its_facts_are_those_of_the_weights_inside() -> None:
    inside = dict(examined(sample("tiny.gguf")).facts)
    del inside[FactName.VERSION]
    assert examined(sample("tiny.llamafile")).facts == inside | {
        FactName.RUNS_CODE: ("executable",),
        FactName.MEMBERS: 2,
    }


def test_a_program_without_weights_is_no_model() -> None:
    assert examined(b"MZqFpD='\n" + bytes(5000)).format is None


def test_weights_that_are_none_are_said() -> None:
    found = examined(llamafile_of(b"not weights"))
    assert (found.format, [each.kind for each in found.problems]) == ("llamafile", [ProblemKind.BAD_HEADER])


def test_compressed_weights_are_said() -> None:
    found = examined(llamafile_of(sample("tiny.gguf"), compression=zipfile.ZIP_DEFLATED))
    assert [each.kind for each in found.problems] == [ProblemKind.BAD_HEADER]


def test_one_that_is_cut_short_is_believed_under_its_name() -> None:
    cut = sample("tiny.llamafile")[:5000]
    assert examined(cut).format is None
    found = examined(cut, ".llamafile")
    assert (found.format, [each.kind for each in found.problems]) == ("llamafile", [ProblemKind.TRUNCATED])
