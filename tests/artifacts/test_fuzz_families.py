import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "fuzz"))

from families import FAMILIES

from ringfence.artifacts.companions import COMPANIONS
from ringfence.artifacts.formats import FORMATS


def test_every_format_is_fuzzed_with_one_family() -> None:
    fuzzed = sorted(name for names in FAMILIES.values() for name in names)
    assert fuzzed == sorted(each.name for each in (*FORMATS, *COMPANIONS))
