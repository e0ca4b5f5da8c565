"""A box that takes all it can get: what bounds it holds, it ends at once, and nothing of it is left."""

import json
import os
import signal

import pytest

import boxes
from leaving_out import no_limits, no_narrowing, no_probe, python
from real.running import PATIENCE_S, USERS, appears, left, place
from ringfence.sandbox import supervising
from ringfence.sandbox.box import Box
from ringfence.sandbox.linux.seccomp.listening import Refused
from ringfence.sandbox.messages import Running
from ringfence.sandbox.plan import Limits

BOX_USERS = ["ordinary", "root"] if os.geteuid() == 0 else [""]
_FORKS = """
import errno, signal
made = 0
for _ in range(64):
    try:
        if os.fork() == 0:
            signal.pause()
        made += 1
    except OSError as error:
        print(error.errno == errno.EAGAIN)
        break
print(made)
"""


@pytest.mark.parametrize("user", BOX_USERS)
def test_processes_end_where_the_plan_says_and_the_box_with_all_of_them(user: str) -> None:
    result = boxes.run(python(_FORKS), user=user, limits=Limits(processes=16))
    held, made = result.stdout.split()
    assert (held, 8 <= int(made) <= 16, result.exit) == (b"True", True, 0)


def test_without_the_limits_they_go_on() -> None:
    without = (no_limits, no_narrowing, no_probe)
    result = boxes.run(python(_FORKS), user="ordinary", limits=Limits(processes=16), without=without)
    assert result.stdout == b"64\n"


_TAKES = """
import errno, json, resource
found = {}
try:
    kept = [os.open("/dev/null", 0) for _ in range(4096)]
except OSError as error:
    found["descriptors"] = error.errno == errno.EMFILE
    os.closerange(16, 5000)
for folder in ("/tmp", "/dev/shm", "/run"):
    name = folder + "/big"
    try:
        with open(name, "wb", buffering=0) as file:
            for _ in range(64):
                file.write(bytes(1 << 20))
    except OSError as error:
        found[folder] = error.errno == errno.ENOSPC
try:
    found["memory"] = len(bytearray(1 << 30)) == 0
except MemoryError:
    found["memory"] = True
print(json.dumps(found))
"""


def test_memory_descriptors_and_folders_in_memory_end_where_the_plan_says() -> None:
    bounds = Limits(open_files=256, memory_bytes=512 << 20, memory_disk_bytes=4 << 20)
    found = json.loads(boxes.run(python(_TAKES), user=BOX_USERS[0], limits=bounds).stdout)
    assert found == {"descriptors": True, "/tmp": True, "/dev/shm": True, "/run": True, "memory": True}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has a control group for certain")
def test_many_processes_together_have_no_more_memory_than_one() -> None:
    script = """
for _ in range(8):
    if os.fork() == 0:
        kept = bytearray(os.urandom(1 << 20)) * 40
        os._exit(0)
print(sum(os.WIFSIGNALED(os.wait()[1]) for _ in range(8)) > 0)
"""
    held = boxes.run(python(script), limits=Limits(memory_bytes=128 << 20))
    # Where the largest process is the first one, as a child of all these tests, that takes all along.
    assert (held.stdout, held.exit) in ((b"True\n", 0), (b"", None))
    assert isinstance(held.messages[2], Running)


# It says so when it is at its limit, and tries on: a shell gives up after some refusals.
_FORK_BOMB = """
for (;;) {
    next if defined fork;
    open my $begun, ">", "begun";
    print $begun "full\n";
    close $begun;
    select undef, undef, undef, 0.01;
}
"""


@pytest.mark.parametrize("user", USERS)
def test_a_fork_bomb_is_killed_as_a_whole_at_once(user: str) -> None:
    with place(user) as here:
        here.policy(
            "version: 1\nagents: {profiles: {bash: {files: {read: ['**'], write: ['**']}, "
            "sandbox: {processes: 64}}}}\n"
        )
        process = here.start("run", "--", "bash", "-c", 'exec perl -e "$1"', "bash", _FORK_BOMB)
        appears(here.tree / "begun")
        (killed,) = here.document("kill", "--all")["sessions"]
        assert killed["kill_us"] < 10_000_000
        assert process.wait(PATIENCE_S) == 128 + signal.SIGKILL
        process.communicate()
        assert left(str(here.tree)) == []


class _Nobody:
    def fileno(self) -> int:
        return 0


def test_names_that_refused_programs_give_themselves_cost_the_supervisor_no_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    box: Box = _Nobody()  # type: ignore[assignment]
    supervisor = supervising.Supervisor(
        box, terminal=None, keys=False, machine="x86_64", monotonic=lambda: 0.0
    )
    told = tuple(Refused(call="mount", pid=1, comm=f"name {number}") for number in range(5_000))
    monkeypatch.setattr(supervisor, "_answer", lambda: told)
    supervisor._refuse()
    assert len(supervisor.calls) == 1_001
    assert supervisor.calls.total() == 5_000
    assert supervisor.calls["mount", ""] == 4_000


_FLOOD = """
import threading
mount = 165 if os.uname().machine == "x86_64" else 40
def flood():
    for _ in range(500):
        call(mount, 0, 0, 0, 0, 0)
threads = [threading.Thread(target=flood) for _ in range(8)]
[each.start() for each in threads]
[each.join() for each in threads]
print(call(mount, 0, 0, 0, 0, 0))
"""


@pytest.mark.parametrize("user", BOX_USERS)
def test_a_flood_of_calls_that_are_refused_is_answered_to_the_last(user: str) -> None:
    result = boxes.run(python(_FLOOD), user=user)
    assert (result.stdout, result.exit, len(result.refused)) == (b"-1\n", 0, 4_001)
