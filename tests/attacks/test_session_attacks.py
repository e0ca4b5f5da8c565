"""Sessions whose folder, home or names are not what they were: nothing is followed, nobody else is killed."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from real.running import PATIENCE_S, USERS, Place, appears, left, place
from ringfence.app.running import prepare
from ringfence.sandbox import processes

_WAIT = "echo > begun; exec sleep 1000"


@pytest.fixture(scope="module")
def ended() -> Iterator[Place]:
    """With one session, which has ended: only for what leaves it so."""
    with place() as here:
        assert here.run("true").exit == 0
        yield here


def _folder(here: Place) -> Path:
    (found,) = (here.home / ".local/state/ringfence/sessions").iterdir()
    return found


def _write(here: Place, name: str, value: object) -> None:
    path = _folder(here) / name
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    path.chmod(0o600)
    here.own(path)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../sessions", "/", "*", "-", "\n", "a\x1b[2Jb", "../../../../etc", "0" * 5_000]
)
def test_a_name_that_is_no_session_s_is_no_path(ended: Place, name: str) -> None:
    for arguments in (
        ("run", f"--resume={name}", "--", "true"),
        ("kill", name),
        ("run", f"--report={name}"),
    ):
        done = ended.ringfence(*arguments)
        if arguments == ("run", "--report=") and done.exit == 0:
            continue  # all of them
        assert done.exit in (2, 125), done
        assert ("ringfence: error: " in done.err, "\x1b" in done.err) == (True, False)


@pytest.mark.parametrize("user", USERS)
def test_a_session_is_had_by_one_at_a_time_and_stays_what_it_is(user: str) -> None:
    with place(user) as here:
        process = here.start("run", "--", "bash", "-c", _WAIT)
        appears(here.tree / "begun")
        before = (_folder(here) / "session.json").read_text()
        name = here.session()
        done = here.ringfence("run", "--resume", name, "--", "touch", "second")
        assert (done.exit, "is still running" in done.err) == (125, True)
        assert (_folder(here) / "session.json").read_text() == before
        assert "second" not in here.names()
        process.terminate()
        process.communicate(timeout=PATIENCE_S)
        assert here.ringfence("run", "--resume", name, "--", "touch", "second").exit == 0


def everything_is_followed() -> None:
    def furnish(home: Path, places: Any, _who: object) -> None:
        for each in places:
            (home / each.path).mkdir(exist_ok=True)

    prepare.furnish = furnish


@pytest.mark.parametrize("user", USERS)
def test_links_that_a_box_left_in_its_home_lead_nobody_outside(user: str) -> None:
    """The next box's home is made ready outside of any box, where links lead to what the host has there."""
    with place(user) as here:
        for each in (".cargo", ".cargo/bin", "secret", "secret/bin"):
            here.own(here.home / each, make=True)
        (here.home / "secret/bin").rmdir()
        planted = f"mv ~/.cargo ~/gone && ln -s {here.home}/secret ~/.cargo && ls -la ~"
        assert "secret" in here.sh(planted).out
        name = here.session()
        followed = here.ringfence("run", "--resume", name, before=(everything_is_followed,))
        assert (here.home / "secret/bin").exists(), followed
        (here.home / "secret/bin").rmdir()
        done = here.ringfence("run", "--resume", name, "--", "true")
        assert (done.exit, "something stands in the way" in done.err) == (125, True)
        assert not (here.home / "secret/bin").exists()
        assert here.run("true").exit == 0


def _victim() -> "subprocess.Popen[bytes]":
    who = {"user": 1000, "group": 1000, "extra_groups": []} if os.geteuid() == 0 else {}
    return subprocess.Popen(["sleep", "1000"], **who)


@pytest.mark.parametrize("user", USERS)
def test_a_number_that_is_another_process_s_by_now_kills_nobody(user: str) -> None:
    victim = _victim()
    try:
        with place(user) as here:
            assert here.run("true").exit == 0
            started = processes.start_of(victim.pid)
            assert started is not None
            for wrong in (started - 1, started + 1, 0):
                _write(here, "running.json", {"pid": victim.pid, "started": wrong, "at": "2026-01-01"})
                assert here.document("kill", "--all")["sessions"] == []
                assert victim.poll() is None
            _write(here, "running.json", {"pid": victim.pid, "started": started, "at": "2026-01-01"})
            assert len(here.document("kill", "--all")["sessions"]) == 1
            assert victim.wait(PATIENCE_S) == -signal.SIGKILL
    finally:
        victim.kill()
        victim.wait()


@pytest.mark.parametrize(
    "value",
    [
        "", "[]", "{}", "\x00", "[" * 100_000, '{"pid": 1e400, "started": 1, "at": ""}',
        {"pid": -1, "started": 0, "at": ""}, {"pid": 0, "started": 0, "at": ""},
        {"pid": 2**80, "started": 0, "at": ""}, {"pid": "1", "started": None, "at": 7},
        {"pid": 1, "started": 2**70, "at": "", "more": []},
    ],
)  # fmt: skip
def test_a_note_of_what_runs_that_is_none_stops_nobody(value: object) -> None:
    with place() as here:
        assert here.run("true").exit == 0
        _write(here, "running.json", value)
        assert here.document("kill", "--all")["sessions"] == []
        assert here.run("true").exit == 0
        assert left(str(here.tree)) == []


@pytest.mark.parametrize(
    "change",
    [
        {"options": {}}, {"options": {"strict": 1, "is_degradable": "yes"}}, {"folder": "/"},
        {"folder": "no"},
        {"folder": "/etc"}, {"folder": "/proc/1/root"}, {"command": []}, {"command": ["\x00"]},
        {"command": [""]},
        {"id": "../../../x"}, {"agent": "\x1b[2J\n"}, {"tree": "/"}, {"folder": "a\x00b"},
    ],
)  # fmt: skip
def test_a_session_that_was_changed_gives_no_more_and_ends_in_good_order(change: dict[str, object]) -> None:
    with place() as here:
        assert here.run("true").exit == 0
        name = here.session()
        session = json.loads((_folder(here) / "session.json").read_text())
        _write(here, "session.json", {**session, **change})
        done = here.ringfence("run", "--resume", name)
        assert "Traceback" not in done.err, done.err
        assert "\x1b" not in done.err
        assert (done.exit == 0) == (change.keys() <= {"agent", "tree"}), done
        assert "Traceback" not in here.ringfence("run", "--report").err
        assert here.run("true").exit == 0
