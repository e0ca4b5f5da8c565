"""Files of logins in a session's home, which a box may have prepared."""

import os
from pathlib import Path

import pytest

from ringfence.sandbox.furnishing import InTheWay
from ringfence.sandbox.login_files import put_login_files
from ringfence.sandbox.plan import Identity

_ME = Identity(
    host_uid=1000,
    host_gid=1000,
    uid=1000,
    gid=1000,
    name="agent",
    owner_uid=os.geteuid(),
    owner_gid=os.getegid(),
)
_FILES = ((".claude/.credentials.json", "{}\n"), (".npmrc", "a\n"))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").write_text("stays")
    return tmp_path / "home"


def _all(folder: Path) -> dict[str, tuple[str, int]]:
    return {
        str(path.relative_to(folder)): (path.read_text(), path.lstat().st_mode & 0o7777)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_they_are_written_for_nobody_else_and_again_each_time(home: Path) -> None:
    put_login_files(home, _FILES, _ME)
    assert _all(home) == {".claude/.credentials.json": ("{}\n", 0o600), ".npmrc": ("a\n", 0o600)}
    assert (home / ".claude").stat().st_mode & 0o777 == 0o700
    put_login_files(home, [(".npmrc", "b\n")], _ME)
    assert _all(home)[".npmrc"] == ("b\n", 0o600)


def test_a_link_in_a_files_place_goes_and_what_it_leads_to_stays(home: Path) -> None:
    for name in (".npmrc", ".npmrc.new"):
        (home / name).symlink_to(home.parent / "outside" / "file")
    put_login_files(home, _FILES, _ME)
    assert not (home / ".npmrc").is_symlink()
    assert _all(home.parent / "outside") == {"file": ("stays", 0o644)}


@pytest.mark.parametrize("leads_to", ["outside", "outside/file", "nowhere"])
def test_a_link_in_a_folders_place_is_refused(home: Path, leads_to: str) -> None:
    (home / ".claude").symlink_to(home.parent / leads_to)
    with pytest.raises(InTheWay):
        put_login_files(home, _FILES, _ME)
    assert _all(home.parent / "outside") == {"file": ("stays", 0o644)}
    assert not (home.parent / "nowhere").exists()


def test_a_folder_in_a_files_place_is_refused(home: Path) -> None:
    (home / ".npmrc").mkdir()
    with pytest.raises(InTheWay):
        put_login_files(home, _FILES, _ME)
