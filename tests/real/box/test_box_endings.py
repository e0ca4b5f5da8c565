"""How a command in a box ends: exit statuses, pipes, signals, and that nothing of it is left."""

import os
import signal
import subprocess

import pytest

from real.running import PATIENCE_S, USERS, Place, appears, left, place, until


@pytest.mark.parametrize("user", USERS)
def test_a_command_s_exit_status_is_ringfence_s_own(user: str) -> None:
    statuses = "0 1 2 3 124 125 126 127 128 137 254 255"
    script = f'for n in {statuses}; do sh -c "exit $n"; echo $?; done; exit 255'
    with place(user) as here:
        done = here.sh(script)
        assert (done.exit, done.err) == (255, "")
        assert done.out.split() == statuses.split()
        assert [here.sh(f"exit {n}").exit for n in (0, 1, 42, 125)] == [0, 1, 42, 125]


def test_a_command_that_a_signal_ends_has_128_and_its_number() -> None:
    with place() as here:
        assert [here.sh(f"kill -{name} $$").exit for name in ("TERM", "KILL", "SEGV")] == [143, 137, 139]
        assert here.report()["exit_status"] == 139


@pytest.mark.parametrize("user", USERS)
def test_a_command_that_is_refused_does_not_run_in_the_box_that_was_made_meanwhile(user: str) -> None:
    with place(user, repository=True) as here:
        before = here.names()
        here.policy(
            "version: 1\nagents: {mode: enforce, profiles: {'touch': {files: {read: ['**'], write: ['**']}, "
            "commands: {deny: ['**/touch']}}}}\n"
        )
        done = here.run("touch", "ran")
        assert done.exit == 126
        assert "touch" in done.err
        assert (here.names(), left(str(here.tree))) == (before, [])


def test_what_cannot_be_started_is_told_as_shells_do() -> None:
    with place() as here:
        here.write("text", "no program\n", mode=0o644)
        here.write("binary", b"\x7fELF nothing", mode=0o755)
        here.write("script", "#!/no/such/interpreter\n", mode=0o755)
        found = {
            name: here.run(name) for name in ("no-such-program", "./nothing", "./text", "/etc", "./binary")
        }
        assert {name: done.exit for name, done in found.items()} == {
            "no-such-program": 127,
            "./nothing": 127,
            "./text": 126,
            "/etc": 126,
            "./binary": 126,
        }
        assert all("ringfence: hint: " in done.err for done in found.values()), found
        lost = here.run("./script")
        assert (lost.exit, "hint" in lost.err) == (127, True)


def test_a_pipe_that_nobody_reads_any_more_ends_the_command() -> None:
    with place(executed=True) as here:
        ours, theirs = os.pipe()
        process = here.start("run", "--", "yes", stdout=theirs)
        os.close(theirs)
        assert os.read(ours, 4) == b"y\ny\n"
        os.close(ours)
        assert process.wait(PATIENCE_S) == 128 + signal.SIGPIPE
        assert process.communicate() == (None, b"")


def test_input_and_output_go_through_pipes_byte_for_byte() -> None:
    data = bytes(range(256)) * 20_000
    with place(executed=True) as here:
        process = here.start("run", "--", "sh", "-c", "cat; echo done >&2")
        assert process.communicate(data, timeout=PATIENCE_S) == (data, b"done\n")
        assert here.sh("wc -c", stdin=b"").out.strip() == "0"


def test_files_of_the_host_can_be_its_streams() -> None:
    with place() as here:
        source, target = here.home / "in", here.home / "out"
        source.write_text("from outside\n")
        with source.open() as given, target.open("w") as taken:
            process = here.start("run", "--", "tr", "a-z", "A-Z", stdin=given, stdout=taken)
            assert process.wait(PATIENCE_S) == 0
        assert target.read_text() == "FROM OUTSIDE\n"
        assert here.run("cat", str(source)).exit == 1


def _waiting(here: Place, script: str) -> "subprocess.Popen[bytes]":
    """A command that says in a file that it has begun."""
    process = here.start("run", "--", "bash", "-c", script)
    appears(here.tree / "begun")
    return process


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_to_the_supervisor_reaches_the_command_and_leaves_nothing(user: str, number: int) -> None:
    script = "setsid sleep 1000 & sleep 1000 & echo > begun; exec sleep 1000"
    with place(user) as here:
        process = _waiting(here, script)
        process.send_signal(number)
        assert process.wait(PATIENCE_S) == 128 + number
        process.communicate()
        assert left(str(here.tree)) == []
        assert here.report()["state"] == "ended"


def test_a_command_that_handles_a_signal_goes_on_and_chooses_its_own_status() -> None:
    script = (
        "trap 'echo asked; exit 3' TERM; trap 'echo user >> seen' USR1; sleep 1000 & echo > begun; "
        "while :; do wait; done"
    )
    with place(executed=True) as here:
        process = _waiting(here, script)
        process.send_signal(signal.SIGUSR1)
        appears(here.tree / "seen")
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=PATIENCE_S)
        assert (process.returncode, out) == (3, b"asked\n")


@pytest.mark.parametrize("user", USERS)
def test_nothing_outlives_a_supervisor_that_is_killed(user: str) -> None:
    with place(user) as here:
        process = _waiting(here, "setsid sleep 1000 & trap '' TERM HUP; echo > begun; sleep 1000")
        process.kill()
        process.communicate(timeout=PATIENCE_S)
        until(lambda: not left(str(here.tree)), "the end of the box")


def test_what_a_command_leaves_behind_ends_with_it() -> None:
    with place() as here:
        done = here.sh("nohup setsid sleep 1000 >/dev/null 2>&1 & (sleep 1000 &); echo $!")
        assert done.exit == 0
        assert left(str(here.tree)) == []


def test_time_that_is_over_ends_the_box_and_says_so() -> None:
    with place() as here:
        here.policy("version: 1\nagents:\n  profiles:\n    sleep: {sandbox: {wall: 1s}}\n")
        done = here.run("sleep", "1000")
        assert (done.exit, done.err) == (143, "ringfence: its time was over\n")
        assert here.report()["refused"] == [{"kind": "limit", "what": "1 s", "by": None, "times": 1}]


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user has no control group here")
@pytest.mark.parametrize(
    ("limits", "command", "refused"),
    [
        (
            "memory: 200 MiB",
            ["/usr/bin/python3", "-c", "bytearray(b'x') * 400_000_000"],
            "memory of 209715200 bytes: processes ended",
        ),
        ("processes: 20", ["sh", "-c", "for i in $(seq 40); do sleep 9 & done; true"], "20 processes"),
    ],
    ids=["memory", "processes"],
)
def test_limits_that_a_box_met_are_reported(limits: str, command: list[str], refused: str) -> None:
    with place("root", executed=True) as here:
        here.policy(f"version: 1\nagents: {{profiles: {{'*': {{sandbox: {{{limits}}}}}}}}}\n")
        here.run(*command)
        told = [(each["kind"], each["what"]) for each in here.report()["refused"]]
        assert told == [("limit", refused)]
