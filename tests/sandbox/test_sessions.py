"""Sessions are found by a part of their id, held by one supervisor, and outlive what is wrong beside them."""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ringfence.gate.state import StateRefused
from ringfence.sandbox.sessions import CommandNotKept, NoSession, Running, Session, Sessions

_FIRST = "0197f2a0-0000-7000-8000-00000000aaaa"
_SECOND = "0197f2a0-0000-7000-8000-00000000bbbb"


@pytest.fixture
def sessions(tmp_path: Path) -> Iterator[Sessions]:
    state = tmp_path / "state/ringfence"
    state.mkdir(parents=True, mode=0o700)
    yield Sessions(folder=state / "sessions")
    shutil.rmtree(state)


def session(id_: str = _FIRST) -> Session:
    return Session(
        id=id_,
        agent="make",
        command=("make", "test", "a\nb\udcff"),
        folder="/work",
        tree="/work",
        started_at="2026-01-31T12:00:00+00:00",
        options={"strict": False, "is_degradable": False},
    )


def test_a_session_is_read_as_it_was_made(sessions: Sessions) -> None:
    folder = sessions.make(session())
    assert list(sessions.all()) == [session()]
    assert sorted(each.name for each in folder.iterdir()) == ["git", "home", "refused", "session.json"]
    assert {each.stat().st_mode & 0o777 for each in folder.iterdir() if each.is_dir()} == {0o700}


def test_none_is_there_before_the_first(sessions: Sessions) -> None:
    assert list(sessions.all()) == []
    with pytest.raises(NoSession, match="no session is called so"):
        sessions.find("aaaa")


@pytest.mark.parametrize("name", ["aaaa", "0000aaaa", _FIRST])
def test_it_is_found_by_the_end_of_its_id_or_the_whole(sessions: Sessions, name: str) -> None:
    sessions.make(session())
    sessions.make(session(_SECOND))
    assert sessions.find(name) == session()


@pytest.mark.parametrize("name", ["", "0197", "../..", "/", "cccc"])
def test_a_name_of_several_or_none_is_refused(sessions: Sessions, name: str) -> None:
    sessions.make(session())
    sessions.make(session(_SECOND))
    with pytest.raises(NoSession):
        sessions.find(name)


def test_only_one_supervisor_holds_it(sessions: Sessions) -> None:
    sessions.make(session())
    with sessions.held(session()) as first, sessions.held(session()) as second:
        assert (first, second) == (True, False)
    with sessions.held(session()) as again:
        assert again


def test_a_holder_that_is_killed_lets_go(sessions: Sessions) -> None:
    sessions.make(session())
    ready, told = os.pipe()
    child = os.fork()
    if child == 0:
        with sessions.held(session()):
            os.write(told, b"x")
            os.kill(os.getpid(), 9)
    os.read(ready, 1)
    os.waitpid(child, 0)
    with sessions.held(session()) as is_ours:
        assert is_ours
    os.close(ready)
    os.close(told)


def test_what_runs_is_said_until_it_has_ended(sessions: Sessions) -> None:
    sessions.make(session())
    running = Running(pid=12, started=34, at="2026-01-31T12:00:01+00:00")
    sessions.set_running(session(), running)
    sessions.set_killed(session(), "alice")
    assert (sessions.running(session()), sessions.killed_by(session())) == (running, "alice")
    sessions.set_ended(session())
    assert (sessions.running(session()), sessions.killed_by(session())) == (None, None)


def test_those_that_ended_in_good_order_are_not_even_read(sessions: Sessions) -> None:
    for each in (_FIRST, _SECOND):
        sessions.make(session(each))
        sessions.set_running(session(each), Running(pid=7, started=1, at="2026-01-31T12:00:00+00:00"))
    sessions.set_ended(session(_FIRST))
    (sessions.folder / _FIRST / "session.json").chmod(0o644)  # reading it would be refused
    assert list(sessions.all(where=sessions.has_run)) == [session(_SECOND)]


def test_another_command_is_kept_for_the_next_time(sessions: Sessions) -> None:
    sessions.make(session())
    changed = sessions.going_on(session(), ("true",))
    assert changed.command == ("true",)
    assert sessions.find("aaaa") == changed
    assert sessions.going_on(changed, ()) == changed


def test_a_secret_in_a_command_is_kept_nowhere_and_the_command_must_be_given_again(
    sessions: Sessions,
) -> None:
    typed = replace(session(), command=("curl", "--oauth2-bearer", "abc-secret-value", "https://a.test"))
    folder = sessions.make(typed)
    for again in (typed, sessions.going_on(typed, typed.command)):
        assert again.command == typed.command
        assert "abc-secret-value" not in (folder / "session.json").read_text()
        kept = sessions.find("aaaa")
        assert (kept.command[2], kept.is_whole) == ("[cut]", False)
        with pytest.raises(CommandNotKept, match="looks secret") as refused:
            sessions.going_on(kept, ())
        assert refused.value.code == 125
    assert (folder / "session.json").stat().st_mode & 0o777 == 0o600


def test_one_that_was_forgotten_is_held_by_nobody(sessions: Sessions) -> None:
    sessions.make(session())
    with sessions.held(session()) as is_ours:
        assert is_ours
        sessions.forget(session())
    with pytest.raises(NoSession, match="was forgotten"), sessions.held(session()):
        pass


def test_forgetting_that_was_broken_off_is_finished(sessions: Sessions) -> None:
    folder = sessions.make(session())
    folder.rename(folder.with_name(f"{folder.name}.gone"))
    assert list(sessions.all()) == []
    sessions.finish_forgetting()
    assert list(sessions.folder.iterdir()) == []


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"id": 1}', json.dumps({"id": _SECOND, "command": []}), "[" * 100_000]
)
def test_what_is_no_session_is_passed_over(sessions: Sessions, text: str) -> None:
    sessions.make(session())
    broken = sessions.make(session(_SECOND))
    (broken / "session.json").write_text(text)
    (broken / "running.json").touch(mode=0o600)
    (broken / "running.json").write_text(text)
    assert list(sessions.all()) == [session()]
    assert sessions.running(session(_SECOND)) is None


def test_a_session_that_claims_anothers_id_is_passed_over(sessions: Sessions) -> None:
    sessions.make(session())
    other = sessions.make(session(_SECOND))
    shutil.copy(sessions.folder_of(session()) / "session.json", other / "session.json")
    assert list(sessions.all()) == [session()]


def test_one_that_others_can_read_is_refused(sessions: Sessions) -> None:
    folder = sessions.make(session())
    (folder / "session.json").chmod(0o644)
    with pytest.raises(StateRefused):
        list(sessions.all())


def test_a_forgotten_one_leaves_nothing(sessions: Sessions) -> None:
    folder = sessions.make(session())
    (folder / "home/file").write_text("x")
    sessions.forget(session())
    assert not folder.exists()
