"""A home made ready for its next box: places for mounts and links, and whose commits these are."""

from pathlib import Path

import pytest

from identities import ME
from ringfence.sandbox.furnishing import InTheWay, furnish, introduce
from ringfence.sandbox.planning.host import Kind
from ringfence.sandbox.planning.wanted import HomePlace

_PLACES = (
    HomePlace(path=".local", kind=Kind.FOLDER),
    HomePlace(path=".local/bin", kind=Kind.FOLDER),
    HomePlace(path=".nvm", kind=Kind.LINK, link="/opt/nvm"),
    HomePlace(path=".tool", kind=Kind.FILE),
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    (tmp_path / "outside").mkdir()
    return tmp_path / "home"


def _user(home: Path, text: str) -> tuple[Path]:
    path = home.parent / "users"
    path.write_text(text)
    return (path,)


def _introduced(home: Path, text: str) -> str:
    introduce(home, _user(home, text), ME)
    return (home / ".gitconfig").read_text()


def test_a_home_that_was_there_before_is_made_ready_again(home: Path) -> None:
    furnish(home, _PLACES, ME)
    (home / ".nvm").unlink()
    (home / ".nvm").symlink_to("/elsewhere")
    (home / ".local/bin/own").write_text("kept")
    furnish(home, _PLACES, ME)
    assert (home / ".nvm").readlink() == Path("/opt/nvm")
    assert (home / ".local/bin/own").read_text() == "kept"


@pytest.mark.parametrize(
    "planted",
    [".local", ".local/bin", ".tool"],
    ids=["on the way", "in a folder's place", "in a file's place"],
)
@pytest.mark.parametrize(
    "leads_to", ["../outside", ".local", "nowhere"], ids=["outside", "in a ring", "nowhere"]
)
def test_a_link_is_not_followed(home: Path, planted: str, leads_to: str) -> None:
    (home / planted).parent.mkdir(exist_ok=True)
    (home / planted).symlink_to(leads_to)
    with pytest.raises(InTheWay):
        furnish(home, _PLACES, ME)
    assert list((home.parent / "outside").iterdir()) == []


def test_who_its_user_is_by_now_is_said_anew_in_a_home_that_was_there(home: Path) -> None:
    assert "one" in _introduced(home, "[user]\n\tname = one\n")
    assert "two" in _introduced(home, "[user]\n\tname = two\n")
    assert _introduced(home, "") == ""
    assert "three" in _introduced(home, "[user]\n\tname = three\n")


def test_what_a_box_changed_of_it_stays(home: Path) -> None:
    _introduced(home, "[user]\n\tname = one\n")
    (home / ".gitconfig").write_text("[user]\n\tname = of the box\n")
    assert _introduced(home, "[user]\n\tname = two\n") == "[user]\n\tname = of the box\n"


def test_what_was_said_when_somebody_was_killed_is_known_the_next_time(home: Path) -> None:
    _introduced(home, "[user]\n\tname = one\n")
    before = (home.parent / "introduced").read_bytes()
    _introduced(home, "[user]\n\tname = two\n")
    (home.parent / "introduced").write_bytes(before)  # written last
    _introduced(home, "[user]\n\tname = two\n")
    assert "three" in _introduced(home, "[user]\n\tname = three\n")


@pytest.mark.parametrize("leads_to", ["../outside/file", "../nowhere", ".gitconfig"])
def test_a_link_in_its_place_stays_and_is_not_followed(home: Path, leads_to: str) -> None:
    outside = home.parent / "outside/file"
    outside.write_text("stays")
    (home / ".gitconfig").symlink_to(leads_to)
    introduce(home, _user(home, "[user]\n\tname = one\n"), ME)
    assert (home / ".gitconfig").is_symlink()
    assert (outside.read_text(), (home.parent / "nowhere").exists()) == ("stays", False)


def test_a_folder_in_its_place_stays(home: Path) -> None:
    (home / ".gitconfig").mkdir()
    introduce(home, _user(home, "[user]\n\tname = one\n"), ME)
    assert (home / ".gitconfig").is_dir()
