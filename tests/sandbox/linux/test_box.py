"""A box as a program within sees it: started as root and by an ordinary user, it is the same."""

import os
import signal
import socket
from pathlib import Path

import pytest

from boxes import NO_LANDLOCK, ORDINARY, ROOT_S, Result, made, plan_for, run, system_mounts, tree_of
from ringfence.sandbox.box import Box
from ringfence.sandbox.messages import Ended, Failed, Listener, Message, Ready, Running, Stopped, Terminal
from ringfence.sandbox.plan import Layer, MountKind

USERS = ["ordinary", "root"] if os.geteuid() == 0 else [""]

pytestmark = pytest.mark.parametrize("user", USERS)


def shell(script: str, *, user: str, **changes: object) -> Result:
    return run(["/bin/sh", "-c", script], user=user, **changes)


def test_a_program_runs_as_one_user_without_groups_and_its_files_are_that_user_s(user: str) -> None:
    with tree_of(user) as tree:
        result = shell(
            "id -u; id -g; id -G; stat -c %u .; touch new; stat -c %u:%g new", user=user, tree=tree
        )
        owner = (tree / "new").stat()
        on_disk = tree.stat()
    assert result.stdout.decode().split() == ["1000", "1000", "1000", "1000", "1000:1000"]
    assert (owner.st_uid, owner.st_gid) == (on_disk.st_uid, on_disk.st_gid)


def test_on_the_host_the_command_is_who_the_plan_says_and_never_root(user: str) -> None:
    seen: list[object] = []

    def look(box: Box, message: Message) -> None:
        if isinstance(message, Running):
            seen.extend(Path(f"/proc/{child}").stat().st_uid for child in _children(box.pid))
            box.signal(signal.SIGTERM)
            assert seen == [ROOT_S if user == "root" else ORDINARY if user else os.geteuid()]

    result = run(["/bin/sleep", "60"], user=user, said=look)
    assert result.exit == 128 + signal.SIGTERM


def test_a_program_has_no_capability_and_can_get_none(user: str) -> None:
    result = shell("grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status", user=user)
    assert result.stdout.decode().split() == [
        *("CapInh:", "0" * 16, "CapPrm:", "0" * 16, "CapEff:", "0" * 16, "CapBnd:", "0" * 16),
        *("CapAmb:", "0" * 16, "NoNewPrivs:", "1", "Seccomp:", "2"),
    ]


def test_no_descriptor_but_the_three_reaches_the_program(user: str) -> None:
    """Whatever the launcher and its parent have open."""
    with socket.socket() as inherited, open("/etc/passwd") as file:
        os.set_inheritable(inherited.fileno(), True)
        os.set_inheritable(file.fileno(), True)
        result = shell("for i in $(seq 0 99); do [ -e /proc/$$/fd/$i ] && echo $i; done; true", user=user)
    assert result.stdout == b"0\n1\n2\n"


def test_the_environment_is_the_plan_s_alone_and_so_are_the_arguments(user: str) -> None:
    os.environ["RINGFENCE_TEST_SECRET"] = "outside"
    try:
        result = run(
            ["/usr/bin/env"],
            user=user,
            environment=(("A", "1"), ("B", "x=\n y")),
            arguments=("as-given", "-0"),
        )
    finally:
        del os.environ["RINGFENCE_TEST_SECRET"]
    assert result.stdout == b"A=1\0B=x=\n y\0"
    named = run(["/bin/sh"], user=user, arguments=("a name", "-c", "echo $0"))
    assert named.stdout == b"a name\n"


def test_signals_are_as_a_program_expects_them(user: str) -> None:
    result = shell("cat /proc/self/status", user=user)
    lines = dict(line.split(":\t") for line in result.stdout.decode().splitlines())
    of_the_c_library = 0b11 << 31  # signals 32 and 33, which no program can reset
    assert {int(lines[name], 16) & ~of_the_c_library for name in ("SigBlk", "SigIgn", "SigCgt")} == {0}


def test_the_umask_is_the_one_that_the_user_has(user: str) -> None:
    before = os.umask(0o027)
    try:
        result = shell("umask", user=user)
    finally:
        os.umask(before)
    assert result.stdout == b"0027\n"


def test_nothing_dumps_core(user: str) -> None:
    result = shell("ulimit -Hc; kill -SEGV $$", user=user)
    (ended,) = (each for each in result.messages if isinstance(each, Ended))
    assert result.stdout == b"0\n"
    assert (result.exit, os.WCOREDUMP(ended.status)) == (128 + signal.SIGSEGV, False)


def test_only_its_own_processes_are_there_and_init_keeps_its_secrets(user: str) -> None:
    result = shell(
        "echo /proc/[0-9]*; cat /proc/1/environ; cat /proc/1/maps; ls /proc/1/fd; kill -9 1; echo $?",
        user=user,
    )
    assert result.stdout == b"/proc/1 /proc/2\n0\n"
    assert result.stderr.count(b"Permission denied") == 3


def test_devices_are_those_that_keep_nothing(user: str) -> None:
    result = shell("cd /dev; echo *; echo pts/*; head -c 2 zero | od -An -tx1; : > null; ls fd/", user=user)
    assert result.stdout.decode().splitlines() == [
        "fd full null ptmx pts random shm stderr stdin stdout tty urandom zero",
        "pts/ptmx",
        " 00 00",
        *"0123",
    ]


def test_what_proc_tells_of_the_host_is_covered(user: str) -> None:
    result = shell(
        "cat /proc/keys /proc/kmsg /proc/timer_list /proc/key-users 2>&1; ls /proc/acpi 2>/dev/null;"
        "echo 1 > /proc/sys/kernel/core_pattern; echo x > /proc/self/comm; echo end",
        user=user,
    )
    assert result.stdout == b"end\n"


def test_the_root_is_read_only_and_memory_is_written(user: str) -> None:
    result = shell(
        "for each in / /usr /etc /dev /var /proc; do touch $each/x && echo wrote $each; done;"
        "for each in /tmp /var/tmp /run /dev/shm .; do touch $each/x && echo $each; done",
        user=user,
    )
    assert result.stdout.decode().split() == ["/tmp", "/var/tmp", "/run", "/dev/shm", "."]


def test_what_was_written_to_memory_never_reaches_the_host(user: str) -> None:
    name = f"ringfence-test-{os.getpid()}"
    result = shell(f"echo x > /tmp/{name}; echo x > /var/tmp/{name}; cat /tmp/{name}", user=user)
    assert result.stdout == b"x\n"
    assert not Path("/tmp", name).exists()
    assert not Path("/var/tmp", name).exists()


def test_the_network_is_loopback_alone(user: str) -> None:
    asks = (
        "import socket\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "client = socket.create_connection(server.getsockname())\n"
        "server.accept()[0].send(b'heard'); print(client.recv(9).decode(), socket.if_nameindex())\n"
        "six = socket.create_server(('::1', 0), family=socket.AF_INET6)\n"
        "try: socket.create_connection(('192.0.2.1', 80), timeout=5)\n"
        "except OSError as error: print(error.errno)\n"
    )
    result = run(["/usr/bin/python3", "-c", asks], user=user)
    assert (result.stdout, result.stderr) == (b"heard [(1, 'lo')]\n101\n", b"")


def test_the_host_s_name_is_the_plan_s(user: str) -> None:
    assert shell("uname -n", user=user, host_name="elsewhere").stdout == b"elsewhere\n"


def test_messages_come_in_their_order(user: str) -> None:
    result = shell("exit 3", user=user)
    listener, ready, running, ended = result.messages
    assert isinstance(listener, Listener)
    assert isinstance(ready, Ready)
    assert ready.layers == tuple(Layer)
    assert {proof.layer for proof in ready.proofs} >= set(Layer) - {Layer.CGROUP_NAMESPACE}
    assert (running, ended) == (Running(pid=2), Ended(status=3 << 8))


def test_a_box_has_a_terminal_of_its_own(user: str) -> None:
    result = shell("tty; stty size; ps -o tty= $$; echo on >/dev/tty; exec 3</dev/tty; cat <&3", user=user,
                   terminal=True, stdin=b"typed\r\x04")  # fmt: skip
    assert isinstance(result.messages[0], Terminal)
    shown = result.stdout.decode().replace("typed", "", 1).split()  # the echo may come at any time
    assert (result.exit, shown) == (0, ["/dev/pts/0", "24", "80", "pts/0", "on", "typed"])


def test_keys_interrupt_what_is_in_the_foreground(user: str) -> None:
    waits = (
        "import signal, sys\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})\n"
        "print('go', flush=True)\n"
        "sys.exit(signal.sigwait({signal.SIGINT}))\n"
    )
    result = run(["/usr/bin/python3", "-c", waits], user=user, terminal=True, answers={b"go": b"\x03"})
    assert (result.exit, result.stdout.split()) == (signal.SIGINT, [b"go", b"^C"])


def test_a_shell_stops_and_resumes_its_own_jobs(user: str) -> None:
    result = run(
        ["/bin/bash", "--norc", "-i"],
        user=user,
        terminal=True,
        environment=(("PATH", "/usr/bin"), ("PS1", "> "), ("TERM", "dumb")),
        answers={
            b"> ": b"python3 -c 'import signal; print(40 + 2); signal.pause()'\r",
            b"42\r\n": b"\x1a",
            b"Stopped": b"disown -a; exit 4\r",
        },
    )
    assert result.exit == 4


@pytest.mark.parametrize("terminal", [False, True])
def test_a_command_that_was_stopped_goes_on(user: str, terminal: bool) -> None:
    result = shell("kill -TSTP $$; echo on", user=user, terminal=terminal)
    stopped = [each for each in result.messages if isinstance(each, Stopped)]
    assert (stopped, result.exit, result.stdout.split()) == ([Stopped(signal=signal.SIGTSTP)], 0, [b"on"])


def test_a_signal_reaches_the_command_s_group_and_not_init(user: str) -> None:
    def interrupt(box: Box, message: Message) -> None:
        if isinstance(message, Running):
            box.signal(signal.SIGUSR1)

    result = run(["/bin/sleep", "60"], user=user, said=interrupt)
    assert result.messages[-1] == Ended(status=signal.SIGUSR1)


def test_nothing_outlives_the_command(user: str) -> None:
    """A grandchild in a session of its own would keep the pipe open for a minute."""
    result = shell("setsid sleep 60 & echo started", user=user)
    assert (result.exit, result.stdout) == (0, b"started\n")


def test_children_that_lost_their_parent_are_reaped(user: str) -> None:
    result = shell(
        "for i in 1 2 3; do (sleep 0 &); done;"
        "while grep -qs '^State:.Z' /proc/[0-9]*/status; do :; done; echo none",
        user=user,
    )
    assert result.stdout == b"none\n"


@pytest.mark.parametrize(
    ("program", "number"), [("/usr/bin/not-there", 2), ("/etc/passwd", 13), ("/usr", 13)]
)
def test_a_program_that_cannot_be_executed_says_why(user: str, program: str, number: int) -> None:
    result = run([program], user=user)
    assert (result.exit, result.messages[-1].errno) == (None, number)


def test_a_folder_to_start_in_that_is_not_there_starts_nothing(user: str) -> None:
    result = run(["/usr/bin/true"], user=user, folder="/not/there")
    assert result.messages == [Failed(layer=Layer.ROOT, errno=2, what="start in /not/there")]


def test_without_a_go_nothing_runs(user: str) -> None:
    def leave(box: Box, message: Message) -> None:
        if isinstance(message, Ready):
            box.resume()  # anything but go

    with tree_of(user) as tree:
        result = run(["/usr/bin/touch", "ran"], user=user, tree=tree, said=leave)
        assert not (tree / "ran").exists()
    assert isinstance(result.messages[-1], Ready)


def test_a_file_that_is_read_from_cannot_be_written_though_it_is_in_the_tree(user: str) -> None:
    """Its descriptor leads past what covers it there; Landlock sees that as well, so it is left out."""
    script = "read first; cat; echo planted > /proc/self/fd/0 && echo wrote"
    with tree_of(user) as tree:
        (tree / "kept").write_text("first\nsecond\n")
        os.chown(tree / "kept", tree.stat().st_uid, tree.stat().st_gid)
        (tree / "kept").chmod(0o666)
        with open(tree / "kept") as kept:
            result = shell(script, user=user, tree=tree, given=kept.fileno(), **NO_LANDLOCK)
        after = (tree / "kept").read_text()
    assert (after, result.stdout) == ("first\nsecond\n", b"second\n")


def test_a_folder_of_the_tree_can_be_its_own_mount(user: str) -> None:
    """So that nobody renames it away from under what stands in it."""
    with tree_of(user) as tree:
        (tree / ".git").mkdir()
        plan = plan_for(tree=tree, user=user)
        whole = plan.mounts[-1]
        git = made(f"{tree}/.git", MountKind.WRITE, source=f"{tree}/.git", is_user_s=True)
        os.chown(tree / ".git", tree.stat().st_uid, tree.stat().st_gid)
        result = shell(
            "mv .git away; touch .git/new && echo wrote",
            user=user,
            tree=tree,
            mounts=(*system_mounts(), whole, git),
        )
    assert result.stdout == b"wrote\n"
    assert b"busy" in result.stderr


def _children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_where_memory_runs_out_the_command_goes_before_the_boxs_init(user: str) -> None:
    own = int(Path("/proc/self/oom_score_adj").read_text())
    result = run(["/bin/cat", "/proc/self/oom_score_adj", "/proc/1/oom_score_adj"], user=user)
    assert result.stdout.split() == [b"%d" % min(1000, own + 500), b"%d" % own]
