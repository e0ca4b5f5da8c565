import os
from pathlib import Path

import pytest

from ringfence.endpoint.new_files import AlreadyThere, new_file


def test_a_file_has_its_name_only_when_all_is_written(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with new_file(path, replace=False) as file:
        file.write(b"all of it")
        assert not path.exists()
    assert path.read_bytes() == b"all of it"
    assert os.listdir(tmp_path) == ["out"]


def test_whatever_goes_wrong_leaves_nothing_behind_and_the_old_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt), new_file(path, replace=True) as file:
        file.write(b"half")
        raise KeyboardInterrupt
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["out"]


def test_a_file_that_appears_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with pytest.raises(AlreadyThere), new_file(path, replace=False):
        path.write_bytes(b"somebody else's")
    assert path.read_bytes() == b"somebody else's"
    assert os.listdir(tmp_path) == ["out"]


def test_without_links_a_file_still_gets_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "not permitted")

    monkeypatch.setattr(os, "link", refuse)
    path = tmp_path / "out"
    with new_file(path, replace=False) as file:
        file.write(b"x")
    assert path.read_bytes() == b"x"


def test_a_new_file_is_as_open_as_the_mask_allows(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with new_file(tmp_path / "out", replace=False):
            pass
    finally:
        os.umask(before)
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o640
