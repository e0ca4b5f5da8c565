"""Control groups: real ones of version 1 as root, and version 2 as a tree of folders that looks like it."""

import errno
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from filtering import in_child
from needs import missing
from ringfence.sandbox.linux.cgroups import Group, Used, make
from ringfence.sandbox.plan import Limits

_MIB = 1024 * 1024
_BOTH = Limits(memory_bytes=64 * _MIB, processes=20)


@pytest.fixture
def real() -> Group:
    return _made(_BOTH)


@pytest.fixture
def of_processes() -> Group:
    """One that has room for forks of this process, however large it is by now."""
    return _made(Limits(processes=20))


def _made(limits: Limits) -> Group:
    group = make(limits, "test", launcher=os.getpid())
    if not group.folders:
        missing("a control group", f"run as root, or where one is delegated: {group.lacking}")
    return group


def test_a_box_that_takes_too_much_memory_is_killed_and_counted(real: Group) -> None:
    def work() -> None:
        real.join(os.getpid())
        bytearray(b"x") * (200 * _MIB)

    try:
        assert in_child(work).signal == signal.SIGKILL
        used = real.used()
        assert used.killed_for_memory == 1
        assert used.memory_peak_bytes is not None
        assert 60 * _MIB < used.memory_peak_bytes <= 64 * _MIB
    finally:
        assert real.remove()


@pytest.mark.parametrize("joined", [os.getpid, lambda: 0], ids=["by number", "by itself"])
def test_a_box_starts_no_more_processes_than_its_group_has_and_all_of_it_is_killed(
    of_processes: Group, joined: Callable[[], int]
) -> None:
    def work() -> list[int]:
        of_processes.join(joined())
        made = []
        try:
            for _ in range(100):
                made.append(os.fork())
                if made[-1] == 0:
                    signal.pause()
        except BlockingIOError:
            return made
        return []

    processes = in_child(work).returned
    assert isinstance(processes, list)
    assert len(processes) == 19
    assert of_processes.used().refused_processes == 1
    while not of_processes.remove():  # its processes are killed, and end
        pass
    assert [Path(folder).exists() for folder in of_processes.folders] == [False] * len(of_processes.folders)
    assert of_processes.remove()  # nothing to do


def test_what_a_killed_launcher_left_behind_is_removed_by_the_next(real: Group) -> None:
    gone = os.fork()
    if gone == 0:
        os._exit(0)
    os.waitpid(gone, 0)
    left = make(_BOTH, "left", launcher=gone)
    here = make(_BOTH, "here", launcher=os.getpid())
    try:
        assert [Path(folder).exists() for folder in left.folders] == [False] * len(left.folders)
        assert [Path(folder).exists() for folder in real.folders] == [True] * len(real.folders)
    finally:
        assert here.remove()
        assert real.remove()


def test_nothing_is_made_where_nothing_is_asked_for() -> None:
    assert make(Limits(open_files=5), "test", launcher=1) == Group()


def _version_2(tmp_path: Path, *, own: str, handed_down: str, files: tuple[str, ...] = ()) -> Path:
    """A /proc whose own group stands in a tree of folders; returns that /proc."""
    proc, top = tmp_path / "proc", tmp_path / "cgroup"
    (proc / "self").mkdir(parents=True)
    (proc / "self/cgroup").write_text(f"0::{own}\n")
    (proc / "self/mountinfo").write_text(
        "22 1 0:21 / /proc rw,relatime shared:5 - proc proc rw\n"
        f"41 31 0:38 / {top} rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
    )
    leaf = top / own.lstrip("/")
    leaf.mkdir(parents=True)
    for folder in (leaf, leaf.parent):
        (folder / "cgroup.procs").write_text("")
        (folder / "cgroup.subtree_control").write_text("")
    (leaf.parent / "cgroup.subtree_control").write_text(handed_down)
    group = leaf.parent / "ringfence-7-box"
    for name in files:
        group.mkdir(exist_ok=True)
        (group / name).write_text("-\n")
    return proc


_FILES = ("memory.max", "memory.swap.max", "pids.max", "cgroup.procs")


def test_version_2_takes_the_nearest_group_that_hands_down_both(tmp_path: Path) -> None:
    proc = _version_2(
        tmp_path, own="/user/app.slice/terminal.scope", handed_down="cpu memory pids", files=_FILES
    )
    group = make(_BOTH, "box", launcher=7, proc=proc)
    folder = tmp_path / "cgroup/user/app.slice/ringfence-7-box"
    assert group == Group(folders=(str(folder),), memory=True)
    assert {name: (folder / name).read_text().strip() for name in _FILES[:3]} == {
        "memory.max": str(64 * _MIB),
        "memory.swap.max": "0",
        "pids.max": "20",
    }
    group.join(4711)
    assert (folder / "cgroup.procs").read_text() == "4711"


def test_version_2_says_what_was_used(tmp_path: Path) -> None:
    (tmp_path / "memory.peak").write_text("1048576\n")
    (tmp_path / "memory.events").write_text("low 0\nhigh 0\nmax 9\noom 2\noom_kill 2\noom_group_kill 0\n")
    (tmp_path / "pids.events").write_text("max 5\n")
    group = Group(folders=(str(tmp_path),), memory=True)
    assert group.used() == Used(memory_peak_bytes=1048576, killed_for_memory=2, refused_processes=5)
    assert replace(group, folders=(str(tmp_path / "gone"),)).used() == Used()


@pytest.mark.parametrize("handed_down", ["", "cpu", "memory", "pids cpu"])
def test_where_no_group_hands_down_both_it_is_said(tmp_path: Path, handed_down: str) -> None:
    proc = _version_2(tmp_path, own="/user/app.slice/terminal.scope", handed_down=handed_down)
    why = "none that this user may use hands down memory and pids"
    lacking = (("a control group for memory", why), ("a control group for pids", why))
    assert make(_BOTH, "box", launcher=7, proc=proc) == Group(lacking=lacking)


def test_where_none_are_mounted_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "self").mkdir()
    (tmp_path / "self/cgroup").write_text("0::/\n")
    (tmp_path / "self/mountinfo").write_text("22 1 0:21 / /proc rw - proc proc rw\n")
    group = make(Limits(memory_bytes=_MIB), "box", launcher=7, proc=tmp_path)
    assert group == Group(lacking=(("a control group for memory", "no control groups are mounted"),))


def test_an_ordinary_user_without_delegation_has_none_and_it_is_said() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")

    def work() -> list[object]:
        os.setgroups([])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
        group = make(_BOTH, "box", launcher=os.getpid())
        return [list(group.folders), group.memory, len(group.lacking)]

    assert in_child(work).returned == [[], False, 2]


@pytest.mark.parametrize("pid", [0, 4711])
def test_a_group_that_is_gone_cannot_be_joined(tmp_path: Path, pid: int) -> None:
    with pytest.raises(FileNotFoundError):
        Group(folders=(str(tmp_path / "gone"),)).join(pid)


def test_a_process_that_has_ended_cannot_join(real: Group) -> None:
    gone = os.fork()
    if gone == 0:
        os._exit(0)
    os.waitpid(gone, 0)
    try:
        with pytest.raises(OSError) as raised:
            real.join(gone)
        assert raised.value.errno == errno.ESRCH
    finally:
        assert real.remove()
