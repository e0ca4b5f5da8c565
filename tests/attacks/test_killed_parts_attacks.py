"""Whatever part of a run is killed or stopped, and when: no process, mount, group or folder stays behind.

A program in a box can bring that about from within: it uses up memory, or stops itself.
"""

import os
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from real.running import PATIENCE_S, USERS, Place, appears, left, place, until
from ringfence.app.running import tidying
from ringfence.app.running.record import SessionRecord
from ringfence.sandbox import serving
from ringfence.sandbox.box import Box
from ringfence.sandbox.launcher import Begun, Launcher
from ringfence.sandbox.linux import init, kernel
from ringfence.sandbox.sessions import Sessions
from ringfence.sandbox.supervising import Supervisor

_LIMITS = "{files: {read: ['**'], write: ['**']}, sandbox: {memory: 200 MiB}}"
_LONG = "setsid sleep 1000 & trap '' TERM HUP INT; echo $$ > begun; while :; do sleep 1; done"


def _begun(here: Place, script: str = _LONG, **how: object) -> "subprocess.Popen[bytes]":
    process = here.start("run", "--", "bash", "-c", script, **how)
    appears(here.tree / "begun")
    return process


def _child(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


def _groups(here: Place) -> list[str]:
    """Control groups of this place's sessions."""
    sessions = os.listdir(here.home / ".local/state/ringfence/sessions")
    found = Path("/sys/fs/cgroup").glob("*/**/ringfence-*")
    return [str(each) for each in found if each.name.endswith(tuple(sessions))]


def _wait_until_gone(here: Place) -> None:
    until(lambda: not left(str(here.tree)), lambda: f"the end of {left(str(here.tree))}")


def _is_as_before(here: Place, names: list[str], *, report: str) -> None:
    """The next run, whatever it is of, finds everything in order or puts it in order."""
    _wait_until_gone(here)
    with suppress(FileNotFoundError):
        (here.tree / "begun").unlink()
    sessions = here.document("run", "--report")["sessions"]
    assert here.run("bash", "-c", "true").exit == 0
    assert here.names() == names
    assert here.git("status", "--porcelain") == ""
    assert _groups(here) == []
    states = [each["state"] for each in here.document("run", "--report")["sessions"]]
    assert states == [*[report] * len(sessions), "ended"]


@pytest.mark.parametrize(
    ("part", "user"),
    [("supervisor", USERS[0]), ("launcher", USERS[0]), ("launcher", USERS[-1]), ("init", USERS[-1])],
)
def test_a_part_that_is_killed_takes_the_box_along(part: str, user: str) -> None:
    with place(user, repository=True) as here:
        here.policy(f"version: 1\nagents: {{profiles: {{bash: {_LIMITS}}}}}\n")
        names = here.names()
        process = _begun(here)
        launcher = _child(process.pid)
        at = {"supervisor": process.pid, "launcher": launcher, "init": _child(launcher)}[part]
        os.kill(at, signal.SIGKILL)
        assert process.wait(PATIENCE_S) == (-signal.SIGKILL if part == "supervisor" else 137)
        process.communicate()
        _is_as_before(here, names, report="ended")


def test_a_launcher_and_an_init_that_are_stopped_end_with_their_supervisor_all_the_same() -> None:
    with place(USERS[-1]) as here:
        process = _begun(here)
        launcher = _child(process.pid)
        os.kill(_child(launcher), signal.SIGSTOP)
        os.kill(launcher, signal.SIGSTOP)
        process.kill()
        process.communicate(timeout=PATIENCE_S)
        _wait_until_gone(here)


def launcher_does_not_ask_to_be_woken() -> None:
    real = kernel.prctl
    kernel.prctl = lambda option, *rest: 0 if (option, *rest) == (1, signal.SIGCONT) else real(option, *rest)


def test_without_being_woken_a_stopped_launcher_keeps_its_box() -> None:
    with place() as here:
        process = _begun(here, before=(launcher_does_not_ask_to_be_woken,))
        launcher = _child(process.pid)
        box = _child(launcher)
        for each in (box, launcher):
            os.kill(each, signal.SIGSTOP)
        try:
            process.kill()
            assert process.wait(PATIENCE_S) == -signal.SIGKILL
            assert len(left(str(here.tree))) >= 2  # bash and what it left behind; a third comes and goes
        finally:
            os.kill(launcher, signal.SIGCONT)
        process.communicate(timeout=PATIENCE_S)
        _wait_until_gone(here)


def dies_in(holder: object, name: str) -> Callable[[], None]:
    """The supervisor is killed where it would call this."""

    def patch() -> None:
        setattr(holder, name, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))

    return patch


@pytest.mark.parametrize(
    ("holder", "name"),
    [
        (Launcher, "begin"),
        (Begun, "box"),
        (Box, "give"),
        (Sessions, "set_running"),
        (SessionRecord, "started"),
        (Supervisor, "_wait_for_end"),
        (tidying, "sweep"),
        (tidying, "forget"),
    ],
)
def test_a_supervisor_that_is_killed_at_any_point_leaves_nothing(holder: object, name: str) -> None:
    with place(repository=True) as here:
        names = here.names()
        process = here.start("run", "--", "bash", "-c", "echo > planted", before=(dies_in(holder, name),))
        assert process.wait(PATIENCE_S) == -signal.SIGKILL
        process.communicate()
        with suppress(FileNotFoundError):
            (here.tree / "planted").unlink()
        _wait_until_gone(here)
        assert here.run("bash", "-c", "true").exit == 0
        assert here.names() == names
        assert here.git("status", "--porcelain") == ""


@pytest.mark.parametrize("name", ["_clone", "forget"])
def test_a_launcher_that_is_killed_at_any_point_leaves_nothing(name: str) -> None:
    with place(repository=True) as here:
        names = here.names()
        done = here.run("bash", "-c", "true", before=(dies_in(serving._Serving, name),))
        assert (done.exit, "hint" in done.err) == ((0, False) if name == "forget" else (125, True))
        _is_as_before(here, names, report="ended" if name == "forget" else "not started")


def launcher_keeps_what_boxes_say() -> None:
    real = serving._Serving.answer

    def answer(self: object, channel: object, document: bytes, fds: list[int]) -> object:
        os.dup(fds[0])
        return real(self, channel, document, fds)

    serving._Serving.answer = answer


def test_a_box_has_ended_when_its_first_process_has_whoever_still_holds_its_socket() -> None:
    with place() as here:
        done = here.run("bash", "-c", "exit 7", before=(launcher_keeps_what_boxes_say,))
        assert done.exit == 7
        killed = here.run(
            "bash", "-c", "exit 7", before=(launcher_keeps_what_boxes_say, dies_in(init, "_reap"))
        )
        assert killed.exit == 137
