"""What doctor says of a kernel is compared with the kernel itself."""

import os
import subprocess
from pathlib import Path

import pytest

from ringfence.core.machine import Capability
from ringfence.endpoint.doctor import examine_machine
from ringfence.endpoint.linux.kernel import examine_kernel
from ringfence.endpoint.linux.linux import Linux

NAMES = [
    "landlock",
    "user-namespaces",
    "unrestricted-user-namespaces",
    "seccomp",
    "fanotify",
    "cgroups",
    "drm-fdinfo",
]


@pytest.fixture(scope="module")
def here() -> dict[str, Capability]:
    return {each.name: each for each in examine_kernel(Path("/proc"), Path("/sys"))}


def test_every_mechanism_is_named_once_with_what_is_lost_without_it(here: dict[str, Capability]) -> None:
    assert [each.name for each in examine_machine(Linux())] == [*NAMES, "nvml"]
    assert all(each.detail and each.lost_without.endswith(".") for each in here.values())


def test_without_a_platform_only_nvml_is_asked() -> None:
    assert [each.name for each in examine_machine(None)] == ["nvml"]


def test_user_namespaces_are_there_when_unshare_can_make_one(here: dict[str, Capability]) -> None:
    made = (
        subprocess.run(["unshare", "--user", "--net", "true"], capture_output=True, check=False).returncode
        == 0
    )
    assert here["user-namespaces"].available is made


def test_landlock_is_there_when_the_kernel_lists_it(here: dict[str, Capability]) -> None:
    listed = Path("/sys/kernel/security/lsm")
    if listed.exists():
        assert here["landlock"].available is ("landlock" in listed.read_text().split(","))
    assert here["landlock"].available is here["landlock"].detail.startswith("ABI ")


def test_fanotify_needs_root(here: dict[str, Capability]) -> None:
    if os.geteuid():
        assert (here["fanotify"].available, here["fanotify"].detail) == (False, "needs root")
    else:
        assert here["fanotify"].available is not None


def test_looking_leaves_no_child_and_no_descriptor_behind() -> None:
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    before = sorted(os.listdir("/proc/self/fd")), children.read_text()
    examine_kernel(Path("/proc"), Path("/sys"))
    assert (sorted(os.listdir("/proc/self/fd")), children.read_text()) == before


@pytest.mark.parametrize(
    ("value", "available"), [("1", False), ("0", True), (None, True)], ids=["restricted", "off", "absent"]
)
def test_apparmor_is_read_from_its_switch(tmp_path: Path, value: str | None, available: bool) -> None:
    if value is not None:
        (tmp_path / "sys/kernel").mkdir(parents=True)
        (tmp_path / "sys/kernel/apparmor_restrict_unprivileged_userns").write_text(value + "\n")
    found = {each.name: each.available for each in examine_kernel(tmp_path, tmp_path)}
    assert found["unrestricted-user-namespaces"] is available


@pytest.mark.parametrize(
    ("handed_down", "says"),
    [
        ("cpu memory pids\n", (True, "version 2; delegated; controllers: memory pids")),
        ("cpu pids\n", (False, "version 2; not delegated; controllers: memory pids")),
        ("", (False, "version 2; not delegated; controllers: memory pids")),
    ],
    ids=["both", "one", "none"],
)
def test_version_2_needs_a_group_above_that_hands_down_memory_and_pids(
    tmp_path: Path, handed_down: str, says: tuple[bool, str]
) -> None:
    """That the own group may be written is not enough: where processes are, nothing can be handed down."""
    own = _group(tmp_path, "user.slice/app.slice/terminal.scope")
    (own / "cgroup.controllers").write_text("memory pids\n")
    (own.parent / "cgroup.subtree_control").write_text(handed_down)
    assert _said(tmp_path) == says


def test_what_stands_above_the_mount_of_control_groups_counts_for_nothing(tmp_path: Path) -> None:
    own = _group(tmp_path, "")
    (own.parent / "cgroup.procs").write_text("")
    (own.parent / "cgroup.subtree_control").write_text("memory pids\n")
    assert _said(tmp_path) == (False, "version 2; not delegated; controllers: none")


def test_version_1_bounds_memory_and_processes_where_both_may_be_written(tmp_path: Path) -> None:
    for name in ("memory", "pids", "unified"):
        (tmp_path / "fs/cgroup" / name).mkdir(parents=True)
    (tmp_path / "fs/cgroup/unified/cgroup.controllers").write_text("\n")
    assert _said(tmp_path) == (True, "version 1; writable")


def test_a_machine_without_control_groups_says_so(tmp_path: Path) -> None:
    assert _said(tmp_path) == (False, "not mounted")


def _group(folder: Path, path: str) -> Path:
    """An own group of version 2, in a tree of folders, with nothing handed down anywhere."""
    (folder / "self").mkdir()
    (folder / "self/cgroup").write_text(f"0::/{path}\n")
    own = folder / "fs/cgroup" / path
    own.mkdir(parents=True)
    for each in {own, own.parent, folder / "fs/cgroup"}:
        (each / "cgroup.procs").write_text("")
        (each / "cgroup.subtree_control").write_text("")
    (folder / "fs/cgroup/cgroup.controllers").write_text("")
    return own


def _said(folder: Path) -> tuple[bool | None, str]:
    found = {each.name: each for each in examine_kernel(folder, folder)}["cgroups"]
    return found.available, found.detail
