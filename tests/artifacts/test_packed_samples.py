import bz2
import gzip
import lzma
from collections.abc import Callable

import lz4.frame
import pytest

from archiving import judged, tar_of
from real.model_files import SAMPLES, sample

_PACKED: dict[str, Callable[[str, bytes], tuple[str, bytes]]] = {
    "tar": lambda name, data: ("x.tar", tar_of((name, data))),
    "tar.bz2": lambda name, data: ("x.tar.bz2", bz2.compress(tar_of((name, data)))),
    "gz": lambda name, data: (name + ".gz", gzip.compress(data)),
    "xz": lambda name, data: (name + ".xz", lzma.compress(data)),
    "lz4": lambda name, data: (name + ".lz4", lz4.frame.compress(data)),
}


@pytest.mark.parametrize("packed", _PACKED)
@pytest.mark.parametrize("name", [each.name for each in SAMPLES])
def test_a_real_file_is_judged_the_same_when_it_is_packed(name: str, packed: str) -> None:
    data = sample(name)
    told, whole = _PACKED[packed](name, data)
    assert judged(whole, told).judgement.verdict == judged(data, name).judgement.verdict
