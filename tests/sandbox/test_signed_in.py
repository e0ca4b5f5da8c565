"""A home where Claude Code has its login says that its first start is done; everything else in it stays."""

import json
import os
from pathlib import Path

import pytest

from identities import ME
from ringfence.sandbox.signed_in import say_signed_in

_LOGINS = (".claude/.credentials.json", ".netrc")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home/.claude.json"


def test_a_new_home_says_it_where_the_login_is_and_not_where_there_is_none(file: Path) -> None:
    say_signed_in(file.parent, (".netrc",), ME)
    assert not file.exists()
    say_signed_in(file.parent, _LOGINS, ME)
    assert json.loads(file.read_text()) == {"hasCompletedOnboarding": True}
    assert file.stat().st_mode & 0o777 == 0o600


def test_one_in_which_it_never_came_so_far_says_it_too_and_keeps_the_rest(file: Path) -> None:
    file.write_text('{"userID": "ü", "projects": {"/t": {}}}')
    say_signed_in(file.parent, _LOGINS, ME)
    assert json.loads(file.read_text()) == {
        "userID": "ü",
        "projects": {"/t": {}},
        "hasCompletedOnboarding": True,
    }


@pytest.mark.parametrize(
    "text", ['{"hasCompletedOnboarding":true}', "", "[]", "{", '{"a": 1, "a": 2}', "[" * 100_000]
)
def test_what_says_it_already_or_is_no_such_file_stays(file: Path, text: str) -> None:
    file.write_text(text)
    say_signed_in(file.parent, _LOGINS, ME)
    assert file.read_text() == text


def test_a_link_or_a_pipe_in_its_place_is_left_alone(file: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("{}")
    file.symlink_to(tmp_path / "outside")
    say_signed_in(file.parent, _LOGINS, ME)
    assert (tmp_path / "outside").read_text() == "{}"
    file.unlink()
    os.mkfifo(file)  # opening it would wait for ever
    say_signed_in(file.parent, _LOGINS, ME)
