import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from needs import missing
from ringfence.core.inventory import Skipped
from ringfence.endpoint.linux.mounts import parse_mountinfo, read_mounts
from ringfence.endpoint.mounts import Mount, MountPlan, is_below, plan

ROOT = Mount(path="/", type="ext4")


def planned(roots: list[str], *mounts: tuple[str, str], cross: bool = False) -> MountPlan:
    listed = [ROOT, *(Mount(path=path, type=kind) for path, kind in mounts)]
    return plan(roots, listed, cross_network_mounts=cross)


def left_out(path: str, reason: str) -> Skipped:
    return Skipped(kind="mount", subject=path, reason=reason)


def test_the_paths_in_a_mountinfo_lose_their_escapes() -> None:
    lines = (
        b"36 35 98:0 /mnt1 /mnt/my\\040disk\\011\\134x rw,noatime master:1 - ext3 /dev/root rw\n"
        b"37 35 0:52 / /mnt/caf\xc3\xa9\xff rw shared:1 master:2 - fuse.sshfs me@host: rw\n"
        b"not a mount\n\n"
        b"38 35 0:53 / /mnt/a\rb rw - nfs4 nas:/a - rw\n"
    )
    assert parse_mountinfo(lines) == (
        Mount(path="/mnt/my disk\t\\x", type="ext3"),
        Mount(path="/mnt/café\udcff", type="fuse.sshfs"),
        Mount(path="/mnt/a\rb", type="nfs4"),
    )


def test_this_machines_own_mounts_are_read() -> None:
    mounts = read_mounts()
    assert not isinstance(mounts, Skipped)
    assert Mount(path="/proc", type="proc") in mounts
    told_otherwise = (line.split(" ")[1:3] for line in Path("/proc/self/mounts").read_text().splitlines())
    assert [(mount.path.replace(" ", "\\040"), mount.type) for mount in mounts] == [
        (path, kind) for path, kind in told_otherwise
    ]


@given(st.binary(max_size=300))
def test_any_bytes_are_read_as_some_mounts(data: bytes) -> None:
    assert all(isinstance(mount, Mount) for mount in parse_mountinfo(data))


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("nfs4", "network mount (nfs4)"),
        ("cifs", "network mount (cifs)"),
        ("9p", "network mount (9p)"),
        ("fuse", "FUSE mount (fuse)"),
        ("fuse.sshfs", "FUSE mount (fuse.sshfs)"),
        ("cgroup2", "the kernel's own file system (cgroup2)"),
    ],
)
def test_a_mount_that_is_not_of_this_machine_is_left_out(kind: str, reason: str) -> None:
    assert planned(["/"], ("/mnt/x", kind)) == MountPlan(
        starts=("/",), closed=frozenset({"/mnt/x"}), skipped=(left_out("/mnt/x", reason),)
    )


@pytest.mark.parametrize("kind", ["ext4", "fuseblk", "tmpfs", "overlay", "btrfs", "squashfs", "of tomorrow"])
def test_a_mount_of_this_machine_is_walked(kind: str) -> None:
    assert planned(["/"], ("/mnt/x", kind)) == MountPlan(starts=("/",), closed=frozenset(), skipped=())


def test_network_mounts_can_be_asked_for_and_the_kernels_own_cannot() -> None:
    made = planned(["/"], ("/nas", "nfs"), ("/cloud", "fuse.rclone"), ("/proc", "proc"), cross=True)
    assert made.closed == {"/proc"}


def test_a_mount_outside_of_the_roots_is_not_worth_a_word() -> None:
    made = planned(["/home"], ("/nas", "nfs"), ("/homework", "nfs"))
    assert made == MountPlan(starts=("/home",), closed=frozenset({"/nas", "/homework"}), skipped=())


def test_a_root_on_a_network_mount_has_been_asked_for() -> None:
    made = planned(["/", "/nas/models"], ("/nas", "nfs"), ("/nas/models/more", "cifs"))
    assert made.starts == ("/", "/nas/models")
    assert made.skipped == (
        left_out("/nas", "network mount (nfs)"),
        left_out("/nas/models/more", "network mount (cifs)"),
    )


def test_a_root_in_the_kernels_own_file_system_is_refused_with_all_below() -> None:
    made = planned(["/sys/fs"], ("/sys", "sysfs"), ("/sys/fs/cgroup", "tmpfs"))
    assert made.starts == ()
    assert made.skipped == (left_out("/sys/fs", "the kernel's own file system (sysfs)"),)


def test_a_local_disk_below_a_mount_that_is_left_out_is_walked() -> None:
    made = planned(["/"], ("/dev", "devtmpfs"), ("/dev/shm", "tmpfs"), ("/dev/pts", "devpts"))
    assert made.starts == ("/", "/dev/shm")
    assert made.skipped == (left_out("/dev", "the kernel's own file system (devtmpfs)"),)


def test_what_is_mounted_later_at_one_place_hides_the_earlier() -> None:
    assert planned(["/"], ("/mnt", "autofs"), ("/mnt", "ext4")).closed == frozenset()
    assert planned(["/"], ("/mnt", "ext4"), ("/mnt", "nfs")).closed == {"/mnt"}


def test_a_root_inside_another_starts_no_second_walk() -> None:
    assert planned(["/home", "/home/a", "/home/a/b", "/homework"]).starts == ("/home", "/homework")


def test_a_folder_is_below_itself_and_not_below_its_namesake() -> None:
    assert is_below("/a/b", {"/a/b"})
    assert is_below("/a/b/c", {"/a"})
    assert is_below("/a", {"/"})
    assert not is_below("/ab", {"/a"})


def test_a_real_kernel_file_system_inside_a_tree_is_not_entered(tmp_path: Path) -> None:
    (tmp_path / "not home").mkdir()
    (tmp_path / "model.gguf").write_bytes(b"GGUF")
    program = """if True:
        import sys
        from pathlib import Path
        from ringfence.endpoint.walk import Walk
        with Walk([Path(sys.argv[1])], min_size_bytes=0, known_suffixes=[]) as walk:
            print(*walk, sep="\\n")
        """
    script = 'mount -t tmpfs none "$1/not home" && mount -t proc proc "$1/not home" && exec "$2" -c "$3" "$1"'
    unshare = ["unshare", "--mount", "--pid", "--fork", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode:
        missing("a mount namespace", "allow user namespaces")
    python = sys.executable
    ran = subprocess.run(
        [*unshare, "sh", "-c", script, "sh", tmp_path, python, program],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "model.gguf" in ran.stdout
    assert "Walked(folders=1, files=1)" in ran.stdout
    assert f"subject='{tmp_path}/not home', reason=\"the kernel's own file system (proc)\"" in ran.stdout
