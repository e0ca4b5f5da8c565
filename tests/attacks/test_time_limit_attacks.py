"""A box's time is over when it is, whatever its command does about signals and about being stopped."""

import os
import signal
import subprocess
from collections.abc import Callable

import pytest

from real.running import PATIENCE_S, Place, appears, left, place, until
from ringfence.sandbox import supervising
from ringfence.sandbox.linux import init

_POLICY = """
version: 1
agents:
  profiles:
    bash: {files: {read: ["**"], write: ["**"]}, sandbox: {wall: WALL}}
"""
# Nothing starts where the supervisor has stopped that hears of it: what goes on does so by itself.
_STOPS_ITSELF = "exec 3<> <(:); (read -rt 2 -u 3; [ $? -gt 128 ] && echo > late) & kill -STOP $$"
_AND_LATER = _STOPS_ITSELF.replace("-rt 2", "-rt 6")


def impatient() -> None:
    supervising._GRACE_S = 0.0


def at_a_terminal() -> None:
    supervising._has_terminal = lambda: True


def init_ends_late_boxes() -> None:
    init._LATE_S = 0.0


def init_does_not_care() -> None:
    init._LATE_S = 1e6


def _started(
    here: Place, script: str, *before: Callable[[], None], wall: str = "1s"
) -> "subprocess.Popen[bytes]":
    here.policy(_POLICY.replace("WALL", wall))
    return here.start("run", "--", "bash", "-c", script, before=(os.setsid, impatient, *before))


@pytest.mark.parametrize(
    "script", ["trap '' TERM HUP INT QUIT; setsid sleep 1000 & while :; do sleep 1000; done", _STOPS_ITSELF]
)
def test_a_command_that_heeds_no_signal_or_stops_itself_is_ended_in_time(script: str) -> None:
    with place() as here:
        process = _started(here, script)
        _, error = process.communicate(timeout=PATIENCE_S)
        assert (process.returncode, error) == (128 + signal.SIGKILL, b"ringfence: its time was over\n")
        assert not (here.tree / "late").exists()
        assert here.report()["ended_by"] == "limit"


def _stopped(
    here: Place, *before: Callable[[], None], script: str = _STOPS_ITSELF, wall: str = "1s"
) -> "subprocess.Popen[bytes]":
    """A supervisor that has stopped with its command."""
    process = _started(here, script, at_a_terminal, *before, wall=wall)
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    return process


def _goes_on(process: "subprocess.Popen[bytes]") -> bytes:
    process.send_signal(signal.SIGCONT)
    return process.communicate(timeout=PATIENCE_S)[1]


def test_where_the_supervisor_stops_as_well_the_box_ends_by_itself() -> None:
    with place() as here:
        mark = f": {here.tree}; "
        process = _stopped(here, init_ends_late_boxes, script=mark + _STOPS_ITSELF)
        until(lambda: not left(mark), "the end of the box")
        assert not (here.tree / "late").exists()
        assert _goes_on(process) == b"ringfence: its time was over\n"


def test_without_that_what_the_command_started_runs_on_after_its_time() -> None:
    """It has some seconds to stop in: a supervisor that is late ends the box first, and then stops."""
    with place() as here:
        process = _stopped(here, init_does_not_care, script=_AND_LATER, wall="5s")
        appears(here.tree / "late")
        assert _goes_on(process) == b"ringfence: its time was over\n"
