"""The probe, in real boxes: what it proves, and that each proof fails where its layer is left out."""

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import boxes
import leaving_out
from filtering import QUIET, in_child, try_call
from needs import missing
from ringfence.sandbox.linux import command, identity, kernel, probe
from ringfence.sandbox.linux.attempts.calls import calls
from ringfence.sandbox.linux.attempts.surroundings import network, privileges, processes
from ringfence.sandbox.linux.probe import NotHeld, Outside, Proof, look_outside
from ringfence.sandbox.messages import Failed, Ready
from ringfence.sandbox.plan import Layer, Limits, MountKind, Plan

_CALLS = [each.tried for each in calls(kernel.MACHINE, QUIET)]
_NAMESPACES = {
    f"be in the launcher's {kind}" for kind in ("user", "mnt", "pid", "net", "ipc", "uts", "cgroup")
}
_NOT_HELD = "NOT HELD: "


def _tell_all() -> None:
    """The box starts whatever the probe finds, and its proofs tell which attempts did not fail."""

    def tell(plan: Plan, outside: Outside, *, quiet: int) -> tuple[Proof, ...]:
        return tuple(_told(each) for each in probe._attempts(plan, outside, quiet))

    command.prove = tell


def _told(attempt: probe.Attempt) -> Proof:
    try:
        return attempt.prove()
    except NotHeld as error:
        return Proof(layer=attempt.layer, tried=attempt.tried, result=_NOT_HELD + error.result)


def _not_held(*without: Callable[[], None], **changes: object) -> set[str]:
    """What works in a box of an ordinary user that is made without something."""
    result = boxes.run(["/bin/true"], user="ordinary", without=(*without, _tell_all), **changes)
    (ready,) = [each for each in result.messages if isinstance(each, Ready)] or [result.messages]
    assert isinstance(ready, Ready), ready
    return {each.tried for each in ready.proofs if each.result.startswith(_NOT_HELD)}


@pytest.mark.parametrize("user", ["ordinary", "root"])
def test_a_box_proves_every_layer_before_its_command_starts(user: str) -> None:
    if user == "root" and os.geteuid() != 0:
        pytest.skip("needs root")
    result = boxes.run(["/bin/true"], user=user)
    (ready,) = [each for each in result.messages if isinstance(each, Ready)] or [result]
    assert isinstance(ready, Ready), ready
    assert {each.layer for each in ready.proofs} == set(Layer)
    proofs = {each.tried: each.result for each in ready.proofs}
    assert {proofs[tried] for tried in _NAMESPACES} == {"another"}
    assert {tried: proofs[tried] for tried in _CALLS if proofs[tried] != "EPERM"} == {
        "become uid 0": "EINVAL",
        "set up io_uring": "ENOSYS",
    }
    rest = {tried: proof for tried, proof in proofs.items() if tried not in {*_CALLS, *_NAMESPACES}}
    assert rest == {
        "have a capability": "0000000000000000",
        "be able to get privileges": "1",
        "have no filter": "2",
        "make a pipe in shared memory": "EACCES",
        "have another host name": "ringfence",
        "raise a limit": "EPERM",
        "have a descriptor that nobody gave": "none",
        "see other processes": "none",
        "signal other processes": "ESRCH",
        "read init's environ": "EACCES",
        "read init's mem": "EACCES",
        "read init's fd": "EACCES",
        "find an interface": "none",
        "reach another machine": "ENETUNREACH",
        "reach an abstract socket of the host": "ECONNREFUSED",
        "write to the root": rest["write to the root"],
        "write to 4 read-only places": rest["write to 4 read-only places"],
    }
    assert (result.exit, result.refused) == (0, [])


def test_a_proof_that_fails_keeps_the_command_from_starting() -> None:
    result = boxes.run(["/bin/echo", "started"], user="ordinary", without=(leaving_out.no_filter,))
    assert result.messages == [Failed(layer=Layer.SECCOMP, errno=0, what="have no filter: it worked")] and (
        result.exit,
        result.stdout,
    ) == (None, b"")


def test_a_layer_that_the_plan_may_lack_keeps_nothing_from_starting() -> None:
    lacking = boxes.run(["/bin/echo", "started"], user="ordinary", without=(leaving_out.no_landlock,))
    allowed = boxes.run(
        ["/bin/echo", "started"],
        user="ordinary",
        without=(leaving_out.no_landlock,),
        may_lack=frozenset({Layer.LANDLOCK}),
    )
    assert [lacking.stdout, allowed.stdout] == [b"", b"started\n"]


def test_a_box_that_is_where_its_launcher_is_says_so_of_each_namespace() -> None:
    def same() -> None:
        real = command.prove
        command.prove = lambda plan, outside, *, quiet: real(plan, look_outside(outside.beacon), quiet=quiet)

    result = boxes.run(["/bin/true"], user="ordinary", without=(_tell_all, same))
    ready = next(each for each in result.messages if isinstance(each, Ready))
    assert {each.tried for each in ready.proofs if each.result.startswith(_NOT_HELD)} == _NAMESPACES


def test_capabilities_that_are_left_are_found() -> None:
    assert _not_held(leaving_out.no_capabilities_dropped) == {"have a capability"}


def test_privileges_that_can_be_had_are_found() -> None:
    # Without capabilities the kernel would load no filter then.
    found = _not_held(leaving_out.no_privileges_forbidden, leaving_out.no_capabilities_dropped)
    assert found == {"be able to get privileges", "have a capability"}


def test_a_missing_landlock_is_found() -> None:
    assert _not_held(leaving_out.no_landlock) == {"make a pipe in shared memory"}


def test_a_missing_filter_is_found_by_what_then_reaches_the_kernel() -> None:
    assert _not_held(leaving_out.no_filter) >= {
        "have no filter",
        "make a user namespace",
        "enter a namespace",
        "handle page faults",
        "ask for a keyring",
        "type into a terminal",
        "type into a terminal by a high bit",
        "set the clock",
    }


def test_each_call_is_found_where_neither_filter_nor_lacking_privileges_refuse_it() -> None:
    if os.geteuid() != 0:
        pytest.skip("needs privileges")
    there = in_child(
        lambda: [a.tried for a in calls(kernel.MACHINE, QUIET) if "NOT" in _told(a).result]
    ).returned
    found = _not_held(
        leaving_out.no_filter, leaving_out.no_capabilities_dropped, leaving_out.init_can_be_read
    )
    assert {*_CALLS} - {"become uid 0"} <= {*there, *found}  # type: ignore[misc]
    assert "become uid 0" in there  # type: ignore[operator]


def test_an_init_that_can_be_read_is_found() -> None:
    found = _not_held(leaving_out.init_can_be_read)
    assert found == {"read init's environ", "read init's mem", "read init's fd"}


def test_other_processes_are_found_in_a_process_namespace_of_others() -> None:
    found = in_child(lambda: [a.tried for a in processes() if "NOT" in _told(a).result]).returned
    assert found[:2] == ["see other processes", "signal other processes"]  # type: ignore[index]


def test_the_host_s_network_is_found() -> None:
    found = _not_held(leaving_out.shared(leaving_out.NEWNET), leaving_out.no_loopback)
    # Whether it has an interface and a route depends on the host.
    at_hand = {"find an interface", "reach another machine"}
    assert found - at_hand == {"be in the launcher's net", "reach an abstract socket of the host"}


def test_an_interface_and_a_route_are_found() -> None:
    def work() -> list[str]:
        kernel.unshare(leaving_out.NEWNET if os.geteuid() == 0 else leaving_out.NEWNET | identity.NEWUSER)
        # A pair of interfaces, one of them up and with an address beside the one that is tried.
        for line in (
            "link add name left type veth peer name right",
            "addr add 192.0.2.2/24 dev left",
            "link set dev left up",
        ):
            pid = os.posix_spawnp("ip", ["ip", *line.split()], dict(os.environ))
            assert os.waitpid(pid, 0)[1] == 0
        outside = Outside(namespaces={}, beacon="nobody")
        asked = (*network(outside, answered=False), *network(outside, answered=True))
        return [f"{a.tried}: {_told(a).result}" for a in asked]

    if not any(Path(folder, "ip").exists() for folder in ("/sbin", "/usr/sbin", "/bin")):
        missing("ip", "scripts/install-test-needs")
    interface, machine, beacon, *answered = in_child(work).returned  # type: ignore[misc]
    assert answered[:2] == [interface, "reach another machine: NOT HELD: it worked"]
    assert interface == "find an interface: NOT HELD: it worked"
    assert machine.startswith("reach another machine: NOT HELD: ")
    assert beacon == "reach an abstract socket of the host: ECONNREFUSED"


def test_a_shared_ipc_namespace_is_found() -> None:
    assert _not_held(leaving_out.shared(leaving_out.NEWIPC)) == {"be in the launcher's ipc"}


def test_the_host_s_name_is_found() -> None:
    found = _not_held(leaving_out.shared(leaving_out.NEWUTS), leaving_out.no_name)
    assert found == {"be in the launcher's uts", "have another host name"}


def test_limits_that_were_not_taken_on_are_found() -> None:
    found = _not_held(leaving_out.no_limits, limits=Limits(open_files=100))
    assert found == {"raise a limit"}
    assert _not_held(limits=Limits(open_files=100, file_bytes=10_000_000, cpu_s=50)) == set()


def test_descriptors_that_nobody_gave_are_found() -> None:
    assert _not_held(leaving_out.descriptors_left_open) == {"have a descriptor that nobody gave"}


def test_a_folder_as_a_stream_is_found() -> None:
    def work() -> str:
        os.dup2(os.open("/", os.O_RDONLY), 0)
        plan = boxes.plan_for(tree=Path("/"))
        (descriptors,) = [
            a for a in privileges(plan, look_outside("x")) if a.tried == "have a descriptor that nobody gave"
        ]
        return _told(descriptors).result

    assert in_child(work).returned == "NOT HELD: it worked"


@pytest.fixture
def tree(request: pytest.FixtureRequest):
    with boxes.tree_of("ordinary") as folder:
        (folder / "kept").mkdir()
        (folder / "kept/file").write_text("text")
        (folder / "secret").write_text("token")
        for path in (folder / "kept", folder / "kept/file", folder / "secret"):
            if os.geteuid() == 0:
                os.chown(path, boxes.ORDINARY, boxes.ORDINARY)
        yield folder


def _mounts(tree: Path, *more: object) -> tuple[object, ...]:
    writable = boxes.bind(str(tree), MountKind.WRITE, is_user_s=True)
    return (*boxes.system_mounts(), writable, *more)


def test_a_read_only_place_that_can_be_written_is_found_and_left_as_it_was(tree: Path) -> None:
    mounts = _mounts(tree, boxes.bind(str(tree / "kept"), MountKind.READ))
    assert _not_held(tree=tree, mounts=mounts) == set()
    assert _not_held(leaving_out.no_read_only, tree=tree, mounts=mounts) == {"write to 5 read-only places"}
    assert sorted(os.listdir(tree / "kept")) == ["file"]
    assert (tree / "kept/file").read_text() == "text"


def test_a_root_that_can_be_written_is_found() -> None:
    assert _not_held(leaving_out.root_left_open, leaving_out.no_landlock) == {
        "write to the root",
        "write to 4 read-only places",
        "make a pipe in shared memory",
    }


@pytest.mark.parametrize("name", ["kept", "kept/file", "kept/new", "new"])
def test_a_place_that_is_kept_and_can_be_written_is_found(tree: Path, name: str) -> None:
    cover = boxes.bind(str(tree / "kept"), MountKind.READ)
    kept = (str(tree / name),)
    assert _not_held(tree=tree, mounts=_mounts(tree), must_keep=kept) == {"write to 1 places that are kept"}
    if name != "new":
        assert _not_held(tree=tree, mounts=_mounts(tree, cover), must_keep=kept) == set()
    assert sorted(os.listdir(tree)) == ["kept", "secret"]
    assert os.listdir(tree / "kept") == ["file"]


@pytest.mark.parametrize("name", ["secret", "kept"])
def test_a_place_that_is_hidden_and_can_be_read_is_found(tree: Path, name: str) -> None:
    kind = MountKind.EMPTY_FILE if name == "secret" else MountKind.EMPTY_FOLDER
    hidden = (str(tree / name), str(tree / "gone"), "/root", "/etc/shadow")
    assert _not_held(tree=tree, mounts=_mounts(tree), must_hide=hidden) == {"read 4 hidden places"}
    covered = _mounts(tree, boxes.made(str(tree / name), kind))
    result = boxes.run(["/bin/true"], user="ordinary", tree=tree, mounts=covered, must_hide=hidden)
    ready = next(each for each in result.messages if isinstance(each, Ready))
    assert {e.result for e in ready.proofs if e.tried == "read 4 hidden places"} == {"ENOENT, empty"}


def test_a_read_only_place_below_a_later_one_is_not_asked_for(tree: Path) -> None:
    covered = boxes.bind(str(tree / "kept"), MountKind.READ)
    mounts = (*boxes.system_mounts(), covered, boxes.bind(str(tree), MountKind.WRITE, is_user_s=True))
    assert _not_held(tree=tree, mounts=mounts) == set()
    plan = replace(boxes.plan_for(tree=tree), mounts=mounts)
    assert [m.kind for m in plan.mounts].count(MountKind.READ) > 0


def test_an_error_that_says_something_else_is_no_proof() -> None:
    def wrong() -> None:
        raise OSError(errno.EMFILE, "too many open files")

    attempt = probe.Attempt(layer=Layer.ROOT, tried="x", action=wrong, held=frozenset({errno.EACCES}))
    with pytest.raises(NotHeld) as raised:
        attempt.prove()
    assert (raised.value.layer, raised.value.tried, raised.value.result) == (Layer.ROOT, "x", "EMFILE")
    assert try_call("getpid") == os.getpid()
