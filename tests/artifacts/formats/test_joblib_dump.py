import gzip
import os
import pickle

import pytest

from examining import examined
from real.model_files import sample
from ringfence.artifacts.problems import ProblemKind
from ringfence.core.facts import FactName


@pytest.mark.parametrize("name", ["plain", "zlib", "gzip", "bz2", "xz", "lzma"])
def test_all_facts_of_a_real_file(name: str) -> None:
    assert examined(sample(f"{name}.joblib"), ".joblib").facts == {
        FactName.RUNS_CODE: ("pickle",),
        FactName.VERSION: "4",
        FactName.IMPORTS: ("joblib.numpy_pickle.NumpyArrayWrapper", "numpy.ndarray", "numpy.dtype"),
    }


def test_what_is_compressed_and_no_pickle_is_not_joblibs() -> None:
    assert examined(gzip.compress(b"a log file" * 1000)).format is None


def test_of_a_large_compressed_pickle_only_the_beginning_is_looked_at() -> None:
    data = gzip.compress(pickle.dumps([os.urandom(1 << 20), os.path.join]))
    found = examined(data)
    assert (found.format, [each.kind for each in found.problems]) == ("joblib", [ProblemKind.OVER_LIMIT])


def test_one_that_is_cut_short_is_truncated() -> None:
    data = sample("zlib.joblib")
    found = examined(data[: len(data) // 2])
    assert (found.format, [each.kind for each in found.problems]) == ("joblib", [ProblemKind.TRUNCATED])
