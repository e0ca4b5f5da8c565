"""Copies of homes that a box is at work in: files, folders and links within limits, and nothing else."""

import os
import sqlite3
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from identities import ME
from ringfence.core.limits import LIMITS
from ringfence.sandbox import home_copies
from ringfence.sandbox.home_copies import TooLarge, copy_home


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "target").mkdir()
    (tmp_path / "source").mkdir()
    return tmp_path / "source"


def _copied(source: Path, *without: str) -> dict[str, str]:
    target = source.parent / "target"
    copy_home(source, target, ME, without=without)
    return {
        str(each.relative_to(target)): f"-> {each.readlink()}" if each.is_symlink() else each.read_text()
        for each in sorted(target.rglob("*"))
        if each.is_symlink() or each.is_file()
    }


def _write(source: Path, name: str, text: str = "x") -> Path:
    path = source / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_files_folders_and_links_are_as_they_were(source: Path) -> None:
    _write(source, ".claude.json", "settings")
    os.utime(_write(source, ".claude/projects/a.jsonl", "history"), ns=(5, 7))
    _write(source, "bin/run").chmod(0o755)
    (source / "link").symlink_to("/etc/shadow")
    assert _copied(source) == {
        ".claude.json": "settings",
        ".claude/projects/a.jsonl": "history",
        "bin/run": "x",
        "link": "-> /etc/shadow",
    }
    target = source.parent / "target"
    assert (target / "bin/run").stat().st_mode & 0o777 == 0o755
    assert (target / ".claude/projects/a.jsonl").stat().st_mtime_ns == 7


def test_what_is_left_out_is_not_there(source: Path) -> None:
    for name in (
        ".claude/.credentials.json",
        ".claude/settings.json",
        ".cache/large",
        ".npm/x",
        "a/.cache/kept",
    ):
        _write(source, name)
    copied = _copied(source, ".claude/.credentials.json")
    assert sorted(copied) == [".claude/settings.json", "a/.cache/kept"]


def test_a_database_and_what_goes_with_it_is_left_out(source: Path) -> None:
    with sqlite3.connect(source / "state.sqlite") as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE a (b)")
        database.commit()
        assert (source / "state.sqlite-wal").exists()
        _write(source, "SQLite.txt", "SQLite format 3")
        assert _copied(source) == {"SQLite.txt": "SQLite format 3"}


def test_nothing_but_files_folders_and_links_is_opened(source: Path) -> None:
    os.mkfifo(source / "pipe")  # opening it would wait for ever
    _write(source, "closed").chmod(0)
    _write(source, "folder/in").parent.chmod(0)
    try:
        assert set(_copied(source)) <= {"closed", "folder/in"}  # which root may read
        assert not (source.parent / "target/pipe").exists()
    finally:
        (source / "folder").chmod(0o700)


def test_what_belongs_to_somebody_else_is_left_out(source: Path) -> None:
    _write(source, "a")
    target = source.parent / "target"
    copy_home(source, target, replace(ME, owner_uid=ME.owner_uid + 1), without=())
    assert list(target.iterdir()) == []


@pytest.mark.parametrize(
    ("limit", "amount"), [("home_copy_bytes", 10), ("home_copy_names", 2), ("home_copy_depth", 2)]
)
def test_past_a_limit_nothing_is_left(
    source: Path, monkeypatch: pytest.MonkeyPatch, limit: str, amount: int
) -> None:
    _write(source, "a/b/c", "x" * 11)
    given = {
        name: getattr(LIMITS, name) for name in ("home_copy_bytes", "home_copy_names", "home_copy_depth")
    }
    monkeypatch.setattr(home_copies, "LIMITS", SimpleNamespace(**{**given, limit: amount}))
    with pytest.raises(TooLarge):
        _copied(source)
    assert list((source.parent / "target").iterdir()) == []


def test_a_file_that_is_nothing_but_a_hole_counts_as_what_its_reader_gets(source: Path) -> None:
    with (source / "hole").open("wb") as file:
        file.truncate(LIMITS.home_copy_bytes + 1)
    with pytest.raises(TooLarge):
        _copied(source)


def test_a_source_that_is_gone_or_a_link_leaves_nothing(source: Path) -> None:
    (source.parent / "link").symlink_to(source)
    for name in ("link", "nowhere"):
        with pytest.raises(OSError, match=name):
            copy_home(source.parent / name, source.parent / "target", ME, without=())
    assert list((source.parent / "target").iterdir()) == []
