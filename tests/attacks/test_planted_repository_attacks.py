"""Repositories that a box makes in a working tree, whose configuration git outside would obey."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from working_trees import Run, copy_of, git, start


def _evil(folder: Path, marker: Path) -> None:
    """What is needed for git to take the folder for a repository, and a program to be started."""
    for name in ("objects", "refs"):
        (folder / name).mkdir(parents=True)
    (folder / "HEAD").write_text("ref: refs/heads/main\n")
    _monitor(folder / "config", marker)


def _monitor(config: Path, marker: Path) -> None:
    keys = 'repositoryformatversion = 0\n\tbare = false\n\tworktree = "."'
    remote = f'[remote "origin"]\n\turl = /nowhere\n\tuploadpack = "touch {marker}; false"\n'
    config.write_text(f'[core]\n\t{keys}\n\tfsmonitor = "touch {marker}; false"\n{remote}')


def _use(folder: Path) -> None:
    git(folder, "status", check=False)
    git(folder, "fetch", check=False)


def _nested(run: Run, marker: Path) -> None:
    _evil(run.tree / "docs/.git", marker)


def _bare(run: Run, marker: Path) -> None:
    _evil(run.tree / "docs", marker)


def _bare_by_links(run: Run, marker: Path) -> None:
    _evil(run.tree / "aside", marker)
    (run.tree / "docs").mkdir()
    (run.tree / "docs/HEAD").write_text("ref: refs/heads/main\n")
    for name in ("config", "objects", "refs"):
        (run.tree / "docs" / name).symlink_to(f"../aside/{name}")


def _bare_by_commondir(run: Run, marker: Path) -> None:
    """Git needs no more than a HEAD here: the rest lies where `commondir` says, which is no repository."""
    _evil(run.tree / "aside", marker)
    (run.tree / "aside/HEAD").unlink()
    (run.tree / "docs").mkdir()
    (run.tree / "docs/HEAD").write_text("ref: refs/heads/main\n")
    (run.tree / "docs/commondir").write_text("../aside\n")


def _pointer(run: Run, marker: Path) -> None:
    _evil(run.tree / ".git/x", marker)
    (run.tree / "docs").mkdir()
    (run.tree / "docs/.git").write_text("gitdir: ../.git/x\n")


def _link(run: Run, marker: Path) -> None:
    _evil(run.tree / "x", marker)
    (run.tree / "docs").mkdir()
    (run.tree / "docs/.git").symlink_to("../x")


def _in_a_package(run: Run, marker: Path) -> None:
    _evil(run.tree / "node_modules/a/.git", marker)
    (run.tree / "docs").symlink_to("node_modules/a")


def _in_a_closed_folder(run: Run, marker: Path) -> None:
    _evil(run.tree / "docs/.git", marker)
    (run.tree / "docs").chmod(0o311)


def _among_worktrees(run: Run, marker: Path) -> None:
    """Git reads a configuration there as soon as no `commondir` leads away."""
    _evil(run.tree / ".git/worktrees/x", marker)
    (run.tree / "docs").mkdir()
    (run.tree / "docs/.git").write_text("gitdir: ../.git/worktrees/x\n")


def _worktree_config(run: Run, marker: Path) -> None:
    git(run.tree, "init", "-q", "docs")
    git(run.tree / "docs", "config", "extensions.worktreeConfig", "true")
    _monitor(run.tree / "docs/.git/config.worktree", marker)


@pytest.mark.parametrize(
    "plant",
    [
        *(_nested, _bare, _bare_by_links, _bare_by_commondir, _pointer, _link, _in_a_package),
        *(_in_a_closed_folder, _worktree_config, _among_worktrees),
    ],
)
def test_git_outside_starts_nothing_in_a_planted_repository(
    plant: Callable[[Run, Path], None], tmp_path: Path
) -> None:
    run, marker = start(tmp_path), tmp_path / "acted"
    run.begin()
    plant(run, marker)
    _use(copy_of(run.tree, tmp_path / "unswept") / "docs")
    assert marker.exists(), "without the sweep the attack succeeds"
    marker.unlink()
    assert run.end()
    _use(run.tree / "docs")
    assert not marker.exists()


def test_the_repository_itself_does_not_turn_to_another_configuration(tmp_path: Path) -> None:
    run, marker = start(tmp_path), tmp_path / "acted"
    run.begin()
    shutil.copytree(run.tree / ".git", run.tree / "other")
    _monitor(run.tree / "other/config", marker)
    (run.tree / ".git/commondir").write_text("../other\n")
    unswept = copy_of(run.tree, tmp_path / "unswept")
    git(unswept, "status", check=False)
    assert marker.exists()
    marker.unlink()
    assert run.refused() == [".git/commondir", "other/config"]
    git(run.tree, "status")
    assert not marker.exists()


def test_a_rebase_that_a_box_left_starts_nothing(tmp_path: Path) -> None:
    run, marker = start(tmp_path), tmp_path / "acted"
    git(run.tree, "commit", "-q", "--allow-empty", "-m", "two")
    run.begin()
    git(
        run.tree, "-c", "sequence.editor=sed -i 1s/pick/edit/", "rebase", "-q", "-i", "--keep-empty", "HEAD~1"
    )
    with (run.tree / ".git/rebase-merge/git-rebase-todo").open("a") as todo:
        todo.write(f"exec touch {marker}\n")
    git(copy_of(run.tree, tmp_path / "unswept"), "rebase", "--continue", check=False)
    assert marker.exists()
    marker.unlink()
    assert run.refused() == [".git/rebase-merge/git-rebase-todo"]
    git(run.tree, "rebase", "--continue", check=False)
    assert not marker.exists()


@pytest.mark.parametrize("target", ["/home/somebody/.git", "../../elsewhere/.git"])
def test_a_git_file_that_leads_elsewhere_does_not_stay(target: str, tmp_path: Path) -> None:
    run = start(tmp_path)
    run.begin()
    (run.tree / "docs").mkdir()
    (run.tree / "docs/.git").write_text(f"gitdir: {target}\n")
    assert run.refused() == ["docs/.git"]


def test_objects_of_others_are_not_borrowed(tmp_path: Path) -> None:
    run = start(tmp_path)
    private = start(tmp_path / "private") if (tmp_path / "private").mkdir() is None else run
    run.begin()
    (run.tree / ".git/objects/info/alternates").write_text(f"{private.tree}/.git/objects\n")
    assert run.refused() == [".git/objects/info/alternates"]


def test_what_an_agent_makes_of_no_power_stays(tmp_path: Path) -> None:
    """A clone, a new repository, a submodule, a worktree: they work afterwards as they did."""
    run = start(tmp_path)
    run.begin()
    git(run.tree, "init", "-q", "fresh")
    git(run.tree, "clone", "-q", str(run.tree), "cloned")
    git(run.tree, "worktree", "add", "-q", "trees/other")
    git(run.tree, "submodule", "--quiet", "add", "./cloned", "module")
    for folder in ("fresh", "cloned", "trees/other", "module"):
        git(run.tree / folder, "status")
    assert run.refused() == [".gitmodules"]  # told of only
    for folder in (".", "fresh", "cloned", "trees/other", "module"):
        git(run.tree / folder, "status")
    assert os.path.lexists(run.tree / ".gitmodules")
