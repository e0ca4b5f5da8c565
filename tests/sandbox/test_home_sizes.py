"""How large a home is, whatever was made in it."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from ringfence.sandbox import home_sizes
from ringfence.sandbox.home_sizes import size_of


def test_what_is_on_the_disk_counts_once_and_no_link_is_followed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "inner").mkdir(parents=True)
    empty = size_of(home)
    assert empty is not None
    (home / "inner/file").write_bytes(os.urandom(100_000))
    (home / "again").hardlink_to(home / "inner/file")
    (home / "root").symlink_to("/")
    os.mkfifo(home / "pipe")
    with (home / "hole").open("wb") as file:
        file.truncate(10**12)
    size = size_of(home)
    assert size is not None
    assert 100_000 <= size - empty < 200_000


def test_what_is_more_than_is_counted_is_not_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "abc":
        (tmp_path / name).mkdir()
    assert size_of(tmp_path) is not None
    for limits in (
        {"home_size_names": 2, "home_copy_depth": 9},
        {"home_size_names": 9, "home_copy_depth": 1},
    ):
        monkeypatch.setattr(home_sizes, "LIMITS", SimpleNamespace(**limits))
        assert size_of(tmp_path) is None


def test_one_that_is_not_there_has_no_size(tmp_path: Path) -> None:
    assert size_of(tmp_path / "nowhere") is None
