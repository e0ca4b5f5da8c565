"""The filter's program, run by a small interpreter over every number and drawn arguments.

What is expected is written here from what a box promises, not taken from the tables.
"""

import errno
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.sandbox.linux.seccomp.calls import CALLS, Fate
from ringfence.sandbox.linux.seccomp.program import UnknownMachine, program, program_allowing
from ringfence.sandbox.linux.seccomp.rules import RULES

_AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_ALLOWED, _TOLD, _KILLED = "allowed", "told", "killed"
_EPERM, _ENOSYS, _EPROTONOSUPPORT = errno.EPERM, errno.ENOSYS, errno.EPROTONOSUPPORT
_QUIET = 0x5EED1234


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_REFUSED = _names("""
    userfaultfd bpf add_key request_key keyctl mount umount2 pivot_root chroot open_tree open_tree_attr
    move_mount fsopen fsconfig fsmount fspick mount_setattr setns init_module finit_module delete_module
    kexec_load kexec_file_load perf_event_open ptrace process_vm_readv process_vm_writev pidfd_getfd kcmp
    open_by_handle_at fanotify_init fanotify_mark swapon swapoff reboot quotactl quotactl_fd acct
    settimeofday clock_settime adjtimex clock_adjtime sethostname setdomainname iopl ioperm syslog vhangup
""")
_FOR_DEBUGGING = {"ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "kcmp"}
_FALLEN_BACK_FROM = {"clone3", "io_uring_setup", "io_uring_enter", "io_uring_register"}
_EVERYDAY = _names("""
    read write openat close mmap mprotect execve execveat exit_group wait4 futex rt_sigaction kill connect
    bind listen accept4 sendmsg recvmsg epoll_pwait memfd_create statx renameat2 getrandom
    landlock_restrict_self seccomp setuid setresuid capset shmget semget msgget mq_open splice vmsplice
    inotify_add_watch io_setup pidfd_open pidfd_send_signal prlimit64 sched_setaffinity fchmodat
    copy_file_range rseq membarrier
""")
_MACHINES = pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
_WORD = st.integers(0, 2**64 - 1)


def _run(code: bytes, number: int, *arguments: int, audit: int) -> str | int:
    """What the kernel would do; an error as its number."""
    six = [a & (2**64 - 1) for a in (*arguments, *(0,) * (6 - len(arguments)))]
    data = struct.pack("=IIQ6Q", number & 0xFFFFFFFF, audit, 0, *six)
    steps = [struct.unpack_from("=HBBI", code, at) for at in range(0, len(code), 8)]
    at, a = 0, 0
    while True:
        what, if_true, if_false, k = steps[at]
        at += 1
        match what:
            case 0x20:
                (a,) = struct.unpack_from("=I", data, k)
            case 0x54:
                a &= k
            case 0x05:
                at += k
            case 0x15:
                at += if_true if a == k else if_false
            case 0x35:
                at += if_true if a >= k else if_false
            case 0x06:
                return _said(k)
            case _:
                raise AssertionError(what)


def _said(value: int) -> str | int:
    match value & 0xFFFF0000:
        case 0x7FFF0000:
            return _ALLOWED
        case 0x7FC00000:
            return _TOLD
        case 0x80000000:
            return _KILLED
        case 0x00050000:
            return value & 0xFFFF
    raise AssertionError(value)


def _asked(machine: str, name: str, *arguments: int, debug: bool = False) -> str | int:
    number = CALLS[name].number(machine)
    assert number is not None
    return _run(
        program(machine=machine, debug=debug, quiet=_QUIET), number, *arguments, audit=_AUDIT[machine]
    )


@_MACHINES
@pytest.mark.parametrize("debug", [False, True])
def test_each_number_meets_the_fate_that_the_table_names_and_an_unknown_one_is_absent(
    machine: str, debug: bool
) -> None:
    names = {call.number(machine): name for name, call in CALLS.items()}
    code = program(machine=machine, debug=debug, quiet=_QUIET)
    words = {
        Fate.ALLOW: _ALLOWED,
        Fate.REFUSE: _EPERM,
        Fate.TELL: _TOLD,
        Fate.ABSENT: _ENOSYS,
    }
    for number in range(2000):
        name = names.get(number)
        got = _run(code, number, audit=_AUDIT[machine])
        if name is None:
            assert got == _ENOSYS, number
        elif debug and name in _FOR_DEBUGGING:
            assert got == _ALLOWED, name
        elif CALLS[name].fate is not Fate.BY_ARGUMENT:
            assert got == words[CALLS[name].fate], name


@_MACHINES
def test_what_a_box_promises_to_refuse_is_refused_and_what_programs_live_on_is_allowed(machine: str) -> None:
    there = {name for name, call in CALLS.items() if call.number(machine) is not None}
    assert {_asked(machine, name) for name in _REFUSED & there} == {_TOLD, _EPERM}
    assert {_asked(machine, name) for name in _FALLEN_BACK_FROM} == {_ENOSYS}
    assert {_asked(machine, name) for name in _EVERYDAY & there} == {_ALLOWED}
    assert {_asked(machine, name, debug=True) for name in _FOR_DEBUGGING} == {_ALLOWED}
    assert {_asked(machine, name, debug=True) for name in (_REFUSED & there) - _FOR_DEBUGGING} == {
        _TOLD,
        _EPERM,
    }


@_MACHINES
def test_every_other_way_in_kills(machine: str) -> None:
    code = program(machine=machine, debug=False, quiet=_QUIET)
    for audit in (0x40000003, 0x40000028, 0xC00000B7, 0xC000003E, 0xC00000F3, 0):
        if audit != _AUDIT[machine]:
            assert {_run(code, number, audit=audit) for number in range(600)} == {_KILLED}


@given(st.integers(0x40000000, 0xFFFFFFFE))
@settings(deadline=None)
def test_the_numbers_of_x32_kill_and_a_call_that_a_tracer_took_away_is_absent(number: int) -> None:
    code = program(machine="x86_64", debug=True, quiet=_QUIET)
    assert _run(code, number, audit=_AUDIT["x86_64"]) == _KILLED
    assert _run(code, -1, audit=_AUDIT["x86_64"]) == _ENOSYS


@given(st.integers(600, 0xFFFFFFFF))
@settings(deadline=None)
def test_a_number_that_nobody_knows_is_absent_on_aarch64(number: int) -> None:
    code = program(machine="aarch64", debug=False, quiet=_QUIET)
    assert _run(code, number, audit=_AUDIT["aarch64"]) == _ENOSYS


@_MACHINES
@given(flags=_WORD, rest=_WORD)
@settings(deadline=None)
def test_no_clone_makes_a_namespace(machine: str, flags: int, rest: int) -> None:
    new = [0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000]
    assert [_asked(machine, "clone", each | 17) for each in new] == [_TOLD] * len(new)
    wants_one = any(flags & each for each in new)
    assert _asked(machine, "clone", flags, rest) == (_TOLD if wants_one else _ALLOWED)
    assert _asked(machine, "clone", 0x003D0F00, rest) == _ALLOWED  # a thread, as the C library makes it


@_MACHINES
@given(flags=_WORD)
@settings(deadline=None)
def test_unshare_parts_only_with_what_stays_in_the_process(machine: str, flags: int) -> None:
    harmless = flags & 0xFFFFFFFF & ~(0x200 | 0x400 | 0x40000) == 0
    assert _asked(machine, "unshare", flags) == (_ALLOWED if harmless else _TOLD)
    assert _asked(machine, "unshare", 0x400) == _ALLOWED


_FAMILIES = st.one_of(st.sampled_from([1, 2, 10, 16, 17, 38, 40]), st.integers(0, 64))
_TYPES = st.one_of(st.sampled_from([1, 2, 3, 5, 10]), st.integers(0, 15))
_PROTOCOLS = st.one_of(st.sampled_from([0, 1, 6, 17, 132, 255, 262]), st.integers(0, 300))


@_MACHINES
@given(
    family=_FAMILIES,
    kind=_TYPES,
    flags=st.sampled_from([0, 0o4000, 0o2000000, 0o2004000]),
    protocol=_PROTOCOLS,
    high=st.integers(0, 2**32 - 1),
)
@settings(deadline=None, max_examples=500)
def test_sockets_are_local_tcp_udp_or_ask_for_routes(
    machine: str, family: int, kind: int, flags: int, protocol: int, high: int
) -> None:
    match family, kind, protocol:
        case (1, 1 | 2 | 5, _) | (2 | 10, 1, 0 | 6) | (2 | 10, 2, 0 | 17) | (16, _, 0):
            expected: str | int = _ALLOWED
        case (16, _, _) | (2 | 10, 1, 262):
            expected = _EPROTONOSUPPORT
        case _:
            expected = _TOLD
    top = high << 32
    assert _asked(machine, "socket", top | family, top | kind | flags, top | protocol) == expected
    assert _asked(machine, "socketpair", top | family, kind | flags) == (_ALLOWED if family == 1 else _TOLD)


@_MACHINES
@given(high=st.integers(0, 2**32 - 1), drawn=st.integers(0, 0xFFFFFFFF), fd=_WORD)
@settings(deadline=None)
def test_no_high_bit_lets_a_terminal_be_typed_into(machine: str, high: int, drawn: int, fd: int) -> None:
    refused = {0x5412, 0x541C, 0x541D, 0x5423, 0x5437, 0x5457, 0xAA00}
    for request in (*refused, 0x5401, 0x5413, 0x5414, 0x540F, drawn):
        expected = _TOLD if request in refused else _ALLOWED
        assert _asked(machine, "ioctl", fd, high << 32 | request) == expected


@_MACHINES
@given(persona=_WORD)
@settings(deadline=None)
def test_only_usual_personalities_are_taken_on(machine: str, persona: int) -> None:
    usual = persona & 0xFFFFFFFF in (0, 8, 0x40000, 0xFFFFFFFF)
    assert _asked(machine, "personality", persona) == (_ALLOWED if usual else _TOLD)
    assert _asked(machine, "personality", 0x0400000) == _TOLD  # READ_IMPLIES_EXEC
    assert _asked(machine, "personality", 0xFFFFFFFF) == _ALLOWED


@_MACHINES
@given(option=_WORD)
@settings(deadline=None)
def test_a_process_may_change_all_of_itself_but_where_its_memory_lies(machine: str, option: int) -> None:
    refused = option & 0xFFFFFFFF == 35
    assert _asked(machine, "prctl", option) == (_EPERM if refused else _ALLOWED)
    assert _asked(machine, "prctl", 35) == _EPERM
    assert _asked(machine, "prctl", 22) == _ALLOWED  # PR_SET_SECCOMP


@_MACHINES
@given(mode=st.integers(0, 0xFFFF), high=st.integers(0, 2**48 - 1))
@settings(deadline=None)
def test_no_device_is_made(machine: str, mode: int, high: int) -> None:
    expected = _TOLD if mode & 0o170000 in (0o020000, 0o060000) else _ALLOWED
    assert _asked(machine, "mknodat", 0, 0, high << 16 | mode) == expected
    if machine == "x86_64":
        assert _asked(machine, "mknod", 0, high << 16 | mode) == expected


@_MACHINES
def test_the_drawn_number_makes_a_refusal_quiet_and_never_an_allowance(machine: str) -> None:
    for name, call in CALLS.items():
        if call.number(machine) is None:
            continue
        loud = _asked(machine, name, 0xFFFF, 0x5412, 0xFFFF, 0, 0, _QUIET + 1)
        quiet = _asked(machine, name, 0xFFFF, 0x5412, 0xFFFF, 0, 0, _QUIET)
        assert quiet == (_EPERM if loud == _TOLD else loud), name


@_MACHINES
def test_without_anybody_to_tell_what_would_be_told_is_refused_alike(machine: str) -> None:
    silent = program(machine=machine, debug=False, quiet=_QUIET, tells=False)
    for name, call in CALLS.items():
        number = call.number(machine)
        if number is not None:
            told = _asked(machine, name, 0xFFFF, 0x5412, 0xFFFF)
            got = _run(silent, number, 0xFFFF, 0x5412, 0xFFFF, audit=_AUDIT[machine])
            assert got == (_EPERM if told == _TOLD else told), name


@pytest.mark.parametrize("machine", ["riscv64", "i686", "armv7l", "ppc64le", ""])
def test_a_machine_without_a_table_starts_nothing(machine: str) -> None:
    with pytest.raises(UnknownMachine) as raised:
        program(machine=machine, debug=False, quiet=_QUIET)
    assert raised.value.what == "boxes run on x86_64 and aarch64, and this machine is neither"
    assert raised.value.hint == "run the command on a machine of one of these kinds"


@_MACHINES
def test_a_process_that_names_what_it_needs_has_nothing_else(machine: str) -> None:
    calls = {"read": None, "socketpair": RULES["socketpair"]}
    code = program_allowing(calls, machine=machine)

    def said(name: str, *arguments: int) -> str | int:
        return _run(code, CALLS[name].number(machine) or 0, *arguments, audit=_AUDIT[machine])

    there = {name for name, call in CALLS.items() if call.number(machine) is not None}
    assert (said("read"), said("socketpair", 1), said("socketpair", 2)) == (_ALLOWED, _ALLOWED, _EPERM)
    assert {said(name) for name in there - calls.keys()} == {_EPERM, _ENOSYS}
    assert {name for name in there if said(name) == _ENOSYS} >= _FALLEN_BACK_FROM
    assert _run(code, 3_000, audit=_AUDIT[machine]) == _ENOSYS
    assert _run(code, 0, audit=1) == _KILLED
