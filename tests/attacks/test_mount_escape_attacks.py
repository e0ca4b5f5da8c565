"""Ways out by mounts, control groups and settings of the kernel that name a program for it to start."""

import errno
import json
import os

import pytest

import boxes
from leaving_out import no_capabilities_dropped, no_filter, no_landlock, no_probe, python

USERS = ["ordinary", "root"] if os.geteuid() == 0 else [""]
_EPERM = -errno.EPERM
_MOUNTS = """
import json
def text(s): return ctypes.create_string_buffer(s.encode())
one = os.uname().machine == "x86_64"
mount, umount, pivot, chroot = (165, 166, 155, 161) if one else (40, 39, 41, 51)
remount_writable, detach = 0x1020, 2
print(json.dumps([
    call(umount, text("/proc/sys"), detach),
    call(umount, text("/proc/keys"), detach),
    call(mount, None, text("/usr"), None, remount_writable, None),
    call(mount, text("cgroup"), text("/tmp"), text("cgroup2"), 0, None),
    call(mount, text("none"), text("/tmp"), text("binfmt_misc"), 0, None),
    call(mount, text("none"), text("/tmp"), text("tmpfs"), 0, None),
    call(pivot, text("/tmp"), text("/tmp")), call(chroot, text("/tmp")),
    call(428, -100, text("/usr"), 1), call(429, -100, text("/usr"), -100, text("/tmp"), 0),
    call(430, text("tmpfs"), 0), call(442, -100, text("/usr"), 0, text("a" * 32), 32),
]))
"""


@pytest.mark.parametrize("user", USERS)
def test_nothing_is_mounted_unmounted_or_made_writable(user: str) -> None:
    result = boxes.run(python(_MOUNTS), user=user)
    assert json.loads(result.stdout) == [_EPERM] * 12
    assert {each.call for each in result.refused} >= {"mount", "umount2", "pivot_root", "chroot", "fsopen"}


def test_without_the_filter_capabilities_are_what_lacks_and_with_all_of_them_masks_come_off() -> None:
    held = boxes.run(python(_MOUNTS), user="ordinary", without=(no_filter, no_probe))
    assert json.loads(held.stdout)[:8] == [_EPERM] * 8
    free = (no_filter, no_capabilities_dropped, no_landlock, no_probe)
    result = boxes.run(python(_MOUNTS), user="ordinary", without=free)
    assert json.loads(result.stdout)[0] == 0
    held_by_landlock = (no_filter, no_capabilities_dropped, no_probe)
    again = boxes.run(python(_MOUNTS), user="ordinary", without=held_by_landlock)
    assert json.loads(again.stdout)[:7] == [_EPERM] * 7


_NAMED_PROGRAMS = """
import json
found = {}
for path in [
    *("/proc/sys/kernel/" + name for name in ("core_pattern", "modprobe", "poweroff_cmd", "pid_max")),
    "/proc/sys/vm/overcommit_memory", "/proc/sys/user/max_user_namespaces", "/proc/1/oom_score_adj",
    "/proc/sysrq-trigger", "/proc/sys/fs/binfmt_misc/register", "/sys/kernel/uevent_helper",
    "/sys/kernel/security", "/sys/class", "/sys/fs/cgroup", "/sys/fs/cgroup/release_agent",
    "/sys/fs/cgroup/memory/release_agent", "/sys/fs/cgroup/cgroup.procs",
    "/sys/fs/cgroup/unified/cgroup.procs",
    *("/dev/" + name for name in ("mem", "kmsg", "fuse", "kvm", "vda", "loop0")),
]:
    try:
        os.close(os.open(path, os.O_WRONLY))
        found[path] = "opened"
    except OSError as error:
        found[path] = error.errno
print(json.dumps(found))
"""


@pytest.mark.parametrize("user", USERS)
def test_no_file_by_which_the_kernel_starts_programs_is_written(user: str) -> None:
    found = json.loads(boxes.run(python(_NAMED_PROGRAMS), user=user).stdout)
    assert set(found.values()) <= {errno.ENOENT, errno.EROFS, errno.EACCES}, found
    assert {path for path, why in found.items() if why == errno.ENOENT} >= {
        "/sys/fs/cgroup", "/sys/class", "/sys/kernel/uevent_helper", "/dev/mem", "/dev/kmsg", "/dev/fuse",
    }  # fmt: skip


@pytest.mark.parametrize("user", USERS)
def test_a_program_learns_nothing_of_the_control_group_that_holds_it(user: str) -> None:
    result = boxes.run(["/bin/cat", "/proc/self/cgroup"], user=user)
    names = {line.rpartition(":")[2] for line in result.stdout.decode().splitlines()}
    assert not [name for name in names if "ringfence" in name or len(name) > 1], names
