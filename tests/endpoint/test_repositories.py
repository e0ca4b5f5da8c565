"""Working trees made by the real git, and what they show."""

import os
import subprocess
from pathlib import Path

import pytest

from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.core.machine import Repository
from ringfence.endpoint.repositories import look_at_repository


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "protocol.file.allow=always", *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
        env={"PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(folder)},
    )


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    path = tmp_path / "tree"
    (path / "src").mkdir(parents=True)
    git(path, "init", "-q")
    (path / "src/a.py").write_text("print()\n")
    git(path, "add", ".")
    git(path, "commit", "-q", "-m", "code")
    return path


def seen(path: Path, *records: str, marks: tuple[str, ...] = ()) -> Repository:
    return Repository(path=path, records=records, agent_marks=marks)


def test_code_without_a_record_is_a_repository_without_records(tree: Path) -> None:
    assert look_at_repository(tree) == seen(tree)


def test_notes_of_git_ai_are_a_record_loose_or_packed(tree: Path) -> None:
    git(tree, "notes", "--ref=ai", "add", "-m", "who wrote what")
    assert look_at_repository(tree) == seen(tree, "git-ai")
    git(tree, "pack-refs", "--all")
    assert not (tree / ".git/refs/notes/ai").exists()
    assert look_at_repository(tree) == seen(tree, "git-ai")


def test_notes_under_another_name_are_none(tree: Path) -> None:
    git(tree, "notes", "--ref=ai2", "add", "-m", "x")
    git(tree, "notes", "--ref=commits", "add", "-m", "x")
    git(tree, "pack-refs", "--all")
    assert look_at_repository(tree) == seen(tree)


def test_a_ref_at_the_edge_of_two_pieces_is_found(tree: Path) -> None:
    line = b"0" * 40 + b" refs/heads/" + b"x" * 47 + b"\n"
    padding = line * ((1 << 20) // len(line))
    rest = (1 << 20) - len(padding)
    for before in range(0, 30, 3):
        data = padding + b"#" * (rest - before) + b" refs/notes/ai\n" + line
        (tree / ".git/packed-refs").write_bytes(data)
        assert look_at_repository(tree) == seen(tree, "git-ai")


def test_worktrees_share_the_notes_of_their_repository(tree: Path) -> None:
    git(tree, "notes", "--ref=ai", "add", "-m", "x")
    git(tree, "worktree", "add", "-q", "../second")
    second = tree.parent / "second"
    assert look_at_repository(second) == seen(second, "git-ai")


def test_a_submodule_has_notes_of_its_own(tree: Path) -> None:
    outer = tree.parent / "outer"
    outer.mkdir()
    git(outer, "init", "-q")
    git(outer, "submodule", "add", "-q", str(tree), "inner")
    assert look_at_repository(outer / "inner") == seen(outer / "inner")
    git(outer / "inner", "notes", "--ref=ai", "add", "-m", "x")
    assert look_at_repository(outer / "inner") == seen(outer / "inner", "git-ai")
    assert look_at_repository(outer) == seen(outer)


def test_traces_count_when_there_are_any(tree: Path) -> None:
    (tree / ".agent-trace").mkdir()
    traces = tree / ".agent-trace/traces.jsonl"
    traces.touch()
    assert look_at_repository(tree) == seen(tree, marks=(".agent-trace",))
    traces.write_text("{}\n")
    assert look_at_repository(tree) == seen(tree, "agent-trace", marks=(".agent-trace",))


def test_marks_of_agents_are_named(tree: Path) -> None:
    for name in ("CLAUDE.md", "AGENTS.md", ".cursorrules", ".aider.chat.history.md", ".mcp.json"):
        (tree / name).touch()
    (tree / ".github").mkdir()
    (tree / ".github/copilot-instructions.md").touch()
    assert look_at_repository(tree) == seen(
        tree,
        marks=(
            *(".aider.chat.history.md", ".cursorrules", ".github/copilot-instructions.md", ".mcp.json"),
            *("AGENTS.md", "CLAUDE.md"),
        ),
    )


def test_a_tree_without_code_is_none(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "notes.md").touch()
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules/a.js").touch()
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden/a.py").touch()
    assert look_at_repository(tmp_path) is None


def test_a_folder_that_is_no_working_tree_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.py").touch()
    assert look_at_repository(tmp_path) is None
    (tmp_path / ".git").mkdir()
    assert look_at_repository(tmp_path) is None


def test_too_many_names_without_code_are_said(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    for number in range(LIMITS.repository_names + 1):
        (tmp_path / f"{number}.txt").touch()
    assert look_at_repository(tmp_path) == Skipped(
        kind="repository",
        subject=str(tmp_path),
        reason=f"no code among its first {LIMITS.repository_names} names",
    )


@pytest.mark.parametrize(
    ("pointer", "expected"),
    [
        ("gitdir: /nowhere/at/all\n", "its git folder lies elsewhere and is not there"),
        ("gitdir: .\n", "its git folder lies elsewhere and is not there"),
        ("gitdir: .git\n", "its git folder lies elsewhere and is not there"),
        ("gitdir: \n", None),
        ("nonsense", None),
        ("gitdir: a\0b\n", None),
        ("x" * 20_000, "larger than 16384 bytes"),
    ],
)
def test_a_pointer_that_leads_nowhere_is_no_repository(
    tmp_path: Path, pointer: str, expected: str | None
) -> None:
    (tmp_path / "a.py").touch()
    (tmp_path / ".git").write_text(pointer)
    found = look_at_repository(tmp_path)
    assert (found.reason if isinstance(found, Skipped) else found) == expected


def test_fifos_in_the_place_of_gits_files_do_not_block(tree: Path) -> None:
    os.mkfifo(tree / ".git/packed-refs")
    assert look_at_repository(tree) == Skipped(
        kind="file", subject=str(tree / ".git/packed-refs"), reason="not a regular file"
    )
    (tree / ".git/packed-refs").unlink()
    (tree / ".agent-trace").mkdir()
    os.mkfifo(tree / ".agent-trace/traces.jsonl")
    assert look_at_repository(tree) == seen(tree, marks=(".agent-trace",))


def test_refs_in_a_reftable_are_said_to_be_unread(tree: Path) -> None:
    (tree / ".git/reftable").mkdir()
    assert look_at_repository(tree) == Skipped(
        kind="repository",
        subject=str(tree / ".git"),
        reason="it keeps its refs in a reftable, which is not read",
    )
