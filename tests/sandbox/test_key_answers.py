"""What an agent noted of a key by its end is said of the next placeholder, and nothing else changes."""

import os
from pathlib import Path

import pytest

from identities import ME
from ringfence.core.limits import LIMITS
from ringfence.sandbox.key_answers import carry_answers, copy_ends

_FIRST, _SECOND = "sk-ant-" + "a1" * 20, "sk-ant-" + "b2" * 20
_SAID = '{{"customApiKeyResponses": {{"approved": ["{}"], "rejected": []}}, "more": "{}"}}'


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def _starts(home: Path, key: str, name: str = "ANTHROPIC_API_KEY") -> str:
    carry_answers(home, [(name, key)], ME)
    file = home / ".claude.json"
    return file.read_text() if file.is_file() else ""


def _answered(home: Path, key: str) -> None:
    (home / ".claude.json").write_text(_SAID.format(key[-20:], "b3" * 10))


def test_the_answer_to_one_session_s_key_is_the_answer_to_the_next_one_s(home: Path) -> None:
    assert _starts(home, _FIRST) == ""
    _answered(home, _FIRST)
    assert _starts(home, _SECOND) == _SAID.format(_SECOND[-20:], "b3" * 10)
    assert (home / ".claude.json").stat().st_mode & 0o777 == 0o600


def test_a_key_that_nobody_was_asked_about_is_not_answered(home: Path) -> None:
    _starts(home, _FIRST)
    _answered(home, "sk-ant-" + "c3" * 20)
    before = (home / ".claude.json").read_text()
    assert _starts(home, _SECOND) == before
    _answered(home, _SECOND)
    assert _SECOND[-20:] in _starts(home, _FIRST, name="OTHER_KEY"), "another variable's is another key's"


def test_a_session_without_the_key_in_between_changes_nothing(home: Path) -> None:
    _starts(home, _FIRST)
    _answered(home, _FIRST)
    carry_answers(home, [], ME)
    assert _SECOND[-20:] in _starts(home, _SECOND)


def test_a_copy_has_the_answers_too(home: Path, tmp_path: Path) -> None:
    _starts(home, _FIRST)
    copy = tmp_path / "session/home"
    copy.mkdir(parents=True)
    copy_ends(home, copy)
    _answered(copy, _FIRST)
    assert _SECOND[-20:] in _starts(copy, _SECOND)


def test_what_is_no_file_of_an_agent_s_stays_as_it_is(home: Path, tmp_path: Path) -> None:
    _starts(home, _FIRST)
    outside = tmp_path / "outside"
    outside.write_text(_FIRST)
    (home / ".claude.json").symlink_to(outside)
    carry_answers(home, [("ANTHROPIC_API_KEY", _SECOND)], ME)
    assert outside.read_text() == _FIRST
    (home / ".claude.json").unlink()
    os.mkfifo(home / ".claude.json")  # opening it would wait for ever
    carry_answers(home, [("ANTHROPIC_API_KEY", _FIRST)], ME)
    (home / ".claude.json").unlink()
    with (home / ".claude.json").open("wb") as file:
        file.truncate(LIMITS.config_bytes + 1)
    carry_answers(home, [("ANTHROPIC_API_KEY", _SECOND)], ME)


@pytest.mark.parametrize("note", [b"", b"[]", b'{"ANTHROPIC_API_KEY": ""}', b'{"ANTHROPIC_API_KEY": 1}'])
def test_a_note_that_did_not_outlive_a_crash_replaces_nothing(home: Path, note: bytes) -> None:
    _starts(home, _FIRST)
    _answered(home, _FIRST)
    (home.parent / "keys.json").write_bytes(note)
    assert _FIRST[-20:] in _starts(home, _SECOND)
