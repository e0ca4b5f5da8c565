"""Which files are judged when a folder is named."""

from pathlib import Path

from ringfence.app.judging import files_below
from ringfence.app.judging.below import FileToJudge
from ringfence.core.inventory import Skipped


def names(path: Path) -> list[str]:
    return [each.name for each in files_below(path) if isinstance(each, FileToJudge)]


def test_every_file_counts_hidden_ones_too_but_no_repositorys_own_records(tmp_path: Path) -> None:
    for name in ("a.bin", ".hidden.py", "deep/er/b.json", ".git/objects/x", "deep/.git/HEAD"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    assert names(tmp_path) == [".hidden.py", "a.bin", "deep/er/b.json"]


def test_a_hubs_blob_goes_by_the_name_that_links_give_it(tmp_path: Path) -> None:
    (tmp_path / "blobs").mkdir()
    (tmp_path / "blobs/0123").write_text("{}")
    for commit in ("a", "b"):
        (tmp_path / "snapshots" / commit).mkdir(parents=True)
        (tmp_path / "snapshots" / commit / "config.json").symlink_to("../../blobs/0123")
    (tmp_path / "snapshots/b/other.json").symlink_to("../../blobs/0123")
    found = names(tmp_path)
    assert [name.rpartition("/")[2] for name in found] == ["config.json", "other.json"]
    assert not any(name.startswith("blobs/") for name in found)


def test_links_to_folders_are_not_followed_and_dead_links_are_said(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(".")
    (tmp_path / "dead.pkl").symlink_to("nowhere")
    assert list(files_below(tmp_path)) == [
        Skipped(kind="file", subject=str(tmp_path / "dead.pkl"), reason="a link that leads nowhere")
    ]


def test_the_header_is_asked_for_where_the_name_is_the_files_own(tmp_path: Path) -> None:
    (tmp_path / "own.pkl").write_text("x")
    (tmp_path / "blob").write_text("y")
    (tmp_path / "link.pkl").symlink_to("blob")
    found = [each for each in files_below(tmp_path) if isinstance(each, FileToJudge)]
    assert [(each.name, each.with_header) for each in found] == [("link.pkl", False), ("own.pkl", True)]
