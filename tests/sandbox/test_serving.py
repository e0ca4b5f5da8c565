"""Launchers: what a box cannot be had for is said and leaves nothing; what ends one ends all its boxes."""

import contextlib
import ctypes
import errno
import os
import select
import signal
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from boxes import bind, command_for, give, launcher, made, plan_for, run, start, system_mounts, tree_of
from ringfence.core.errors import RingfenceError
from ringfence.sandbox.box import Box, Streams
from ringfence.sandbox.launcher import fork_launcher
from ringfence.sandbox.linux import kernel
from ringfence.sandbox.messages import Ended, Failed, Message, NotRun, Ready, Running
from ringfence.sandbox.plan import Identity, Layer, Limits, MountKind

USERS = ["ordinary", "root"] if os.geteuid() == 0 else [""]
_NEWUSER = 0x10000000
_LANDLOCK_CREATE_RULESET = 444
_NOBODY_S = Identity(host_uid=12345, host_gid=12345, uid=1, gid=1, name="x", owner_uid=1, owner_gid=1)

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def refusing(number: int, code: int, *, flag: int = 0) -> Callable[[], None]:
    """A kernel whose call of this number says `code`, or only if its first argument has `flag`."""

    def load() -> None:
        jump, load_at, leave = 0x45 if flag else 0x15, 0x20, 0x06
        program = b"".join(
            struct.pack("=HBBI", *each)
            for each in (
                (load_at, 0, 0, 0),
                (0x15, 0, 3, number),
                (load_at, 0, 0, 16),
                (jump, 0, 1, flag) if flag else (0x05, 0, 0, 0),
                (leave, 0, 0, 0x50000 | code),
                (leave, 0, 0, 0x7FFF0000),
            )
        )
        buffer = ctypes.create_string_buffer(program, len(program))
        kernel.prctl(38, 1)
        kernel.call("seccomp", 1, 0, struct.pack("@HP", len(program) // 8, ctypes.addressof(buffer)))

    return load


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize(
    ("code", "hint"), [(errno.ENOSYS, "CONFIG_SECURITY_LANDLOCK"), (errno.EOPNOTSUPP, "lsm=")]
)
def test_a_kernel_without_landlock_starts_nothing_and_says_how_to_get_it(
    user: str, code: int, hint: str
) -> None:
    from ringfence.sandbox.failures import refusal

    without = (refusing(_LANDLOCK_CREATE_RULESET, code),)
    result = run(["/usr/bin/true"], user=user, without=without)
    (failed,) = result.messages
    assert failed == Failed(layer=Layer.LANDLOCK, errno=code, what="hold to the plan's places")
    assert hint in refusal(failed).hint


@pytest.mark.parametrize("user", USERS)
def test_what_may_be_lacking_is_named(user: str) -> None:
    without = (refusing(_LANDLOCK_CREATE_RULESET, errno.ENOSYS),)
    result = run(["/usr/bin/true"], user=user, without=without, may_lack=frozenset({Layer.LANDLOCK}))
    (ready,) = (each for each in result.messages if isinstance(each, Ready))
    assert (result.exit, Layer.LANDLOCK in ready.layers) == (0, False)
    assert (Layer.LANDLOCK, "function not implemented") in ready.lacking


def test_a_kernel_that_refuses_user_namespaces_starts_nothing() -> None:
    result = run(
        ["/usr/bin/true"],
        user=USERS[0],
        without=(refusing(kernel.number("clone"), errno.EPERM, flag=_NEWUSER),),
    )
    assert result.refusal is not None
    assert result.refusal.what == (
        "no box: user namespace: clone a process with namespaces of its own: operation not permitted"
    )


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize(
    ("replaced", "number"), [(None, errno.ENOENT), ("/elsewhere", errno.ELOOP)], ids=["gone", "a link now"]
)
def test_a_source_that_changed_since_it_was_planned_starts_nothing(
    user: str, replaced: str | None, number: int
) -> None:
    with tree_of(user) as tree:
        if replaced:
            os.symlink(replaced, tree / "given")
        mounts = (*system_mounts(), bind(str(tree), MountKind.WRITE), bind(f"{tree}/given", MountKind.READ))
        result = run(["/usr/bin/true"], user=user, tree=tree, mounts=mounts)
    assert result.messages == [Failed(layer=Layer.ROOT, errno=number, what=f"mount {tree}/given")]


@pytest.mark.parametrize("user", USERS)
def test_a_link_on_the_way_to_a_source_or_a_target_is_never_followed(user: str) -> None:
    with tree_of(user) as tree:
        (tree / "real").mkdir()
        (tree / "real" / "file").touch()
        (tree / "link").symlink_to("real")
        whole = bind(str(tree), MountKind.WRITE, is_user_s=True)
        by_source = bind(f"{tree}/link/file", MountKind.READ)
        by_target = bind(f"{tree}/real/file", MountKind.READ, target=f"{tree}/link/file")
        found = [
            run(["/usr/bin/true"], user=user, tree=tree, mounts=(*system_mounts(), whole, each))
            .messages[0]
            .errno
            for each in (by_source, by_target)
        ]
    assert found == [errno.ELOOP, errno.ELOOP]


@pytest.mark.parametrize("user", USERS)
def test_nothing_is_made_in_what_comes_from_the_host(user: str) -> None:
    with tree_of(user) as tree:
        whole = bind(str(tree), MountKind.WRITE, is_user_s=True)
        for each in (
            bind("/usr", MountKind.READ, target=f"{tree}/new"),
            made(f"{tree}/new", MountKind.FILE, content=b"x"),
            made(f"{tree}/new", MountKind.MEMORY),
            made(f"{tree}/new", MountKind.SYMLINK, source="/usr"),
            made(f"{tree}/new", MountKind.LINK_OVER, source="/usr"),
        ):
            result = run(["/usr/bin/true"], user=user, tree=tree, mounts=(*system_mounts(), whole, each))
            assert [type(m) for m in result.messages] == [Failed], each
            assert result.messages[0].errno == errno.ENOENT
        hidden = made(f"{tree}/new", MountKind.EMPTY_FILE)
        assert (
            run(["/usr/bin/true"], user=user, tree=tree, mounts=(*system_mounts(), whole, hidden)).exit == 0
        )
        assert list(tree.iterdir()) == []


@pytest.mark.parametrize("user", USERS)
def test_a_box_that_fails_leaves_no_process_and_no_mount(user: str) -> None:
    before = Path("/proc/self/mountinfo").read_text()
    with tree_of(user) as tree:
        mounts = (*system_mounts(), bind("/not/there", MountKind.READ))
        result = run(["/usr/bin/true"], user=user, tree=tree, mounts=mounts, said=_gone_after)
        assert isinstance(result.messages[-1], Failed)
    assert Path("/proc/self/mountinfo").read_text() == before


def test_a_full_process_table_starts_nothing_and_says_so() -> None:
    def fill() -> None:
        import resource

        resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))

    result = run(["/usr/bin/true"], user=USERS[0], without=(fill,))
    assert result.refusal is not None
    assert result.refusal.what.endswith("resource temporarily unavailable")
    assert "ulimit -u" in result.refusal.hint


@pytest.mark.parametrize("stream", ["a folder", "a terminal"])
def test_a_stream_that_leads_out_is_not_given(stream: str) -> None:
    master = None
    if stream == "a folder":
        fd = os.open("/", os.O_RDONLY)
    else:
        master, fd = os.openpty()
    with tree_of() as tree, launcher() as starts, open(os.devnull, "r+") as null:
        plan, command = plan_for(tree=tree), command_for(["/usr/bin/true"], tree=tree)
        with pytest.raises(RingfenceError, match=stream):
            start(starts, plan, command, Streams(stdin=fd, stdout=null.fileno(), stderr=null.fileno()))
    for each in (fd, master):
        if each is not None:
            os.close(each)


def test_a_launcher_starts_many_boxes_and_ends_them_all() -> None:
    with tree_of() as tree, launcher() as starts, open(os.devnull, "r+") as null:
        given = Streams(stdin=null.fileno(), stdout=null.fileno(), stderr=null.fileno())
        plan, command = plan_for(tree=tree), command_for(["/bin/sleep", "60"], tree=tree)
        boxes = [start(starts, plan, command, given) for _ in range(5)]
        for box in boxes:
            _until(box, Running)
        starts.close()
        for box in boxes:
            assert _ended(box.pidfd)
            box.close()


def test_a_launcher_ends_although_another_child_has_its_channel_open() -> None:
    ended, ends = os.pipe()
    forked = fork_launcher()
    child = os.fork()
    if child == 0:
        os.close(ends)
        os.read(ended, 1)
        os._exit(0)
    forked.close()
    assert forked.pid is None
    os.close(ends)
    os.waitpid(child, 0)
    os.close(ended)


def test_a_launcher_that_is_killed_takes_its_boxes_along() -> None:
    with tree_of() as tree, open(os.devnull, "r+") as null:
        given = Streams(stdin=null.fileno(), stdout=null.fileno(), stderr=null.fileno())
        starts = launcher()
        box = start(starts, plan_for(tree=tree), command_for(["/bin/sleep", "60"], tree=tree), given)
        _until(box, Running)
        os.kill(starts.pid, signal.SIGKILL)
        assert _ended(box.pidfd)
        box.close()
        with pytest.raises(RingfenceError, match="is gone"):
            start(starts, plan_for(tree=tree), command_for(["/bin/true"], tree=tree), given)
        starts.close()


def test_killing_a_box_ends_all_its_processes() -> None:
    with tree_of() as tree, launcher() as starts, open(os.devnull, "r+") as null:
        read, write = os.pipe()
        plan, command = (
            plan_for(tree=tree),
            command_for(["/bin/sh", "-c", "setsid sleep 60 & sleep 60"], tree=tree),
        )
        box = start(starts, plan, command, Streams(stdin=null.fileno(), stdout=write, stderr=null.fileno()))
        os.close(write)
        _until(box, Running)
        box.kill()
        assert os.read(read, 1) == b""
        assert _ended(box.pidfd)
        assert box.receive() is None
        box.close()
        os.close(read)


def test_another_command_than_was_decided_is_not_given_and_nothing_runs() -> None:
    with tree_of() as tree, launcher() as starts, _null() as given:
        plan, command = plan_for(tree=tree), command_for(["/usr/bin/touch", "ran"], tree=tree)
        for changed in (
            {"program": "/usr/bin/id"},
            {"arguments": ("else",)},
            {"folder": "/"},
            {"session": "x"},
            {"agent": "x"},
        ):
            with starts.begin(plan, given) as begun, begun.box() as box:
                with pytest.raises(RingfenceError, match="another command"):
                    give(box, command, decided=plan, **changed)
                assert not any(isinstance(each, Running) for each in _all(box))
        assert list(tree.iterdir()) == []


def test_a_box_that_stands_runs_what_it_is_given_then_however_long_it_is() -> None:
    with tree_of() as tree, launcher() as starts, _null() as given:
        plan = plan_for(tree=tree)
        texts = ["x" * 100_000] * 10
        with starts.begin(plan, given) as begun, begun.box() as box:
            _until(box, Ready)
            script = 'echo "$#" "${#1}" > told'
            give(box, command_for(["/bin/sh", "-c", script, "sh", *texts], tree=tree), decided=plan)
            box.go()
            assert Ended(status=0) in _all(box)
        assert (tree / "told").read_text() == "10 100000\n"


@pytest.mark.parametrize("changes", [{"environment": (("A=", ""),)}, {"program": "true"}], ids=str)
def test_what_is_no_command_is_not_run(changes: dict[str, object]) -> None:
    with tree_of() as tree, launcher() as starts, _null() as given:
        plan, command = plan_for(tree=tree), command_for(["/usr/bin/true"], tree=tree, **changes)
        with start(starts, plan, command, given) as box:
            assert NotRun(errno=errno.EINVAL) in _all(box)


def test_a_box_that_nobody_takes_is_gone_and_the_launcher_serves_on() -> None:
    with tree_of() as tree, launcher() as starts, _null() as given:
        plan, command = plan_for(tree=tree), command_for(["/usr/bin/true"], tree=tree)
        with starts.begin(plan, given):
            pass
        with starts.begin(plan_for(tree=tree, identity=_NOBODY_S), given):
            pass
        assert Path(f"/proc/{starts.pid}/task/{starts.pid}/children").read_text() == ""
        with start(starts, plan, command, given) as box:
            assert Ended(status=0) in _all(box)


def test_another_user_s_box_is_not_started() -> None:
    result = run(["/usr/bin/true"], user=USERS[0], identity=_NOBODY_S)
    assert result.refusal is not None
    assert "run as user 12345 of the host" in result.refusal.what


@needs_root
def test_no_control_group_is_left() -> None:
    session = f"test-{os.getpid()}"
    seen: list[list[Path]] = []
    limits = Limits(memory_bytes=200 * 2**20, processes=50)

    def look(_box: Box, _message: Message) -> None:
        seen.append(_groups(session))

    result = run(["/usr/bin/true"], limits=limits, session=session, said=look)
    assert (result.exit, _groups(session)) == (0, [])
    assert seen[0] != []


def _groups(session: str) -> list[Path]:
    return list(Path("/sys/fs/cgroup").rglob(f"ringfence-*-{session}"))


def _gone_after(box: Box, _message: Message) -> None:
    assert _ended(box.pidfd)


def _until(box: Box, kind: type[Message]) -> None:
    while not isinstance(message := box.receive(), kind):
        assert message is not None
        if isinstance(message, Ready):
            box.go()


def _all(box: Box) -> list[Message]:
    """What it says to its end, once it is told to go."""
    said = []
    for message in box.messages():
        said.append(message)
        if isinstance(message, Ready):
            box.go()
    return said


@contextlib.contextmanager
def _null() -> Iterator[Streams]:
    with open(os.devnull, "r+b") as null:
        yield Streams(stdin=null.fileno(), stdout=null.fileno(), stderr=null.fileno())


def _ended(pidfd: int) -> bool:
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(10_000))
