"""Programs that run as their owner, or with capabilities: in a box they run as its command does."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

import boxes
from leaving_out import no_filter, no_landlock, no_privileges_forbidden, no_probe, python
from ringfence.sandbox.linux import places, root

USERS = ["ordinary", "root"] if os.geteuid() == 0 else [""]

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root makes programs that run as root")


def setuid_counts() -> None:
    places.FIXED = root.FIXED = 0


def _setuid_program(tree: Path) -> Path:
    program = tree / "id"
    shutil.copy("/usr/bin/id", program)
    os.chown(program, 0, 0)
    program.chmod(0o6755)
    return program


@needs_root
@pytest.mark.parametrize("user", USERS)
def test_a_program_of_root_s_that_runs_as_root_outside_runs_as_the_command_in_a_box(user: str) -> None:
    with boxes.tree_of(user) as tree:
        tree.chmod(0o755)
        program = _setuid_program(tree)

        def outside() -> bytes:
            return subprocess.run([str(program), "-u"], capture_output=True, check=True).stdout

        assert boxes.as_user(boxes.ORDINARY, outside) == b"0\n"
        free = (setuid_counts, no_privileges_forbidden, no_landlock, no_filter, no_probe)
        for without in ((), (setuid_counts,), free):
            if without and user == "root":
                continue  # a user namespace of root's own is what is left there
            result = boxes.run([str(program), "-u"], user=user, tree=tree, without=without)
            assert result.stdout == b"1000\n", without


@pytest.mark.parametrize("user", USERS)
def test_every_mount_is_one_where_setuid_and_devices_count_nothing(user: str) -> None:
    result = boxes.run(["/bin/cat", "/proc/self/mountinfo"], user=user)
    lines = [line.split() for line in result.stdout.decode().splitlines()]
    open_ones = [line[4] for line in lines if "nosuid" not in line[5].split(",")]
    assert [path for path in open_ones if not path.startswith("/dev/")] == []
    devices = [line[4] for line in lines if "nodev" not in line[5].split(",")]
    assert [path for path in devices if not path.startswith("/dev/")] == []


@pytest.mark.parametrize("user", USERS)
def test_a_box_makes_no_program_that_runs_as_anybody_but_its_command(user: str) -> None:
    """What it marks so in the tree counts nothing within, and the sweep takes the mark off afterwards."""
    script = "open('x', 'wb').write(open('/usr/bin/id', 'rb').read()); os.chmod('x', 0o6755)"
    run = "; import subprocess; print(subprocess.run(['./x', '-u'], capture_output=True).stdout)"
    assert boxes.run(python(script + run), user=user).stdout == b"b'1000\\n'\n"
