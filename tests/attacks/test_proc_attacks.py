"""What /proc leads to: other processes, their roots and descriptors, the box's own init, the host's root."""

import errno
import json
import os
from pathlib import Path

import pytest

import boxes
from leaving_out import (
    descriptors_left_open,
    init_can_be_read,
    no_filter,
    no_landlock,
    no_probe,
    python,
)

USERS = ["ordinary", "root"] if os.geteuid() == 0 else [""]
_OF_INIT = """
import json
found = {}
for name in ("root/", "cwd/", "exe", "environ", "mem", "maps", "fd/", "fd/0", "map_files/", "task/1/root/",
             "auxv", "ns/mnt", "stack", "syscall", "pagemap", "io", "clear_refs"):
    try:
        fd = os.open("/proc/1/" + name, os.O_WRONLY if name == "clear_refs" else os.O_RDONLY)
        found[name] = os.read(fd, 100).decode("utf-8", "replace") if name == "environ" else "opened"
    except OSError as error:
        found[name] = error.errno
print(json.dumps(found))
"""


@pytest.mark.parametrize("user", USERS)
def test_nothing_of_the_box_s_init_is_read_which_has_what_the_launcher_had(user: str) -> None:
    found = json.loads(boxes.run(python(_OF_INIT), user=user).stdout)
    assert set(found.values()) <= {errno.EACCES, errno.EPERM, errno.ENOENT}, found


def test_without_its_guard_and_the_layers_init_s_environment_is_read() -> None:
    without = (init_can_be_read, no_landlock, no_filter, no_probe)
    found = json.loads(boxes.run(python(_OF_INIT), user="ordinary", without=without).stdout)
    assert "PATH=" in found["environ"] or len(found["environ"]) == 100
    assert boxes.run(python(_OF_INIT), user="ordinary", without=(init_can_be_read,)).exit is None


_UPWARDS = """
import json
found = {}
for path in ("/..", "/proc/self/root/..", "/proc/self/cwd/../../../../../../../..", "/proc/thread-self/root",
             "/proc/self/task/{}/root".format(os.getpid())):
    found[path] = sorted(os.listdir(path)) == sorted(os.listdir("/"))
fd = os.open("/", os.O_RDONLY)
os.fchdir(fd)
found["dir_fd"] = sorted(os.listdir(os.open("../../..", os.O_RDONLY, dir_fd=fd))) == sorted(os.listdir("/"))
numbers = {int(name) for name in os.listdir("/proc") if name.isdecimal()}
found["others"] = sorted(numbers - {1, os.getpid()})
print(json.dumps(found))
"""


@pytest.mark.parametrize("user", USERS)
def test_the_root_is_the_box_s_whatever_way_leads_up(user: str) -> None:
    found = json.loads(boxes.run(python(_UPWARDS), user=user).stdout)
    assert (found.pop("others"), set(found.values())) == ([], {True})


@pytest.mark.parametrize("user", USERS)
def test_a_process_of_the_host_has_no_folder_in_the_box_s_proc(user: str) -> None:
    script = f"print(os.path.exists('/proc/{os.getpid()}'), os.path.exists('/proc/{os.getppid()}'))"
    assert boxes.run(python(script), user=user).stdout == b"False False\n"
    assert Path(f"/proc/{os.getpid()}").exists()


_FDS = "print(sorted(int(fd) for fd in os.listdir('/proc/self/fd'))[:-1])"


@pytest.mark.parametrize("user", USERS)
def test_no_descriptor_of_supervisor_launcher_or_init_is_inherited(user: str) -> None:
    leaked = [os.open("/", os.O_RDONLY | os.O_DIRECTORY) for _ in range(20)]
    try:
        for fd in leaked:
            os.set_inheritable(fd, True)
        assert boxes.run(python(_FDS), user=user).stdout == b"[0, 1, 2]\n"
    finally:
        for fd in leaked:
            os.close(fd)


def test_one_that_stayed_open_keeps_the_box_from_starting_and_without_the_probe_is_had() -> None:
    assert boxes.run(python(_FDS), user="ordinary", without=(descriptors_left_open,)).exit is None
    had = boxes.run(python(_FDS), user="ordinary", without=(descriptors_left_open, no_probe))
    assert len(json.loads(had.stdout)) > 3
