"""The filter in real processes: what it refuses, what it lets pass, and who hears of it."""

import ctypes
import errno
import os
import select
import signal
import socket
import struct
import sys
from dataclasses import replace

import pytest

from filtering import QUIET, in_child, no_new_privileges, try_call, under_filter
from ringfence.core.limits import LIMITS
from ringfence.sandbox.linux import kernel
from ringfence.sandbox.linux.kernel import can_tell_starts
from ringfence.sandbox.linux.seccomp import listening, loading
from ringfence.sandbox.linux.seccomp.calls import MACHINES
from ringfence.sandbox.linux.seccomp.listening import answer
from ringfence.sandbox.linux.seccomp.loading import load
from ringfence.sandbox.linux.seccomp.program import program

_MACHINE = os.uname().machine
_EPERM, _ENOSYS = -errno.EPERM, -errno.ENOSYS

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or _MACHINE not in MACHINES, reason="no table for this machine"
)


def test_refused_calls_are_answered_and_told_with_who_made_them() -> None:
    def work() -> list[int]:
        return [
            try_call("bpf"),
            try_call("mount"),
            try_call("unshare", 0x10000000),
            try_call("socket", 17, 3),
        ]

    ended = under_filter(work)
    assert ended.returned == [_EPERM] * 4
    assert [each.call for each in ended.refused] == ["bpf", "mount", "unshare", "socket"]
    assert {each.comm for each in ended.refused} == {_own_name()}


def _own_name() -> str:
    with open("/proc/self/comm") as file:
        return file.read().rstrip("\n")


def test_the_drawn_number_is_refused_without_anybody_being_asked() -> None:
    ended = under_filter(
        lambda: [try_call("bpf", 0, 0, 0, 0, 0, QUIET), try_call("keyctl", 0, 0, 0, 0, 0, QUIET)]
    )
    assert (ended.returned, ended.refused) == ([_EPERM, _EPERM], ())


def test_programs_fall_back_from_what_is_absent() -> None:
    ended = under_filter(
        lambda: [try_call("io_uring_setup"), try_call("clone3"), try_call(470), try_call(1000)]
    )
    assert (ended.returned, ended.refused) == ([_ENOSYS] * 4, ())


def test_an_ordinary_program_runs_and_nothing_of_it_is_refused() -> None:
    def work() -> int:
        script = "import threading, socket, subprocess, tempfile, json\n"
        script += "t = threading.Thread(target=print); t.start(); t.join()\n"
        script += "a = socket.create_server(('127.0.0.1', 0)); socket.create_connection(a.getsockname())\n"
        script += "socket.getaddrinfo('localhost', 80); subprocess.run(['true'], check=True)\n"
        script += "tempfile.TemporaryFile().write(b'x')"
        return os.waitstatus_to_exitcode(
            os.waitpid(os.posix_spawn(sys.executable, ["python", "-c", script], {}), 0)[1]
        )

    ended = under_filter(work)
    assert (ended.returned, ended.refused) == (0, ())


def test_a_box_that_may_debug_traces_its_own_child_and_another_does_not() -> None:
    def work() -> bool:
        pid = os.fork()
        if pid == 0:
            os._exit(0 if try_call("ptrace", 0) == 0 else 1)  # PTRACE_TRACEME
        return os.waitpid(pid, 0)[1] == 0

    assert under_filter(work, debug=True).returned is True
    assert under_filter(work).returned is False


@pytest.mark.skipif(_MACHINE != "x86_64", reason="only x86_64 has another way in that can be tried")
def test_x32_and_32_bit_calls_end_the_process() -> None:
    def thirty_two_bits() -> int:
        import mmap

        code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        code.write(bytes.fromhex("b814000000cd80c3"))  # getpid through int 0x80
        return ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()

    assert under_filter(lambda: try_call(0x40000000 | 39)).signal == signal.SIGSYS
    assert in_child(lambda: thirty_two_bits() > 0).returned is True
    assert under_filter(thirty_two_bits).signal == signal.SIGSYS


def test_the_program_for_the_other_machine_is_accepted_by_the_kernel_and_kills() -> None:
    other = "aarch64" if _MACHINE == "x86_64" else "x86_64"
    code = program(machine=other, debug=False, quiet=QUIET, tells=False)

    def work() -> int:
        buffer = ctypes.create_string_buffer(code, len(code))
        return try_call("seccomp", 1, 0, struct.pack("@HP", len(code) // 8, ctypes.addressof(buffer)))

    assert in_child(work, prepare=no_new_privileges).signal == signal.SIGSYS


def test_within_a_filter_that_tells_somebody_else_all_is_refused_and_nothing_told() -> None:
    def work() -> list[object]:
        second = load(debug=False, machine=_MACHINE, quiet=QUIET)
        return [second, try_call("bpf"), try_call("socket", 17, 3)]

    ended = under_filter(work)
    assert (ended.returned, ended.refused) == ([None, _EPERM, _EPERM], ())


def test_without_no_new_privileges_nobody_gets_a_filter() -> None:
    def work() -> int:
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
        try:
            load(debug=False, machine=_MACHINE, quiet=QUIET)
        except OSError as error:
            return error.errno or 0
        return 0

    if os.geteuid() != 0:
        pytest.skip("only root can become somebody without privileges here")
    assert in_child(work).returned == errno.EACCES


def test_answering_never_waits_and_drops_who_was_killed_meanwhile() -> None:
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        no_new_privileges()
        listener = load(debug=False, machine=_MACHINE, quiet=QUIET)
        socket.send_fds(theirs, [b"l"], [listener or 0])
        try_call("bpf")
        os._exit(0)
    _, (listener,), _, _ = socket.recv_fds(ours, 1, 1)
    waiting = select.poll()
    waiting.register(listener, select.POLLIN)
    assert waiting.poll() == [(listener, select.POLLIN)]
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert answer(listener, machine=_MACHINE) == ()
    os.close(listener)
    ours.close()
    theirs.close()


def test_where_nothing_is_asked_nothing_is_waited_for() -> None:
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        no_new_privileges()
        listener = load(debug=False, machine=_MACHINE, quiet=QUIET)
        socket.send_fds(theirs, [b"l"], [listener or 0])
        theirs.recv(1)
        os._exit(0)
    _, (listener,), _, _ = socket.recv_fds(ours, 1, 1)
    answered = in_child(lambda: [each.call for each in answer(listener, machine=_MACHINE)])
    assert (answered.returned, answered.signal) == ([], 0)
    ours.send(b"x")
    assert os.waitpid(pid, 0)[1] == 0
    os.close(listener)
    ours.close()
    theirs.close()


def test_no_more_calls_are_answered_at_one_time_than_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "LIMITS", replace(LIMITS, refused_at_once=2))
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        no_new_privileges()
        listener = load(debug=False, machine=_MACHINE, quiet=QUIET)
        socket.send_fds(theirs, [b"l"], [listener or 0])
        for _ in range(4):
            if os.fork() == 0:
                break
        try_call("bpf")
        os._exit(0)
    _, (listener,), _, _ = socket.recv_fds(ours, 1, 1)
    waiting = select.poll()
    waiting.register(listener, select.POLLIN)
    counts = []
    while sum(counts) < 5:
        waiting.poll()
        counts.append(len(answer(listener, machine=_MACHINE)))
    os.waitpid(pid, 0)
    assert max(counts) <= 2
    os.close(listener)
    ours.close()
    theirs.close()


def test_a_kernel_that_cannot_wait_as_asked_is_asked_for_less(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def before_5_19(name: str, mode: int, flags: int, program: bytes) -> int:
        asked.append(flags)
        if flags & 0x20:
            raise OSError(errno.EINVAL, "simulated", name)
        return 7

    monkeypatch.setattr(loading, "call", before_5_19)
    assert (load(debug=False, machine=_MACHINE, quiet=QUIET), asked) == (7, [0x28, 0x8])


def test_a_kernel_before_5_19_is_not_asked_to_tell_of_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[object] = []

    def before_5_19(name: str, mode: int, flags: int, program: bytes | None) -> int:
        if flags & 0x20:
            raise OSError(errno.EINVAL, "simulated", name)
        return 7

    def made(**wanted: object) -> bytes:
        loaded.append(wanted["starts"])
        return bytes(8)

    assert can_tell_starts() is True
    monkeypatch.setattr(kernel, "call", before_5_19)
    monkeypatch.setattr(loading, "call", before_5_19)
    monkeypatch.setattr(loading, "program", made)
    assert can_tell_starts() is False
    assert load(debug=False, machine=_MACHINE, quiet=QUIET, starts=True) == 7
    assert loaded == [False]


def test_within_a_filter_that_tells_somebody_else_programs_start_untold() -> None:
    def work() -> object:
        second = load(debug=False, machine=_MACHINE, quiet=QUIET, starts=True)
        pid = os.posix_spawn("/bin/true", ["true"], {})
        return [second, os.waitpid(pid, 0)[1]]

    ended = under_filter(work)
    assert (ended.returned, ended.refused) == ([None, 0], ())


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.EPERM, errno.EACCES])
def test_a_kernel_without_filters_is_an_error(code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def without(name: str, *arguments: object) -> int:
        raise OSError(code, "simulated", name)

    monkeypatch.setattr(loading, "call", without)
    with pytest.raises(OSError) as raised:
        load(debug=False, machine=_MACHINE, quiet=QUIET)
    assert raised.value.errno == code
