import struct

import pytest

from examining import examined
from real.model_files import sample
from ringfence.core.facts import FactName


def test_all_facts_of_a_file() -> None:
    assert examined(sample("old.ggml")).facts == {FactName.VERSION: "ggjt 3"}


@pytest.mark.parametrize(("magic", "version"), [(b"lmgg", "ggml"), (b"fmgg", "ggmf 1"), (b"algg", "ggla 1")])
def test_each_magic_is_known(magic: bytes, version: str) -> None:
    found = examined(magic + struct.pack("<I", 1) + bytes(100))
    assert (found.format, found.facts) == ("ggml", {FactName.VERSION: version})


def test_an_impossible_version_is_no_ggml() -> None:
    assert examined(b"tjgg" + struct.pack("<I", 2**31) + bytes(100)).format is None
