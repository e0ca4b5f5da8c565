"""Files of logins in a home, which a box may have prepared, and may have left as it likes."""

from pathlib import Path

import pytest

from identities import ME
from ringfence.sandbox.home_files import InTheWay, open_home
from ringfence.sandbox.login_files import put_login_files, remove_login_files

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
    put_login_files(home, _FILES, ME)
    assert _all(home) == {".claude/.credentials.json": ("{}\n", 0o600), ".npmrc": ("a\n", 0o600)}
    assert (home / ".claude").stat().st_mode & 0o777 == 0o700
    put_login_files(home, [(".npmrc", "b\n")], ME)
    assert _all(home)[".npmrc"] == ("b\n", 0o600)


def test_a_link_in_a_files_place_goes_and_what_it_leads_to_stays(home: Path) -> None:
    for name in (".npmrc", ".npmrc.new"):
        (home / name).symlink_to(home.parent / "outside" / "file")
    put_login_files(home, _FILES, ME)
    assert not (home / ".npmrc").is_symlink()
    assert _all(home.parent / "outside") == {"file": ("stays", 0o644)}


@pytest.mark.parametrize("leads_to", ["outside", "outside/file", "nowhere"])
def test_a_link_in_a_folders_place_is_refused(home: Path, leads_to: str) -> None:
    (home / ".claude").symlink_to(home.parent / leads_to)
    with pytest.raises(InTheWay):
        put_login_files(home, _FILES, ME)
    assert _all(home.parent / "outside") == {"file": ("stays", 0o644)}
    assert not (home.parent / "nowhere").exists()


def test_a_folder_in_a_files_place_is_refused(home: Path) -> None:
    (home / ".npmrc").mkdir()
    with pytest.raises(InTheWay):
        put_login_files(home, _FILES, ME)


def test_what_was_put_is_taken_away_and_nothing_else(home: Path) -> None:
    (home / ".claude").mkdir()
    (home / ".claude/settings.json").write_text("kept")
    put_login_files(home, _FILES, ME)
    remove_login_files(home)
    assert {name: text for name, (text, _) in _all(home).items()} == {".claude/settings.json": "kept"}
    (home / ".npmrc").write_text("the agent's own")
    remove_login_files(home)
    assert _all(home)[".npmrc"][0] == "the agent's own"


def test_whatever_a_killed_one_left_of_several_is_taken_away(home: Path) -> None:
    put_login_files(home, _FILES, ME)
    (home / ".claude/.credentials.json.new").write_text("half")
    put_login_files(home, [(".other", "b\n")], ME)
    remove_login_files(home)
    assert _all(home) == {}


def test_a_link_on_the_way_keeps_what_it_leads_to(home: Path) -> None:
    put_login_files(home, _FILES, ME)
    (home.parent / "outside/.credentials.json").write_text("stays")
    (home / ".claude/.credentials.json").unlink()
    (home / ".claude").rmdir()
    (home / ".claude").symlink_to(home.parent / "outside")
    (home / ".npmrc").unlink()
    (home / ".npmrc").mkdir()
    remove_login_files(home)
    assert set(_all(home.parent / "outside")) == {"file", ".credentials.json"}
    assert (home / ".npmrc").is_dir()


def test_a_folder_that_a_box_closed_is_opened(home: Path) -> None:
    put_login_files(home, _FILES, ME)
    (home / ".claude").chmod(0)
    home.chmod(0)
    open_home(home)
    put_login_files(home, [(".claude/.credentials.json", "again")], ME)
    (home / ".claude").chmod(0o500)
    remove_login_files(home)
    assert _all(home) == {}


@pytest.mark.parametrize("put", ["link", "file"])
def test_what_is_no_home_is_not_opened(home: Path, put: str) -> None:
    home.rmdir()
    if put == "link":
        home.symlink_to(home.parent / "outside")
    else:
        home.write_text("")
    with pytest.raises(InTheWay):
        open_home(home)


@pytest.mark.parametrize("note", [b"", b"{}", b'[1, ".npmrc"]', b"["])
def test_a_note_that_did_not_outlive_a_crash_takes_nothing_away_that_it_does_not_name(
    home: Path, note: bytes
) -> None:
    put_login_files(home, _FILES, ME)
    (home.parent / "logins.json").write_bytes(note)
    remove_login_files(home)
    assert (".npmrc" in _all(home)) == (b".npmrc" not in note)
