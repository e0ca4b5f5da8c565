"""Kernels that lack what a box needs, and policies and places that no box can have: refused with a hint.

What the kernel lacks is taken from it by a filter of system calls in the process that then is ringfence.
"""

import ctypes
import errno
import os
import resource
import struct
from collections.abc import Callable

import pytest

from real.running import USERS, place
from ringfence.sandbox.linux import kernel

_NUMBERS = {"x86_64": (444, 56, 272, 435), "aarch64": (444, 220, 97, 435)}
_LANDLOCK, _CLONE, _UNSHARE, _CLONE3 = _NUMBERS.get(os.uname().machine, (0, 0, 0, 0))
_NEWUSER, _NEWPID = 0x10000000, 0x20000000
_LOAD, _EQUAL, _AND, _ANSWER = 0x20, 0x15, 0x45, 0x06
_ALLOW, _FAIL = 0x7FFF0000, 0x00050000


def _answering(number: int, error: int, *, with_bit: int = 0) -> Callable[[], None]:
    """From now on the call fails so; `with_bit`: only where its first argument has it."""
    steps = [(_LOAD, 0, 0, 0), (_EQUAL, 0, 3 if with_bit else 1, number)]
    if with_bit:
        steps += [(_LOAD, 0, 0, 16), (_AND, 0, 1, with_bit)]
    steps += [(_ANSWER, 0, 0, _FAIL | error), (_ANSWER, 0, 0, _ALLOW)]

    def load() -> None:
        code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in steps))
        program = struct.pack("HxxxxxxP", len(steps), ctypes.addressof(code))
        libc = ctypes.CDLL(None, use_errno=True)
        assert libc.prctl(38, 1, 0, 0, 0) == 0
        assert libc.prctl(22, 2, ctypes.c_char_p(program), 0, 0) == 0, os.strerror(ctypes.get_errno())

    return load


_NO_LANDLOCK = _answering(_LANDLOCK, errno.ENOSYS)
_NO_NAMESPACES = (
    _answering(_CLONE, errno.EPERM, with_bit=_NEWUSER),
    _answering(_UNSHARE, errno.EPERM, with_bit=_NEWUSER),
    _answering(_CLONE3, errno.ENOSYS),
)


@pytest.mark.parametrize("user", USERS)
def test_without_landlock_there_is_no_box(user: str) -> None:
    with place(user) as here:
        done = here.run("touch", "ran", before=(_NO_LANDLOCK,))
        assert (done.exit, done.out) == (125, "")
        assert done.err.startswith("ringfence: error: no box: Landlock: "), done
        assert "hint: this kernel has no Landlock" in done.err
        assert "--allow-degraded" in done.err
        assert here.names() == []
        assert here.report()["state"] == "not started"


@pytest.mark.parametrize("user", USERS)
def test_a_box_may_be_let_go_without_landlock_and_everybody_is_told(user: str) -> None:
    with place(user) as here:
        done = here.ringfence("run", "--allow-degraded", "--", "echo", "ran", before=(_NO_LANDLOCK,))
        assert (done.exit, done.out) == (0, "ran\n")
        assert done.err.startswith("ringfence: warning: this box is without Landlock"), done
        report = here.report()
        assert (report["state"], report["lacking"], "Landlock" in report["layers"]) == (
            "ended",
            ["Landlock"],
            False,
        )
        words = here.ringfence("run", "--report", here.session())
        assert "without Landlock, as --allow-degraded let it" in words.out
        whole = here.ringfence("run", "--allow-degraded", "--", "true")
        assert (whole.exit, whole.err, here.report()["lacking"]) == (0, "", [])


def test_a_limit_on_memory_that_no_group_holds_the_box_to_is_said() -> None:
    with place("ordinary") as here:
        here.policy("version: 1\nagents: {profiles: {sh: {sandbox: {memory: 2 GiB}}}}\n")
        done = here.run("sh", "-c", "echo ran")
        if os.geteuid() != 0 and not done.err:
            pytest.skip("here an ordinary user has a control group")
        assert (done.exit, done.out) == (0, "ran\n")
        assert done.err.startswith(
            "ringfence: warning: memory is bounded for each process alone, not for all of them: "
            "a control group for memory: "
        ), done


@pytest.mark.parametrize("user", USERS)
def test_without_user_namespaces_there_is_no_box(user: str) -> None:
    with place(user) as here:
        for options in ((), ("--allow-degraded",)):
            done = here.ringfence("run", *options, "--", "touch", "ran", before=_NO_NAMESPACES)
            assert (done.exit, done.out) == (125, "")
            assert done.err.startswith("ringfence: error: no box: user namespace: "), done
            assert "hint: something keeps this process from making namespaces" in done.err
        assert here.names() == []


def test_a_full_process_table_is_said() -> None:
    def full() -> None:
        resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))

    with place(USERS[-1]) as here:
        done = here.run("touch", "ran", before=(full,))
        assert (done.exit, done.out) == (125, "")
        assert "hint: no more processes can be had" in done.err, done
        assert here.names() == []


def test_too_few_open_files_are_said() -> None:
    def few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (12, 12))

    with place() as here:
        done = here.run("touch", "ran", before=(few,))
        assert (done.exit, done.out) == (125, "")
        assert "open files" in done.err or "too many files are open" in done.err, done
        assert here.names() == []


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (errno.EAGAIN, "no more processes can be had"),
        (errno.ENOMEM, "no more memory can be had"),
        (errno.ENOSPC, "too many namespaces"),
    ],
)
@pytest.mark.parametrize("user", USERS)
def test_a_machine_that_has_no_more_of_something_says_of_what(user: str, error: int, hint: str) -> None:
    with place(user) as here:
        done = here.run("touch", "ran", before=(_answering(_CLONE, error, with_bit=_NEWPID),))
        assert (done.exit, done.out, f"hint: {hint}" in done.err) == (125, "", True), done
        assert here.names() == []
        assert here.run("true").exit == 0


def test_that_there_are_no_more_threads_is_said() -> None:
    with place() as here:
        done = here.run("touch", "ran", before=(_answering(_CLONE3, errno.EAGAIN),))
        assert (done.exit, done.out) == (125, ""), done
        assert "ringfence: hint: " in done.err
        assert here.names() == []


def test_the_numbers_are_those_of_this_machine() -> None:
    assert kernel.MACHINE not in _NUMBERS or _LANDLOCK
