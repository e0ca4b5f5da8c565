from pathlib import Path

import pytest

from examining import examined
from real.model_files import sample
from ringfence.artifacts.problems import ProblemKind
from ringfence.core.facts import FactName
from ringfence.core.verdicts import Verdict
from zip_judging import checks, judged


@pytest.mark.parametrize(("name", "protocol"), [("legacy.pt", "2"), ("protocol4.pt", "4")])
def test_all_facts_of_a_real_file(name: str, protocol: str) -> None:
    assert examined(sample(name)).facts == {
        FactName.RUNS_CODE: ("pickle",),
        FactName.VERSION: protocol,
        FactName.IMPORTS: (
            "collections.OrderedDict",
            "torch._utils._rebuild_tensor_v2",
            "torch.FloatStorage",
            "torch.HalfStorage",
        ),
        FactName.TENSORS: 3,
        FactName.PARAMETERS: 12 + 5 + 8,
        FactName.DTYPES: ("F32", "F16"),
    }


def test_one_that_ends_within_its_pickles_is_truncated() -> None:
    found = examined(sample("legacy.pt")[:100])
    assert (found.format, [each.kind for each in found.problems]) == (
        "pytorch-legacy",
        [ProblemKind.TRUNCATED],
    )


def test_a_storage_is_as_long_as_the_pickle_says() -> None:
    data = bytearray((Path(__file__).parents[2] / "golden" / "pytorch-legacy" / "state.pt").read_bytes())
    assert judged(bytes(data)).judgement.verdict is Verdict.CLEAN
    at = data.rindex((12).to_bytes(8, "little"))
    data[at] = 11
    assert checks(bytes(data)) == {"bad-header"}
