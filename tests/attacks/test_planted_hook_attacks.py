"""Hooks that a box leaves for git outside: written, linked, behind hooksPath, in a repository of its own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from working_trees import Run, copy_of, git, start


def _script(path: Path, marker: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\ntouch {marker}\n")
    path.chmod(0o755)


def _in_hooks(run: Run, marker: Path) -> None:
    _script(run.tree / ".git/hooks/pre-commit", marker)


def _new_hooks_folder(run: Run, marker: Path) -> None:
    (run.tree / ".git/hooks").rename(run.tree / ".git/old")
    _script(run.tree / ".git/hooks/pre-commit", marker)


def _linked_folder(run: Run, marker: Path) -> None:
    _script(run.tree / "tools/pre-commit", marker)
    (run.tree / ".git/hooks").rename(run.tree / ".git/old")
    (run.tree / ".git/hooks").symlink_to("../tools")


def _hooks_path(run: Run, marker: Path) -> None:
    _script(run.tree / "tools/pre-commit", marker)
    git(run.tree, "config", "core.hooksPath", "tools")


@pytest.mark.parametrize("plant", [_new_hooks_folder, _linked_folder, _hooks_path])
def test_a_hook_that_a_box_left_never_runs(plant: Callable[[Run, Path], None], tmp_path: Path) -> None:
    run, marker = start(tmp_path), tmp_path / "acted"
    run.begin()
    plant(run, marker)
    unswept = copy_of(run.tree, tmp_path / "unswept")
    git(unswept, "commit", "--allow-empty", "-m", "two")
    assert marker.exists(), "without the sweep the attack succeeds"
    marker.unlink()
    assert run.end()
    git(run.tree, "commit", "--allow-empty", "-m", "two")
    assert not marker.exists()


def test_a_hook_in_a_folder_that_was_missing_never_runs(tmp_path: Path) -> None:
    """A box that was killed before its mounts, or a folder that somebody outside removed meanwhile."""
    run, marker = start(tmp_path), tmp_path / "acted"
    for sample in (run.tree / ".git/hooks").iterdir():
        sample.unlink()
    (run.tree / ".git/hooks").rmdir()
    found = run.look()
    assert f"{run.tree}/.git/hooks" in found.missing
    run.begin()
    (run.tree / ".git/hooks").rmdir()
    _in_hooks(run, marker)
    (run.session / "tree.json").write_text(
        (run.session / "tree.json").read_text().replace(f'"{run.tree}/.git/hooks"', f'"{run.tree}/nothing"')
    )
    git(copy_of(run.tree, tmp_path / "unswept"), "commit", "--allow-empty", "-m", "two")
    assert marker.exists()
    marker.unlink()
    assert run.refused() == [".git/hooks/pre-commit"]
    git(run.tree, "commit", "--allow-empty", "-m", "two")
    assert not marker.exists()


def test_hooks_that_were_there_stay(tmp_path: Path) -> None:
    run, marker = start(tmp_path), tmp_path / "acted"
    _in_hooks(run, marker)
    run.begin()
    assert run.refused() == []
    git(run.tree, "commit", "--allow-empty", "-m", "two")
    assert marker.exists()


def test_scripts_of_a_hooks_path_are_kept_as_they_are(tmp_path: Path) -> None:
    run = start(tmp_path)
    git(run.tree, "config", "core.hooksPath", "tools/hooks")
    _script(run.tree / "tools/hooks/pre-commit", tmp_path / "its own")
    found = run.begin()
    assert [each.path for each in found.protected] == [f"{run.tree}/tools/hooks"]
    (run.tree / "tools").rename(run.tree / "gone")
    _script(run.tree / "tools/hooks/pre-commit", tmp_path / "acted")
    assert run.refused() == ["tools/hooks"]
    git(run.tree, "commit", "--allow-empty", "-m", "two")
    assert not (tmp_path / "acted").exists()
