"""Limits in real processes: they bind, they never rise, and what cannot be had is said."""

import errno
import json
import mmap
import os
import resource
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from filtering import in_child
from ringfence.sandbox.linux.kernel import call
from ringfence.sandbox.linux.limits import apply, narrow
from ringfence.sandbox.plan import Limits

_NEW_USER, _NEW_PIDS, _NEW_MOUNTS = 0x10000000, 0x20000000, 0x00020000
_MIB = 1024 * 1024
_ALL = Limits(memory_bytes=512 * _MIB, processes=40, open_files=50, file_bytes=_MIB, cpu_s=100)


def _somebody(*, namespaces: int = _NEW_USER) -> None:
    """As a command of a box is: nobody on the host, with a user namespace of its own."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
        call("prctl", 4, 1, 0, 0, 0)  # PR_SET_DUMPABLE: what is in /proc of it is its own
    call("unshare", namespaces)


def _as_first(work: Callable[[], object]) -> Callable[[], object]:
    """`work` as the first of a process namespace of somebody, whose end ends all that it started."""

    def confined() -> object:
        _somebody(namespaces=_NEW_USER | _NEW_PIDS | _NEW_MOUNTS)
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.write(write, json.dumps(work()).encode())
            finally:
                os._exit(0)
        os.close(write)
        os.waitpid(pid, 0)
        with os.fdopen(read) as file:
            return json.load(file)

    return confined


def _error(action: Callable[[], object]) -> int:
    try:
        action()
    except OSError as error:
        return error.errno or -1
    return 0


def test_each_limit_is_set_for_good() -> None:
    def work() -> list[object]:
        apply(_ALL, grouped=False)
        kinds = (
            resource.RLIMIT_CORE,
            resource.RLIMIT_NPROC,
            resource.RLIMIT_NOFILE,
            resource.RLIMIT_FSIZE,
            resource.RLIMIT_CPU,
            resource.RLIMIT_DATA,
        )
        return [list(resource.getrlimit(kind)) for kind in kinds]

    values = [0, 41, 50, _MIB, 100, 512 * _MIB]
    assert in_child(work).returned == [[value, value] for value in values]


def test_where_a_group_bounds_memory_that_of_each_is_not_bounded() -> None:
    def work() -> list[int]:
        apply(_ALL, grouped=True)
        return list(resource.getrlimit(resource.RLIMIT_DATA))

    assert in_child(work).returned == list(resource.getrlimit(resource.RLIMIT_DATA))


def test_a_limit_of_the_machine_that_is_lower_stays() -> None:
    def work() -> list[int]:
        resource.setrlimit(resource.RLIMIT_NOFILE, (20, 30))
        apply(Limits(open_files=1000), grouped=False)
        return list(resource.getrlimit(resource.RLIMIT_NOFILE))

    assert in_child(work).returned == [30, 30]


def test_nothing_is_bounded_that_the_plan_does_not_bound_but_core_dumps() -> None:
    def all_limits() -> list[list[int]]:
        names = sorted(name for name in dir(resource) if name.startswith("RLIMIT_") and name != "RLIMIT_CORE")
        return [list(resource.getrlimit(getattr(resource, name))) for name in names]

    def work() -> list[object]:
        before = all_limits()
        apply(Limits(), grouped=False)
        return [before == all_limits(), list(resource.getrlimit(resource.RLIMIT_CORE))]

    assert in_child(work).returned == [True, [0, 0]]


def test_processes_files_and_descriptors_run_out_where_the_plan_says(tmp_path: Path) -> None:
    with (tmp_path / "file").open("wb") as file:

        def forks() -> int:
            for made in range(100):
                try:
                    if os.fork() == 0:
                        signal.pause()
                except BlockingIOError:
                    return made
            return -1

        def work() -> list[int]:
            apply(Limits(processes=10, open_files=50, file_bytes=_MIB), grouped=False)
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            return [
                _error(lambda: os.pwrite(file.fileno(), b"x", _MIB)),
                _error(lambda: [os.dup(0) for _ in range(100)]),
                forks(),
            ]

        # Beside these there are this one, and the one that waits for it: a box's init, which does not count.
        assert in_child(_as_first(work)).returned == [errno.EFBIG, errno.EMFILE, 9]


def test_processor_time_ends() -> None:
    def work() -> None:
        apply(Limits(cpu_s=1), grouped=False)
        while True:
            pass

    assert in_child(work).signal == signal.SIGKILL


def test_no_memory_is_had_beyond_the_limit_and_addresses_are() -> None:
    def work() -> bool:
        apply(Limits(memory_bytes=256 * _MIB), grouped=False)
        mmap.mmap(-1, 2048 * _MIB, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=0)
        try:
            bytearray(512 * _MIB)
        except MemoryError:
            return True
        return False

    assert in_child(work).returned is True


def test_within_its_own_namespaces_a_box_makes_no_user_namespace_and_few_processes() -> None:
    def work() -> list[object]:
        call("mount", b"proc", b"/proc", b"proc", 0, None)
        lacking = narrow(Limits(processes=40))
        nested = _error(lambda: call("unshare", _NEW_USER))
        return [list(lacking), nested, int(Path("/proc/sys/kernel/pid_max").read_text())]

    lacking, nested, highest = in_child(_as_first(work)).returned  # type: ignore[misc]
    assert nested == errno.ENOSPC
    if tuple(map(int, os.uname().release.split(".")[:2])) >= (6, 14):
        assert (lacking, highest) == ([], 342)
    else:  # there is one bound for the whole machine, which is root's
        assert [what for what, _ in lacking] == ["a bound on process numbers"]


def test_the_machine_s_own_namespaces_are_never_bounded() -> None:
    setting = Path("/proc/sys/user/max_user_namespaces")
    before = setting.read_text()
    if os.stat("/proc/self/ns/user").st_ino != 0xEFFFFFFD:
        pytest.skip("this is no machine's own user namespace")
    assert narrow(Limits(processes=40)) == (("namespaces of its own", "the user namespace is the machine's"),)
    assert setting.read_text() == before


def test_what_cannot_be_bounded_is_said() -> None:
    def work() -> list[object]:
        _somebody()
        call("capset", b"\x22\x05\x08\x20" + b"\0" * 4, b"\0" * 24)
        return [list(each) for each in narrow(Limits(processes=40))]

    assert in_child(work).returned == [
        ["no user namespaces within", "permission denied"],
        ["a bound on process numbers", "permission denied"],
    ]
