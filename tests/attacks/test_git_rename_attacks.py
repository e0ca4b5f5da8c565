"""Renaming what a box may not write: git's folder, a folder above it, a submodule's pointer."""

import shutil
from pathlib import Path

from ringfence.sandbox.plan import MountKind
from ringfence.sandbox.tree.mounts import mounts
from working_trees import Run, copy_of, git, start, state

_EVIL = '[core]\n\trepositoryformatversion = 0\n\tfsmonitor = "touch {marker}; false"\n'


def _nested(tmp_path: Path) -> Run:
    run = start(tmp_path)
    git(run.tree, "init", "-q", "-b", "main", "pkg/inner")
    git(run.tree / "pkg/inner", "commit", "-q", "--allow-empty", "-m", "one")
    return run


def test_git_s_folders_are_mount_points_which_nobody_can_rename(tmp_path: Path) -> None:
    run = _nested(tmp_path)
    found = mounts(run.look(), run.session)
    writable = [each.target.removeprefix(f"{run.tree}/") for each in found if each.kind is MountKind.WRITE]
    assert writable == [".git", "pkg/inner/.git", "/run/ringfence/git/0", "/run/ringfence/git/1"]


def test_a_folder_above_git_s_that_is_exchanged_brings_no_configuration(tmp_path: Path) -> None:
    run, marker = _nested(tmp_path), tmp_path / "acted"
    run.begin()
    (run.tree / "pkg").rename(run.tree / "old")
    shutil.copytree(run.tree / "old", run.tree / "pkg")
    (run.tree / "pkg/inner/.git/config").write_text(_EVIL.format(marker=marker))
    git(copy_of(run.tree, tmp_path / "unswept") / "pkg/inner", "status", check=False)
    assert marker.exists(), "without the sweep the attack succeeds"
    marker.unlink()
    before = state(run.tree / "old/inner/.git")
    swept = run.sweep()
    assert [(each.path.removeprefix(f"{run.tree}/"), each.is_restored) for each in swept.refused] == [
        ("pkg/inner/.git/config", True)
    ]
    git(run.tree / "pkg/inner", "status")
    assert not marker.exists()
    assert state(run.tree / "old/inner/.git") == before


def test_nothing_flows_back_into_a_folder_that_was_exchanged(tmp_path: Path) -> None:
    from ringfence.sandbox.tree.flow_back import flow_back

    run = _nested(tmp_path)
    outside = start(tmp_path / "outside") if (tmp_path / "outside").mkdir() is None else run
    before = (outside.tree / ".git/config").read_bytes()
    run.begin()
    (run.session / "git/1/config").write_text('[branch "main"]\n\tdescription = mine\n')
    (run.tree / "pkg/inner").rename(run.tree / "old")
    (run.tree / "pkg/inner").symlink_to(outside.tree)
    assert [each.why for each in flow_back(run.session).troubles] == ["nothing flows back: not a directory"]
    (run.tree / "pkg/inner").unlink()
    git(run.tree, "init", "-q", "pkg/inner")
    assert [each.why for each in flow_back(run.session).troubles] == [
        "nothing flows back: git's folder was exchanged for another"
    ]
    assert (outside.tree / ".git/config").read_bytes() == before


def test_a_submodule_s_git_file_is_kept(tmp_path: Path) -> None:
    run, marker = start(tmp_path), tmp_path / "acted"
    other = start(tmp_path / "other") if (tmp_path / "other").mkdir() is None else run
    git(run.tree, "submodule", "--quiet", "add", str(other.tree), "module")
    git(run.tree, "commit", "-q", "-m", "two")
    run.begin()
    shutil.copytree(run.tree / ".git/modules/module", run.tree / "evil")
    (run.tree / "evil/config").write_text(_EVIL.format(marker=marker) + '\tworktree = "../module"\n')
    (run.tree / "module").rename(run.tree / "aside")
    (run.tree / "module").mkdir()
    (run.tree / "module/.git").write_text("gitdir: ../evil\n")
    git(copy_of(run.tree, tmp_path / "unswept"), "status", check=False)
    assert marker.exists(), "git looks into submodules by itself"
    marker.unlink()
    assert run.refused() == ["evil/config"]
    git(run.tree, "status", check=False)
    assert not marker.exists()
