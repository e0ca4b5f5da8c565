import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ringfence.core.inventory import Skipped
from ringfence.endpoint.found import FoundFile
from ringfence.endpoint.mounts import Mount
from ringfence.endpoint.walk import Found, FoundEnvironment, FoundRepository, Walk, Walked

MIN = 1000
NO_MOUNTS: tuple[Mount, ...] = ()


def walked(*roots: Path, **options) -> list[Found]:
    options = {
        "min_size_bytes": MIN,
        "known_suffixes": (".gguf", ".pt"),
        "processes": 0,
        "mounts": NO_MOUNTS,
    } | options
    with Walk(roots, **options) as walk:
        return sorted(walk, key=str)


def named(items: list[Found], root: Path) -> list[str]:
    return sorted(str(item.path.relative_to(root)) for item in items if isinstance(item, FoundFile))


def skips(items: list[Found]) -> list[Skipped]:
    return [item for item in items if isinstance(item, Skipped)]


def file(path: Path, size: int = 1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    return path


def test_a_file_is_found_for_its_size_or_its_suffix_and_carries_what_stat_says(tmp_path: Path) -> None:
    large = file(tmp_path / "a/holiday.jpg", MIN)
    small = file(tmp_path / "b/c/TINY.GGUF")
    file(tmp_path / "b/almost.jpg", MIN - 1)
    file(tmp_path / "b/gguf")
    assert walked(tmp_path) == sorted(
        [
            FoundFile.of(large, large.stat()),
            FoundFile.of(small, small.stat()),
            Walked(folders=4, files=4),
        ],
        key=str,
    )


def test_everything_in_a_store_is_found_at_any_size(tmp_path: Path) -> None:
    file(tmp_path / "store/blobs/sha256-12", 0)
    file(tmp_path / "store/manifests/latest")
    file(tmp_path / "elsewhere/latest")
    found = walked(tmp_path, known_folders=[tmp_path / "store"])
    assert named(found, tmp_path) == ["store/blobs/sha256-12", "store/manifests/latest"]


def test_a_root_inside_a_store_belongs_to_the_store(tmp_path: Path) -> None:
    file(tmp_path / "store/blobs/sha256-12")
    found = walked(tmp_path / "store/blobs", known_folders=[tmp_path / "store"])
    assert named(found, tmp_path) == ["store/blobs/sha256-12"]


def test_a_store_is_known_behind_a_symbolic_link(tmp_path: Path) -> None:
    file(tmp_path / "disk/blobs/sha256-12")
    (tmp_path / "models").symlink_to(tmp_path / "disk")
    found = walked(tmp_path / "models", known_folders=[tmp_path / "models"])
    assert named(found, tmp_path) == ["disk/blobs/sha256-12"]


def test_working_trees_environments_and_lock_files_are_told(tmp_path: Path) -> None:
    (tmp_path / "app/.git").mkdir(parents=True)
    file(tmp_path / "app/sub/.git")
    file(tmp_path / "app/models.lock")
    file(tmp_path / "app/poetry.lock")
    file(tmp_path / "app/.venv/pyvenv.cfg")
    file(tmp_path / "app/node_modules/left-pad/package.json")
    assert [item for item in walked(tmp_path) if not isinstance(item, Walked | FoundFile)] == [
        FoundEnvironment(path=tmp_path / "app/.venv"),
        FoundEnvironment(path=tmp_path / "app/node_modules"),
        FoundRepository(path=tmp_path / "app"),
        FoundRepository(path=tmp_path / "app/sub"),
    ]
    assert named(walked(tmp_path), tmp_path) == ["app/models.lock"]


def test_what_hides_in_a_git_folder_is_found(tmp_path: Path) -> None:
    file(tmp_path / ".git/lfs/objects/ab/abcd", MIN)
    assert named(walked(tmp_path), tmp_path) == [".git/lfs/objects/ab/abcd"]


def test_overlapping_roots_give_each_file_once(tmp_path: Path) -> None:
    model = file(tmp_path / "a/b/model.gguf")
    (tmp_path / "again").symlink_to(tmp_path / "a")
    found = walked(tmp_path, tmp_path / "a", tmp_path / "a/b", tmp_path / "again", model, model)
    assert named(found, tmp_path) == ["a/b/model.gguf"]
    assert Walked(folders=3, files=1) in found


def test_a_root_that_is_a_file_is_found_whatever_it_is_called(tmp_path: Path) -> None:
    assert named(walked(file(tmp_path / "notes.txt")), tmp_path) == ["notes.txt"]


def test_a_file_with_several_names_is_found_under_the_first(tmp_path: Path) -> None:
    first = file(tmp_path / "a.gguf")
    for name in ("z.gguf", "b/c.gguf", "k.gguf"):
        (tmp_path / "b").mkdir(exist_ok=True)
        os.link(first, tmp_path / name)
    assert named(walked(tmp_path), tmp_path) == ["a.gguf"]


def test_a_link_with_a_known_suffix_leads_to_its_file_once(tmp_path: Path) -> None:
    blob = file(tmp_path / "outside/blob")
    tree = tmp_path / "tree"
    file(tree / "real.pt")
    for name, target in [("one.gguf", blob), ("two.gguf", blob), ("note.txt", blob), ("also.pt", "real.pt")]:
        (tree / name).symlink_to(target)
    assert named(walked(tree), tmp_path) == ["outside/blob", "tree/real.pt"]


def test_links_to_folders_outside_are_counted_and_not_followed(tmp_path: Path) -> None:
    file(tmp_path / "outside/model.gguf")
    tree = tmp_path / "tree"
    file(tree / "folder/inner.txt")
    for number in range(5):
        (tree / f"out{number}").symlink_to("../outside")
    (tree / "inside").symlink_to("folder")
    (tree / "circle").symlink_to(tree)
    assert named(walked(tree), tree) == []
    assert skips(walked(tree)) == [
        Skipped(
            kind="link",
            subject=f"{tree}/out0, {tree}/out1, {tree}/out2, …",
            reason="leads to a folder outside of what is scanned",
            count=5,
        )
    ]


def test_links_that_lead_nowhere_or_in_a_circle_are_said_when_they_look_like_models(tmp_path: Path) -> None:
    (tmp_path / "gone.gguf").symlink_to("nothing")
    (tmp_path / "gone.txt").symlink_to("nothing")
    (tmp_path / "circle.gguf").symlink_to("circle.gguf")
    assert skips(walked(tmp_path)) == [
        Skipped(kind="link", subject=f"{tmp_path}/circle.gguf", reason="symbolic links in a circle"),
        Skipped(kind="link", subject=f"{tmp_path}/gone.gguf", reason="leads nowhere"),
    ]


def test_pipes_sockets_and_links_to_devices_named_like_models_are_said_and_never_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path may have 107 bytes
    os.mkfifo("a.gguf")
    os.mkfifo("pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("b.gguf")
    Path("c.gguf").symlink_to("/dev/zero")
    assert skips(walked(tmp_path)) == [
        Skipped(
            kind="file",
            subject=f"{tmp_path}/a.gguf, {tmp_path}/b.gguf, {tmp_path}/c.gguf",
            reason="not a regular file",
            count=3,
        )
    ]


def test_roots_that_do_not_exist_or_are_no_files_are_said(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert walked(tmp_path / "none", tmp_path / "pipe", Path("nul\0")) == [
        Skipped(kind="file", subject=f"{tmp_path}/pipe", reason="not a regular file"),
        Skipped(kind="folder", subject=f"{tmp_path}/none", reason="there is no such file or folder"),
        Skipped(kind="folder", subject="nul\\x00", reason="not a valid path"),
    ]


@contextmanager
def as_somebody() -> Iterator[Path]:
    """An own folder of a user who is not root; in here this process may do no more than that user."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        before = os.geteuid()
        if before == 0:
            os.seteuid(65534)
        try:
            yield Path(folder)
        finally:
            os.seteuid(before)


def test_unreadable_folders_are_summed_up() -> None:
    with as_somebody() as root:
        for number in range(7):
            (root / f"closed{number}").mkdir(mode=0)
        file(root / "open/model.gguf")
        items = walked(root)
        assert named(items, root) == ["open/model.gguf"]
        assert skips(items) == [
            Skipped(
                kind="folder",
                subject=f"{root}/closed0, {root}/closed1, {root}/closed2, …",
                reason="permission denied",
                count=7,
            )
        ]


def test_network_and_kernel_mounts_are_left_out_with_a_reason(tmp_path: Path) -> None:
    for name in ("nas/model.gguf", "cloud/model.gguf", "proc/model.gguf", "usb/model.gguf"):
        file(tmp_path / name)
    mounts = [
        Mount(path=f"{tmp_path}/{name}", type=kind)
        for name, kind in [("nas", "nfs4"), ("cloud", "fuse.rclone"), ("proc", "proc"), ("usb", "fuseblk")]
    ]
    items = walked(tmp_path, mounts=mounts)
    assert named(items, tmp_path) == ["usb/model.gguf"]
    assert skips(items) == [
        Skipped(kind="mount", subject=f"{tmp_path}/cloud", reason="FUSE mount (fuse.rclone)"),
        Skipped(kind="mount", subject=f"{tmp_path}/nas", reason="network mount (nfs4)"),
        Skipped(kind="mount", subject=f"{tmp_path}/proc", reason="the kernel's own file system (proc)"),
    ]
    everything = walked(tmp_path, mounts=mounts, cross_network_mounts=True)
    assert named(everything, tmp_path) == ["cloud/model.gguf", "nas/model.gguf", "usb/model.gguf"]


def test_a_link_into_a_network_mount_is_not_asked_for_its_target(tmp_path: Path) -> None:
    file(tmp_path / "nas/model.gguf")
    (tmp_path / "home").mkdir()
    (tmp_path / "home/near.gguf").symlink_to("../nas/never-looked-at.gguf")
    (tmp_path / "hop").symlink_to("nas")
    (tmp_path / "home/far.gguf").symlink_to("../hop/model.gguf")
    items = walked(tmp_path / "home", mounts=[Mount(path=f"{tmp_path}/nas", type="nfs4")])
    assert skips(items) == [
        Skipped(
            kind="link",
            subject=f"{tmp_path}/home/far.gguf, {tmp_path}/home/near.gguf",
            reason="leads into a mount that is left out",
            count=2,
        )
    ]
    assert named(items, tmp_path) == []


def test_the_mounts_of_this_machine_are_known() -> None:
    items = walked(Path("/proc/self"), Path("/sys"), mounts=None)
    assert [(item.kind, item.reason) for item in skips(items)] == [
        ("mount", "the kernel's own file system (proc)"),
        ("mount", "the kernel's own file system (sysfs)"),
    ]


def many_folders(root: Path) -> list[str]:
    names = [f"{a}/{b}/{c}.gguf" for a in range(30) for b in range(10) for c in range(5)]
    for name in names:
        file(root / name)
    return sorted(names)


@pytest.mark.parametrize("processes", [0, 1, 3])
def test_any_number_of_processes_finds_the_same(tmp_path: Path, processes: int) -> None:
    names = many_folders(tmp_path)
    items = walked(tmp_path, processes=processes)
    assert named(items, tmp_path) == names
    assert Walked(folders=331, files=1500) in items
    assert skips(items) == []


def test_a_walk_goes_on_while_nobody_asks_and_ends_when_left_early(tmp_path: Path) -> None:
    many_folders(tmp_path)
    with Walk([tmp_path], min_size_bytes=0, known_suffixes=[], processes=2, mounts=NO_MOUNTS) as walk:
        next(iter(walk))
    assert children() == []


def test_without_a_second_interpreter_the_walk_runs_inside_the_scan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = many_folders(tmp_path)
    for executable in ("", str(tmp_path / "none"), shutil.which("true")):
        monkeypatch.setattr(sys, "executable", executable)
        assert named(walked(tmp_path, processes=2), tmp_path) == names


def test_a_walker_that_is_killed_leaves_nothing_out(tmp_path: Path) -> None:
    names = many_folders(tmp_path)
    items: list[Found] = []
    with Walk([tmp_path], min_size_bytes=0, known_suffixes=[], processes=2, mounts=NO_MOUNTS) as walk:
        for item in walk:
            items.append(item)
            for child in children():
                os.kill(child, signal.SIGKILL)
    assert named(items, tmp_path) == names


def children() -> list[int]:
    """The walkers of this process that still run."""
    listed = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [int(pid) for pid in listed if b"folders.py" in Path(f"/proc/{pid}/cmdline").read_bytes()]
