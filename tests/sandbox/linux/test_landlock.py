"""Landlock in real processes: what a plan's places allow, and that nothing else is."""

import ctypes
import errno
import os
import signal
import socket
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from filtering import Ended, in_child, no_new_privileges
from needs import missing
from ringfence.sandbox.linux import landlock
from ringfence.sandbox.linux.kernel import call
from ringfence.sandbox.linux.landlock import Landlocked, abi, restrict
from ringfence.sandbox.plan import Mount, MountKind, Why

_WHY = Why(text="test")
_EACCES, _EXDEV, _EPERM = errno.EACCES, errno.EXDEV, errno.EPERM
_PROGRAMS = ("/usr", "/bin", "/lib", "/lib64", "/etc/ld.so.cache")


@pytest.fixture(autouse=True)
def _a_kernel_with_landlock() -> None:
    try:
        abi()
    except OSError:
        missing("Landlock", "start a kernel with lsm=landlock")


def _mount(target: object, kind: MountKind, *, runs: bool = True) -> Mount:
    return Mount(target=str(target), kind=kind, why=_WHY, runs=runs)


def _programs() -> list[Mount]:
    return [_mount(path, MountKind.READ) for path in _PROGRAMS if Path(path).exists()]


def _held(work: Callable[[], object], *mounts: Mount, loopback: bool = True) -> Ended:
    def confined() -> object:
        restrict(mounts, loopback=loopback)
        return work()

    return in_child(confined, prepare=no_new_privileges)


def _error(action: Callable[[], object]) -> int:
    try:
        action()
    except OSError as error:
        return error.errno or -1
    return 0


def _folder(tmp_path: Path, name: str) -> Path:
    folder = tmp_path / name
    (folder / "below").mkdir(parents=True)
    (folder / "file").write_text("text")
    return folder


def test_places_are_read_written_and_left_alone_as_the_plan_says(tmp_path: Path) -> None:
    read, write, other = (_folder(tmp_path, name) for name in ("read", "write", "other"))

    def tried(folder: Path) -> list[int]:
        return [
            _error((folder / "file").read_text),
            _error(lambda: os.listdir(folder / "below")),
            _error(lambda: (folder / "file").open("r+")),
            _error(lambda: (folder / "below/new").write_text("x")),
            _error((folder / "new").mkdir),
            _error(lambda: os.truncate(folder / "file", 0)),
            _error(lambda: os.symlink("x", folder / "link")),
            _error(lambda: (folder / "below/new").rename(folder / "moved")),
            _error((folder / "file").unlink),
        ]

    def work() -> dict[str, list[int]]:
        return {folder.name: tried(folder) for folder in (read, write, other)}

    ended = _held(work, _mount(read, MountKind.READ), _mount(write, MountKind.WRITE))
    assert ended.returned == {
        "read": [0, 0, _EACCES, _EACCES, _EACCES, _EACCES, _EACCES, errno.ENOENT, _EACCES],
        "write": [0] * 9,
        # Folders can be listed everywhere: a box's root has none but those of its plan.
        "other": [_EACCES, 0, _EACCES, _EACCES, _EACCES, _EACCES, _EACCES, errno.ENOENT, _EACCES],
    }


def test_files_move_between_places_that_can_be_written_and_to_no_other(tmp_path: Path) -> None:
    one, two, read = (_folder(tmp_path, name) for name in ("one", "two", "read"))

    def work() -> list[int]:
        return [
            _error(lambda: os.rename(one / "file", two / "moved")),
            _error(lambda: os.link(two / "moved", one / "again")),
            _error(lambda: os.rename(two / "moved", read / "moved")),
            _error(lambda: os.link(read / "file", one / "stolen")),
        ]

    ended = _held(
        work, _mount(one, MountKind.WRITE), _mount(two, MountKind.MEMORY), _mount(read, MountKind.READ)
    )
    assert ended.returned == [0, 0, _EACCES, _EXDEV]


def test_programs_start_only_where_the_plan_lets_them(tmp_path: Path) -> None:
    runs, lies = tmp_path / "runs", tmp_path / "lies"
    for folder in (runs, lies):
        folder.mkdir()
        (folder / "true").write_bytes(Path("/bin/true").read_bytes())
        (folder / "true").chmod(0o755)

    def work() -> list[int]:
        return [
            _error(lambda: os.posix_spawn(runs / "true", ["true"], {})),
            _error(lambda: os.posix_spawn(lies / "true", ["true"], {})),
        ]

    ended = _held(
        work, *_programs(), _mount(runs, MountKind.WRITE), _mount(lies, MountKind.WRITE, runs=False)
    )
    assert ended.returned == [0, _EACCES]


def test_what_stands_in_a_place_of_its_own_adds_to_the_place_above(tmp_path: Path) -> None:
    above = _folder(tmp_path, "above")

    def work() -> list[int]:
        return [
            _error(lambda: (above / "file").open("r+")),
            _error(lambda: (above / "below/new").write_text("x")),
        ]

    ended = _held(work, _mount(above, MountKind.READ), _mount(above / "below", MountKind.WRITE))
    assert ended.returned == [_EACCES, 0]


def test_what_is_in_proc_is_read_and_written_by_its_owner() -> None:
    def work() -> list[int]:
        return [
            _error(lambda: open("/proc/self/status").read()),
            _error(lambda: open("/proc/self/comm", "w").write("landlock")),
            _error(lambda: os.readlink("/proc/self/exe")),
        ]

    assert _held(work, _mount("/proc", MountKind.PROC)).returned == [0, 0, 0]


def test_devices_are_used_and_none_is_made() -> None:
    def work() -> list[int]:
        _, slave = os.openpty()
        return [
            _error(lambda: open("/dev/null", "wb").write(b"x")),
            _error(lambda: open("/dev/zero", "rb").read(1)),
            _error(lambda: os.get_terminal_size(os.open(os.ttyname(slave), os.O_RDWR | os.O_NOCTTY))),
            _error(lambda: open("/dev/new", "w")),
            _error(lambda: os.mknod("/dev/new", 0o020600, os.makedev(1, 3))),
            _error(lambda: (open("/dev/shm/landlock-test", "w"), os.unlink("/dev/shm/landlock-test"))),
            _error(lambda: os.mkfifo("/dev/shm/landlock-test")),
        ]

    held = _held(work, _mount("/dev", MountKind.DEVICES)).returned
    assert held == [0, 0, 0, _EACCES, _EACCES if os.geteuid() == 0 else held[4], 0, _EACCES]


@pytest.mark.parametrize("loopback", [True, False])
def test_tcp_is_had_where_the_plan_has_loopback(loopback: bool) -> None:
    def work() -> list[int]:
        listener, client = socket.socket(), socket.socket()
        bound = _error(lambda: listener.bind(("127.0.0.1", 0)))
        return [bound, _error(lambda: client.connect(("127.0.0.1", 9)))]

    expected = [0, errno.ECONNREFUSED] if loopback else [_EACCES, _EACCES]
    assert _held(work, loopback=loopback).returned == expected


def test_abstract_sockets_and_signals_stay_among_those_within() -> None:
    outside = socket.socket(socket.AF_UNIX)
    name = f"\0landlock-test-{os.getpid()}"
    outside.bind(name)
    outside.listen()
    parent = os.getpid()

    def work() -> list[int]:
        inside = socket.socket(socket.AF_UNIX)
        within = f"{name}-{os.getpid()}"
        inside.bind(within)
        inside.listen()
        child = os.fork()
        if child == 0:
            signal.pause()
        return [
            _error(lambda: socket.socket(socket.AF_UNIX).connect(name)),
            _error(lambda: socket.socket(socket.AF_UNIX).connect(within)),
            _error(lambda: os.kill(parent, 0)),
            _error(lambda: os.kill(child, signal.SIGKILL)),
        ]

    with outside:
        assert _held(work).returned == [_EPERM, 0, _EPERM, 0]
        assert in_child(work).returned == [0, 0, 0, 0]


def test_it_holds_somebody_who_has_no_privilege_at_all(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    folder = _folder(tmp_path, "open")
    for path in (*tmp_path.parents, tmp_path, folder):
        if not path.stat().st_mode & 0o001 and path.is_relative_to("/tmp"):
            path.chmod(0o755)

    def work() -> list[int]:
        os.setgroups([])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
        no_new_privileges()
        restrict([_mount("/usr", MountKind.READ)], loopback=True)
        return [_error(lambda: os.scandir("/usr/bin").close()), _error((folder / "file").read_text)]

    assert in_child(work).returned == [0, _EACCES]


def test_it_says_what_it_applied_and_what_it_lacks() -> None:
    def work() -> list[object]:
        done = restrict([], loopback=True)
        return [done.abi, len(done.lacking)]

    lacking = sum(since > abi() for since in (2, 3, 4, 5, 6, 9))
    assert in_child(work, prepare=no_new_privileges).returned == [abi(), lacking]


@pytest.mark.parametrize(
    ("version", "attributes", "lacking"),
    [
        (1, struct.pack("=Q", 0x1FFF), 6),
        (2, struct.pack("=Q", 0x3FFF), 5),
        (3, struct.pack("=Q", 0x7FFF), 4),
        (4, struct.pack("=QQ", 0x7FFF, 3), 3),
        (5, struct.pack("=QQ", 0xFFFF, 3), 2),
        (6, struct.pack("=QQQ", 0xFFFF, 3, 3), 1),
        (7, struct.pack("=QQQ", 0xFFFF, 3, 3), 1),
        (8, struct.pack("=QQQ", 0xFFFF, 3, 3), 1),
        (9, struct.pack("=QQQ", 0x1FFFF, 3, 3), 0),
        (12, struct.pack("=QQQ", 0x1FFFF, 3, 3), 0),
    ],
)
def test_each_kernel_is_asked_for_all_it_knows_and_no_more(
    version: int, attributes: bytes, lacking: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[object, ...]] = []

    def simulated(name: str, *arguments: int | bytes | None) -> int:
        asked.append((name, *arguments))
        if name == "landlock_create_ruleset":
            return version if arguments[0] is None else os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
        return 0

    monkeypatch.setattr(landlock, "call", simulated)
    done = restrict([_mount("/usr", MountKind.WRITE)], loopback=False)
    assert asked[1] == ("landlock_create_ruleset", attributes, len(attributes), 0)
    assert (done.abi, len(done.lacking)) == (version, lacking)
    rights = struct.unpack("=Qi", asked[3][3])[0]  # type: ignore[arg-type]
    handled = struct.unpack_from("=Q", attributes)[0]
    assert rights & ~handled == 0
    assert asked[-1][2] == (1 if version >= 7 else 0)
    assert isinstance(done, Landlocked)


def test_a_kernel_without_landlock_is_an_error_that_says_so() -> None:
    def refuse() -> None:
        no_new_privileges()
        code = b"".join(
            struct.pack("=HBBI", *step)
            for step in (
                (0x20, 0, 0, 0),
                (0x15, 0, 1, 444),
                (6, 0, 0, 0x50000 | errno.ENOSYS),
                (6, 0, 0, 0x7FFF0000),
            )
        )
        buffer = ctypes.create_string_buffer(code, len(code))
        call("seccomp", 1, 0, struct.pack("@HP", len(code) // 8, ctypes.addressof(buffer)))

    ended = in_child(lambda: _error(lambda: restrict([], loopback=True)), prepare=refuse)
    assert ended.returned == errno.ENOSYS


def test_a_place_that_is_not_there_is_an_error_and_not_left_out(tmp_path: Path) -> None:
    gone = _mount(tmp_path / "gone", MountKind.READ)
    ended = in_child(lambda: _error(lambda: restrict([gone], loopback=True)), prepare=no_new_privileges)
    assert ended.returned == errno.ENOENT


def test_two_thousand_places_are_held(tmp_path: Path) -> None:
    folders = [tmp_path / str(i) for i in range(2000)]
    for folder in folders:
        folder.mkdir()

    def work() -> list[int]:
        return [
            _error(lambda: (folders[-1] / "x").write_text("x")),
            _error(lambda: (tmp_path / "x").write_text("x")),
        ]

    assert _held(work, *(_mount(f, MountKind.WRITE) for f in folders)).returned == [0, _EACCES]
