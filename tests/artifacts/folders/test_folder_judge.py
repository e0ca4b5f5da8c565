from pathlib import Path

import pytest

from model_folders import HONEST
from ringfence.app.folder_of import folder_of
from ringfence.artifacts.folders.judge import judge_folder


@pytest.mark.parametrize("name", HONEST)
def test_nothing_is_said_of_an_honest_folder(name: str, tmp_path: Path) -> None:
    HONEST[name](tmp_path)
    assert folder_of(tmp_path).names
    assert not list(judge_folder(folder_of(tmp_path)))


def test_nothing_is_said_of_all_honest_folders_below_one(tmp_path: Path) -> None:
    for name, make in HONEST.items():
        make(tmp_path / name)
    assert not list(judge_folder(folder_of(tmp_path)))
