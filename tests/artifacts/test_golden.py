"""Every format's golden folder: small files, and what is said about each of them.

`scripts/golden.py` writes the expectations anew; read its diff before you commit it.
"""

import json
from pathlib import Path

import pytest

from golden import FOLDER, said

SAMPLES = sorted(path for path in FOLDER.glob("*/*") if path.name != "expected.json")


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_is_said_of_a_golden_file_stays(path: Path) -> None:
    expected = json.loads((path.parent / "expected.json").read_text(encoding="utf-8"))
    assert said(path) == expected[path.name]


def test_no_expectation_is_without_its_file() -> None:
    for folder in FOLDER.iterdir():
        expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
        assert sorted(expected) == sorted(
            each.name for each in folder.iterdir() if each.name != "expected.json"
        )
