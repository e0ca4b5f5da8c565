"""What a box wrote goes wholly, however it is nested, closed or linked, and nothing else goes with it."""

import os
from pathlib import Path

from boxes import ORDINARY, as_user, tree_of
from ringfence.sandbox.removing import remove


def _nested(top: Path, *, depth: int) -> None:
    """Folders one in the other, deeper than a path can be written, with a file in the deepest."""
    fd = os.open(top, os.O_DIRECTORY)
    for _ in range(depth):
        os.mkdir("d" * 200, dir_fd=fd)
        inner = os.open("d" * 200, os.O_DIRECTORY, dir_fd=fd)
        os.close(fd)
        fd = inner
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=fd))
    os.close(fd)


def test_what_is_there_goes_and_its_bytes_are_counted(tmp_path: Path) -> None:
    top = tmp_path / "top"
    (top / "a/b").mkdir(parents=True)
    (top / "a/file").write_bytes(b"x" * 8192)
    (top / "a/b/file").write_bytes(b"x" * 4096)
    taken = sum(each.stat().st_blocks * 512 for each in (top / "a/file", top / "a/b/file"))
    assert remove(top) == taken > 0
    assert not top.exists()
    assert remove(top) == 0


def test_folders_nested_deeper_than_a_path_reaches_go(tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    _nested(top, depth=100)
    remove(top)
    assert list(tmp_path.iterdir()) == []


def test_names_that_are_taken_at_the_top_do_not_matter(tmp_path: Path) -> None:
    top = tmp_path / "top"
    for name in ("0/1/0", "1/0/1", "2/2"):
        (top / name).mkdir(parents=True)
        (top / name / "file").touch()
    (top / "3").write_text("a file where a folder would be moved")
    remove(top)
    assert list(tmp_path.iterdir()) == []


def test_folders_that_nobody_may_look_into_go() -> None:
    with tree_of("ordinary") as folder:

        def made_and_removed() -> int:
            (folder / "top/closed/inner/file").mkdir(parents=True)
            for each in ("closed/inner", "closed"):
                (folder / "top" / each).chmod(0)
            return remove(folder / "top")

        # root has a right to every file
        as_user(ORDINARY, made_and_removed) if os.geteuid() == 0 else made_and_removed()
        assert list(folder.iterdir()) == []


def test_what_links_lead_to_stays_as_it_is(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o755)
    (outside / "file").write_text("kept")
    top = tmp_path / "top"
    (top / "a").mkdir(parents=True)
    (top / "a/folder").symlink_to(outside)
    (top / "a/file").symlink_to(outside / "file")
    os.link(outside / "file", top / "a/hard")
    links = sum((top / each).lstat().st_blocks * 512 for each in ("a/folder", "a/file"))
    assert remove(top) == links
    assert (outside / "file").read_text() == "kept"
    assert outside.stat().st_mode & 0o777 == 0o755
