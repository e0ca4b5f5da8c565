"""Trees made to hang, crash, mislead or blind a walk."""

import os
import shutil
import threading
from pathlib import Path

import pytest

from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.endpoint import folders
from ringfence.endpoint.found import FoundFile
from ringfence.endpoint.walk import Found, Walk


def walked(root: Path, *, processes: int = 0, min_size_bytes: int = 1 << 20) -> list[Found]:
    with Walk(
        [root], min_size_bytes=min_size_bytes, known_suffixes=[".gguf"], processes=processes, mounts=()
    ) as walk:
        return list(walk)


def paths(items: list[Found]) -> list[bytes]:
    return sorted(os.fsencode(item.path) for item in items if isinstance(item, FoundFile))


def skips(items: list[Found]) -> list[Skipped]:
    return [item for item in items if isinstance(item, Skipped)]


@pytest.fixture
def deep(tmp_path: Path):
    """Makes a chain of folders, longer than any path may be; and takes it away again."""

    def make(depth: int, name: str) -> Path:
        fd = os.open(tmp_path, os.O_RDONLY)
        for _ in range(depth):
            os.mkdir(name, dir_fd=fd)
            inner = os.open(name, os.O_RDONLY, dir_fd=fd)
            os.close(fd)
            fd = inner
        os.close(os.open("deep.gguf", os.O_CREAT | os.O_WRONLY, dir_fd=fd))
        os.close(fd)
        return tmp_path

    yield make
    for folder in list(tmp_path.iterdir()):
        shutil.rmtree(folder)


@pytest.mark.parametrize("processes", [0, 2])
def test_a_path_longer_than_the_system_allows_is_said(deep, processes: int) -> None:
    items = walked(deep(30, "d" * 200), processes=processes)
    assert [(skip.kind, skip.reason, skip.count) for skip in skips(items)] == [
        ("folder", "file name too long", 1)
    ]


def test_more_folders_in_each_other_than_the_limit_are_said(deep) -> None:
    items = walked(deep(LIMITS.walk_depth + 40, "d"))
    assert [(skip.kind, skip.reason, skip.count) for skip in skips(items)] == [
        ("folder", f"more than {LIMITS.walk_depth} folders deep", 1)
    ]


@pytest.mark.parametrize("processes", [0, 2])
def test_names_that_are_not_text_are_found_byte_for_byte(tmp_path: Path, processes: int) -> None:
    names = [b"\xff\xfe.gguf", b"line\nbreak.gguf", b"\x1b[2Jclear.GGUF", "\u202efugg.gguf".encode()]
    for name in names:
        folder = os.fsencode(tmp_path) + b"/" + name[:3]
        os.makedirs(folder)
        with open(folder + b"/" + name, "wb"):
            pass
    found = paths(walked(tmp_path, processes=processes))
    assert found == sorted(os.fsencode(tmp_path) + b"/" + name[:3] + b"/" + name for name in names)


def test_a_name_cannot_speak_to_the_terminal_from_a_skip(tmp_path: Path) -> None:
    os.mkfifo(os.fsencode(tmp_path) + b"/\x1b]0;owned\x07\xff.gguf")
    assert skips(walked(tmp_path)) == [
        Skipped(kind="file", subject=f"{tmp_path}/\\x1b]0;owned\\x07\\xff.gguf", reason="not a regular file")
    ]


def test_a_folder_swapped_for_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/model.gguf").write_bytes(b"GGUF")
    (tmp_path / "was-a-folder").symlink_to("secret")
    rules: folders.Rules = (9, 0, frozenset(), frozenset(), frozenset(), (f"{tmp_path}/",))
    parts: list[folders.Part] = []
    assert folders.look([(f"{tmp_path}/was-a-folder", 1, True)], rules, parts.append) == []
    assert [(part[2], list(part[6])) for part in parts] == [([], [("folder", 20)])]


def test_a_tree_that_goes_while_it_is_walked_is_no_error(tmp_path: Path) -> None:
    for a in range(60):
        for b in range(20):
            (tmp_path / f"{a}/{b}").mkdir(parents=True)
            (tmp_path / f"{a}/{b}/x.gguf").touch()
    goes = threading.Thread(target=shutil.rmtree, args=(tmp_path,), kwargs={"ignore_errors": True})
    goes.start()
    items = walked(tmp_path, processes=2)
    goes.join()
    assert {skip.reason for skip in skips(items)} <= {"vanished while it was looked at"}


def test_one_folder_full_of_models_arrives_whole_and_in_pieces(tmp_path: Path) -> None:
    count = 2 * folders.FILES_PER_PART + 7
    for number in range(count):
        (tmp_path / f"{number}.gguf").touch()
    assert len(paths(walked(tmp_path, processes=1))) == count
    rules: folders.Rules = (9, 1, frozenset({"gguf"}), frozenset(), frozenset(), ())
    parts: list[folders.Part] = []
    folders.look([(str(tmp_path), 0, False)], rules, parts.append)
    assert max(len(part[2]) for part in parts) == folders.FILES_PER_PART


def test_thousands_of_refusals_are_one_row(tmp_path: Path) -> None:
    for number in range(3000):
        os.mkfifo(tmp_path / f"{number:04}.gguf")
    shown = ", ".join(f"{tmp_path}/{number:04}.gguf" for number in range(3))
    assert skips(walked(tmp_path, processes=2)) == [
        Skipped(kind="file", subject=f"{shown}, …", reason="not a regular file", count=3000)
    ]


def test_a_crowd_of_links_in_circles_ends(tmp_path: Path) -> None:
    for number in range(200):
        (tmp_path / f"{number}").mkdir()
        (tmp_path / f"{number}/up").symlink_to("..")
        (tmp_path / f"{number}/self.gguf").symlink_to("self.gguf")
    items = walked(tmp_path)
    assert [(skip.kind, skip.reason, skip.count) for skip in skips(items)] == [
        ("link", "symbolic links in a circle", 200)
    ]


def test_giving_a_model_another_name_or_a_second_one_does_not_hide_it(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"GGUF" + b"\0" * (1 << 20))
    os.link(tmp_path / "holiday.jpg", tmp_path / "notes.txt")
    assert paths(walked(tmp_path)) == [os.fsencode(tmp_path / "holiday.jpg")]
