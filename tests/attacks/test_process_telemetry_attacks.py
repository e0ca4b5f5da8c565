"""Boxes that try to flood, deceive or hold up whoever records the programs that start in them."""

import os
import re
import signal
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from making_events import row_of
from needs import system_python
from real.running import PATIENCE_S, USERS, Place, appears, place, until
from ringfence.app.ledger.telling import told
from ringfence.app.running import starts as telling
from ringfence.app.watching.rows import row_of as line_of
from ringfence.core.limits import LIMITS
from ringfence.ledger.events.process_started import ProcessStarted
from ringfence.ledger.open import open_ledger
from ringfence.ledger.recorded import recorded_of
from ringfence.ledger.values import Foreign
from ringfence.sandbox import starts as counting
from ringfence.sandbox.linux.starting import Start
from ringfence.sandbox.starts import Starts
from ringfence.tui.drawing import event as drawn

_SECRET = "sk-ant-api03-q8Zr5tYw2LxVbN7mK4pJ"


def _started(here: Place) -> list[ProcessStarted]:
    """What the ledger has of all that started after the command itself."""
    return [each for each in _events(here) if isinstance(each, ProcessStarted)][1:]


def _events(here: Place) -> list[Any]:
    ledger = open_ledger(_file(here), clock=lambda: datetime.now(UTC))
    try:
        return [each.event for each in ledger.read()]
    finally:
        ledger.close()


def _file(here: Place) -> Path:
    return here.home / ".local/state/ringfence/ledger.sqlite"


def _times(here: Place) -> Counter[str | None]:
    counted = Counter[str | None]()
    for each in _started(here):
        counted[each.program.text if each.program else None] += each.times
    return counted


# Many


def test_a_hundred_thousand_starts_are_some_events() -> None:
    starts, told_ = Starts(), 0
    for number in range(100_000):
        starts.count(Start(program="/bin/true", by="/bin/sh", pid=0, arguments=None, has_more=False))
        told_ += len(starts.take()) if number % 100 == 0 else 0
    told_ += len(starts.take(all_=True))
    assert told_ <= 13


def few_pairs() -> None:
    counting.LIMITS = replace(LIMITS, started_pairs=50)


@pytest.mark.parametrize("user", USERS)
def test_many_names_of_programs_do_not_fill_the_record(user: str) -> None:
    script = "i=0; while [ $i -lt 300 ]; do ln -sf /bin/true /tmp/t$i; /tmp/t$i; i=$((i+1)); done"
    with place(user) as here:
        assert here.sh(script, before=(few_pairs,)).exit == 0
        bounded, times = len(_started(here)), _times(here)
        assert (len(times), times[None]) == (50, 252)  # the command is one more
        assert times.total() == 600
        assert here.sh(script).exit == 0
        assert len(_started(here)) - bounded > 300 > 3 * bounded


# Names that deceive


def test_names_that_move_hide_or_turn_are_letters_wherever_they_are_shown() -> None:
    names = ["a\x1b[2J", "b\nringfence: allowed", "c\u202etxt.exe", "d\r✓", "e\udcff", "[bold]f"]
    with place() as here:
        for each in names:
            os.symlink(b"/bin/true", os.fsencode(here.tree / each))
        assert here.sh('for each in ./*; do "$each" "$each"; done').exit == 0
        started = _started(here)
        assert [each.program.text for each in started if each.program] == [
            f"{here.tree}/{each}" for each in sorted(names, key=os.fsencode)
        ]
        for each in started:
            line = drawn(line_of(recorded_of(row_of(each))), 400).plain
            assert line.isprintable()
            assert not re.search("[\x00-\x1f\u202a-\u202e\ud800-\udfff]", line)
        shown = here.ringfence("ledger", "show").out
        assert not re.search("[\x00-\x09\x0b-\x1f\u202e]", shown)
        assert len(shown.splitlines()) == len(_events(here))


# Secrets


def no_redaction() -> None:
    telling.redact = lambda arguments, **_: tuple(arguments)


@pytest.mark.parametrize("user", USERS)
def test_secrets_in_arguments_are_nowhere_in_the_record(user: str) -> None:
    script = (
        'x=$(cat key); env true --token $x; env true -u me:$x; env true "Bearer $x" https://me:$x@a.test\n'
    )
    with place(user) as here:
        here.write("s", script)
        here.write("key", _SECRET)
        assert here.sh(". ./s").exit == 0
        assert _SECRET not in _everything(here)
        assert any("[cut]" in each.text for started in _started(here) for each in started.arguments or ())
        assert here.sh(". ./s", before=(no_redaction,)).exit == 0
        assert _SECRET in _everything(here)


def _everything(here: Place) -> str:
    return "".join(map(repr, _events(here)))


# Programs without a name, and other ways to start one


@pytest.mark.parametrize("user", USERS)
def test_programs_without_a_name_and_vforked_ones_are_told_as_what_they_are(user: str) -> None:
    script = (
        "import ctypes, os\n"
        "f = os.memfd_create('systemd', 0)\n"
        "os.write(f, open('/bin/true', 'rb').read())\n"
        "if os.fork() == 0: os.execve(f, ['/usr/lib/systemd/systemd', '--user'], {})\n"
        "os.wait()\n"
        "os.waitpid(os.posix_spawn('/bin/true', ['git', 'status'], {}), 0)\n"
    )
    with place(user) as here:
        assert here.run(system_python(), "-c", script).exit == 0
        found = [(each.program.text, [a.text for a in each.arguments or ()]) for each in _started(here)]
        assert found == [("/memfd:systemd (deleted)", ["--user"]), ("/bin/true", ["status"])]


def test_a_path_that_changes_while_it_is_read_is_told_as_it_was_and_decides_nothing() -> None:
    """Another thread writes two names over each other: what is told is one of them, perhaps not what ran."""
    script = (
        "import ctypes, os, threading\n"
        "libc = ctypes.CDLL(None)\n"
        "names = (b'/bin/true\\0', b'/bin/fals\\0')\n"
        "path = ctypes.create_string_buffer(names[0])\n"
        "def flip():\n"
        "    while True:\n"
        "        for each in names: ctypes.memmove(path, each, len(each))\n"
        "for _ in range(100):\n"
        "    if os.fork() == 0:\n"
        "        threading.Thread(target=flip, daemon=True).start()\n"
        "        libc.execve(path, None, None)\n"
        "        os._exit(0)\n"
        "    assert os.wait()[1] == 0\n"
    )
    with place() as here:
        done = here.run(system_python(), "-c", script)
        assert done.exit == 0, done
        told_ = _times(here)
        assert set(told_) <= {"/bin/true"}  # the other is not there
        assert 0 < told_["/bin/true"] <= 100


# Holding up


@pytest.mark.parametrize("user", USERS)
def test_a_supervisor_that_was_stopped_goes_on_and_nothing_is_lost(user: str) -> None:
    script = (
        "echo > begun; until [ -e go ]; do :; done; i=0; while [ $i -lt 300 ]; do /bin/true; i=$((i+1)); done"
    )
    with place(user) as here:
        process = here.start("run", "--", "sh", "-c", script)
        appears(here.tree / "begun")
        process.send_signal(signal.SIGSTOP)
        until(lambda: _is_stopped(process.pid), "a stop")
        here.write("go", "")
        until(lambda: any(_waits(each) for each in _inside(b"until [ -e go ]")), "a program that waits")
        process.send_signal(signal.SIGCONT)
        process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0
        assert _times(here) == {"/bin/true": 300}


def _is_stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def _waits(process: Path) -> bool:
    """Whether it waits for an answer of whoever has the filter's listener."""
    try:
        return "seccomp" in (process / "wchan").read_text()
    except OSError:
        return False


def _inside(text: bytes) -> list[Path]:
    """Processes that have this in their command line."""
    return [each for each in Path("/proc").iterdir() if each.name.isdecimal() and text in _command_line(each)]


def _command_line(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""


_CLOSED = """
version: 1
agents:
  profiles:
    sh: {files: {read: ["**"], write: ["**"]}, sandbox: {wall: 2s}}
"""


def test_programs_that_start_without_end_keep_nobody_from_ending_the_box() -> None:
    loop = "while :; do /bin/true; /nowhere; done"
    with place() as here:
        here.policy(_CLOSED)
        done = here.sh(f"trap '' TERM; ({loop}) 2>&- & ({loop}) 2>&- & {loop} 2>&-")
        assert (done.exit, done.err) == (128 + signal.SIGKILL, "ringfence: its time was over\n")
        assert _times(here)["/bin/true"] > 0


def test_a_supervisor_that_was_killed_takes_along_who_waits_for_it() -> None:
    script = "echo > begun; while :; do /bin/true; done"
    with place() as here:
        process = here.start("run", "--", "sh", "-c", script)
        appears(here.tree / "begun")
        process.kill()
        process.communicate(timeout=PATIENCE_S)
        until(lambda: not _inside(b"while :; do /bin/true"), "the end of the box")


def test_a_working_tree_cannot_leave_starts_out_of_the_record() -> None:
    with place() as here:
        here.write(
            "ringfence.yaml", "version: 1\nagents: {profiles: {sh: {sandbox: {starts: unrecorded}}}}\n"
        )
        done = here.sh("true")
        assert (done.exit, "leaves nothing out of the record" in done.err) == (125, True), done


def test_what_is_told_says_nothing_that_is_ours() -> None:
    """A program calls itself as an event would be told: who reads it sees that it is a path."""
    fake = f"/x program started in box 00000000 by ringfence{' ' * 40}allowed"
    event = ProcessStarted(
        session="0190f5a0-0000-7000-8000-0000000000ab",
        program=Foreign(text=fake),
        by=None,
        pid=None,
        arguments=None,
        more_arguments=False,
        times=1,
    )
    words = told(recorded_of(row_of(event)))
    assert (words.what, words.subject) == ("program started in box 000000ab", fake)
