import io
import zipfile

import numpy as np
import pytest

from examining import examined
from real.model_files import sample
from ringfence.core.facts import FactName


@pytest.mark.parametrize("name", ["arrays.npz", "deflated.npz"])
def test_all_facts_of_a_real_file(name: str) -> None:
    assert examined(sample(name)).facts == {
        FactName.MEMBERS: 2,
        FactName.TENSORS: 2,
        FactName.PARAMETERS: 10,
        FactName.DTYPES: ("F32", "I64"),
    }


def test_objects_among_the_arrays_are_pickles() -> None:
    out = io.BytesIO()
    np.savez(out, a=np.array([{}], object))
    assert examined(out.getvalue()).facts[FactName.RUNS_CODE] == ("pickle",)


def test_an_archive_with_something_else_in_it_is_not_numpys() -> None:
    out = io.BytesIO(sample("arrays.npz"))
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("readme.txt", b"hello")
    assert examined(out.getvalue()).format is None
