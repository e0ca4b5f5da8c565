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
    ("controllers", "available"),
    [("cpu io memory pids\n", True), ("cpu\n", False)],
    ids=["delegated", "too few"],
)
def test_cgroups_need_a_writable_folder_with_memory_and_pids(
    tmp_path: Path, controllers: str, available: bool
) -> None:
    (tmp_path / "self").mkdir()
    (tmp_path / "self/cgroup").write_text("0::/user.slice/me\n")
    own = tmp_path / "fs/cgroup/user.slice/me"
    own.mkdir(parents=True)
    (tmp_path / "fs/cgroup/cgroup.controllers").write_text("cpu\n")
    (own / "cgroup.controllers").write_text(controllers)
    found = {each.name: each for each in examine_kernel(tmp_path, tmp_path)}
    assert found["cgroups"].available is available
    assert found["cgroups"].detail.startswith("version 2; writable; controllers: cpu")
