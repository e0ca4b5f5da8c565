import os
from pathlib import Path

import pytest

from ringfence.app.scan.companions import companions, is_model_folder


@pytest.mark.parametrize(
    ("config", "is_model"),
    [
        ('{"model_type": "llama"}', True),
        ('{"architectures": []}', True),
        ('{"name": "web-app"}', False),
        ('["model_type"]', False),
        ('{"model_type": ', False),
    ],
)
def test_a_folder_is_a_models_when_its_configuration_describes_one(
    tmp_path: Path, config: str, is_model: bool
) -> None:
    (tmp_path / "config.json").write_text(config)
    assert is_model_folder(tmp_path) is is_model


def test_what_belongs_to_the_weights_is_known_by_name_and_links_are_left_alone(tmp_path: Path) -> None:
    for name in ("README.md", "LICENSE-MODEL", "COPYING", "tokenizer.json", "holiday.jpg"):
        (tmp_path / name).write_text("")
    (tmp_path / "LICENSE").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "config.json")
    assert [path.name for path in companions(tmp_path)] == [
        "COPYING",
        "LICENSE-MODEL",
        "README.md",
        "tokenizer.json",
    ]


def test_a_folder_that_is_gone_has_no_companions(tmp_path: Path) -> None:
    assert (companions(tmp_path / "gone"), is_model_folder(tmp_path / "gone")) == ((), False)
