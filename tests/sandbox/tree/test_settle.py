"""From the look to the end of a run, with real git: what a box sees, what flows back, what stays."""

import os
import time
from pathlib import Path

import pytest

from ringfence.sandbox.plan import MountKind
from ringfence.sandbox.tree.flow_back import flow_back
from ringfence.sandbox.tree.look import look
from ringfence.sandbox.tree.mounts import mounts
from ringfence.sandbox.tree.settle import forget, prepare, sweep
from ringfence.sandbox.tree.tree import TreeRefused
from working_trees import Run, git, inside, start, state


def _with_remote(tmp_path: Path) -> Run:
    run = start(tmp_path)
    git(tmp_path, "init", "-q", "--bare", "origin.git")
    git(run.tree, "remote", "add", "origin", str(tmp_path / "origin.git"))
    git(run.tree, "push", "-q", "-u", "origin", "main")
    return run


def test_branches_that_were_made_in_a_box_are_known_outside(tmp_path: Path) -> None:
    run = _with_remote(tmp_path)
    with (run.tree / ".git/config").open("a") as config:
        config.write("; kept as it is\n[user]\n\tname = me\n")
    before = (run.tree / ".git/config").read_text()
    (run.tree / ".git/config").chmod(0o640)
    found = run.begin()
    with inside(run, found):
        git(run.tree, "checkout", "-q", "-b", "pushed")
        git(run.tree, "push", "-q", "-u", "origin", "pushed")
        git(run.tree, "branch", "-q", "--track", "tracking", "origin/main")
        git(run.tree, "config", "branch.tracking.description", 'two\nlines "quoted" \\ # ; ')
        git(run.tree, "config", "branch.tracking.rebase", "true")
    assert run.refused() == []
    config = run.tree / ".git/config"
    assert config.read_text().startswith(before)
    assert config.stat().st_mode & 0o777 == 0o640
    assert git(run.tree, "config", "--get-regexp", "^branch\\.(pushed|tracking)").splitlines() == [
        "branch.pushed.remote origin",
        "branch.pushed.merge refs/heads/pushed",
        "branch.tracking.remote origin",
        "branch.tracking.merge refs/heads/main",
        "branch.tracking.description two",
        'lines "quoted" \\ # ; ',
        "branch.tracking.rebase true",
    ]
    git(run.tree, "pull", "-q")


def test_a_branch_that_was_deleted_is_gone_and_one_made_outside_stays(tmp_path: Path) -> None:
    run = _with_remote(tmp_path)
    git(run.tree, "branch", "-q", "--track", "old", "origin/main")
    found = run.begin()
    with inside(run, found):
        git(run.tree, "branch", "-q", "-D", "old")
    git(run.tree, "branch", "-q", "--track", "outside", "origin/main")
    assert run.refused() == []
    names = git(run.tree, "config", "--name-only", "--get-regexp", "^branch").split()
    assert names == [
        "branch.main.remote",
        "branch.main.merge",
        "branch.outside.remote",
        "branch.outside.merge",
    ]


def test_nothing_is_written_when_nothing_changed(tmp_path: Path) -> None:
    run = _with_remote(tmp_path)
    before = (run.tree / ".git/config").stat()
    whole = state(run.tree)
    run.begin()
    assert run.end() == ()
    assert (run.tree / ".git/config").stat() == before
    assert state(run.tree) == whole


def test_a_lock_of_git_is_respected_and_stays(tmp_path: Path) -> None:
    run = _with_remote(tmp_path)
    found = run.begin()
    with inside(run, found):
        git(run.tree, "branch", "-q", "--track", "new", "origin/main")
    lock = run.tree / ".git/config.lock"
    lock.write_text("somebody's")
    assert [each.why for each in flow_back(run.session).troubles] == [
        "nothing flows back: git holds its lock on the configuration"
    ]
    assert lock.read_text() == "somebody's"
    lock.unlink()
    assert run.refused() == []
    assert "new" in git(run.tree, "config", "--get-regexp", "^branch\\.new")
    assert not lock.exists()


def test_passwords_in_addresses_are_not_in_the_copy_and_stay_outside(tmp_path: Path) -> None:
    run = start(tmp_path)
    token = "ghp_" + "a1B2c3D4e5" * 4
    secrets = {
        "remote.origin.url": "https://me:hunter2@git.example.com/a.git",
        "remote.other.url": f"https://{token}@git.example.com/b.git",
        "http.https://git.example.com/.extraheader": f"AUTHORIZATION: basic {token}",
        "url.https://me:hunter2@git.example.com/.insteadOf": "gh:",
        "credential.helper": f"!f() {{ echo password={token}; }}; f",
        "http.proxy": "http://me:hunter2@proxy:3128",
    }
    for key, value in secrets.items():
        git(run.tree, "config", key, value)
    with (run.tree / ".git/config").open("a") as config:
        config.write(f"# {token}\n")
    before = (run.tree / ".git/config").read_bytes()
    found = run.begin()
    copy = (run.session / "git/0/config").read_text()
    assert "hunter2" not in copy
    assert token not in copy
    with inside(run, found):
        assert git(run.tree, "remote", "get-url", "origin") == "https://git.example.com/a.git\n"
        assert git(run.tree, "remote", "get-url", "other") == "https://git.example.com/b.git\n"
        git(run.tree, "status")
    assert run.refused() == []
    assert (run.tree / ".git/config").read_bytes() == before


@pytest.mark.parametrize("where", [".", "trees/two"])
def test_a_worktree_works_in_a_box_and_afterwards(where: str, tmp_path: Path) -> None:
    run = _with_remote(tmp_path)
    git(run.tree, "worktree", "add", "-q", "trees/two")
    run = Run(tree=(run.tree / where).resolve(), session=run.session)
    found = run.begin()
    with inside(run, found):
        (run.tree / "new.txt").write_text("new")
        git(run.tree, "add", "new.txt")
        git(run.tree, "commit", "-q", "-m", "two")
        git(run.tree, "push", "-q", "-u", "origin", "HEAD:refs/heads/sent")
    assert run.refused() == []
    merge = git(run.tree, "config", "--get-regexp", "^branch.*merge$").splitlines()
    assert any(line.endswith("refs/heads/sent") for line in merge)
    git(run.tree, "status")


def test_what_a_worktree_s_box_left_in_the_folder_beside_is_swept_too(tmp_path: Path) -> None:
    main = start(tmp_path)
    git(main.tree, "worktree", "add", "-q", str(tmp_path / "two"))
    run = Run(tree=(tmp_path / "two").resolve(), session=main.session)
    run.begin()
    git_folder = main.tree / ".git"
    (git_folder / "commondir").write_text("elsewhere\n")
    (git_folder / "worktrees/two/config.worktree").write_text("[alias]\n\tx = !evil\n")
    (git_folder / "worktrees/two/commondir").unlink()
    (git_folder / "worktrees/two/commondir").write_text("/elsewhere\n")
    assert sorted(each.path.removeprefix(f"{git_folder}/") for each in run.end()) == [
        *("commondir", "worktrees/two/commondir", "worktrees/two/config.worktree"),
    ]
    git(run.tree, "status")
    assert (git_folder / "worktrees/two/commondir").read_text() == "../..\n"


def test_what_a_box_sees_is_said_before_anything_is_made(tmp_path: Path) -> None:
    run = start(tmp_path)
    for name in (".env", ".vscode/tasks.json", "pkg/.mcp.json"):
        (run.tree / name).parent.mkdir(exist_ok=True)
        (run.tree / name).write_text("x")
    before = state(tmp_path)
    found = mounts(run.look(), run.session)
    assert state(tmp_path) == before
    held = [".idea", ".zed", ".devcontainer", ".claude", ".codex", ".gemini", ".cursor"]
    assert [(each.kind, each.target.removeprefix(f"{run.tree}/")) for each in found] == [
        (MountKind.WRITE, ".git"),
        (MountKind.WRITE, "/run/ringfence/git/0"),
        (MountKind.LINK_OVER, ".git/config"),
        (MountKind.READ, ".git/hooks"),
        (MountKind.READ, ".vscode"),
        (MountKind.READ, "pkg/.mcp.json"),
        *((MountKind.READ, name) for name in held),
        (MountKind.EMPTY_FILE, ".env"),
    ]


def test_every_mount_has_something_to_stand_on(tmp_path: Path) -> None:
    run = _with_remote(tmp_path)
    git(run.tree, "worktree", "add", "-q", "trees/two")
    (run.tree / ".git/hooks").rename(run.tree / ".git/samples")
    found = run.begin()
    for each in mounts(found, run.session):
        assert each.target.startswith("/run/ringfence/") or os.path.lexists(each.target)
        assert each.kind is MountKind.LINK_OVER or each.source is None or os.path.lexists(each.source)
    assert os.listdir(run.tree / ".git/hooks") == []
    run.end()
    assert not (run.tree / ".git/hooks").exists()


def test_a_run_that_was_killed_is_put_in_order_by_the_next(tmp_path: Path) -> None:
    run = _with_remote(tmp_path)
    before = sorted(os.listdir(run.tree))
    found = run.begin()
    with inside(run, found):
        git(run.tree, "branch", "-q", "--track", "new", "origin/main")
    (run.tree / ".mcp.json").write_text("evil")
    assert run.refused() == [".mcp.json"]
    run.begin()  # it is resumed
    assert [each.path for each in run.end()] == [f"{run.tree}/.mcp.json"]
    assert sorted(os.listdir(run.tree)) == before
    assert "new" in git(run.tree, "config", "--get-regexp", "^branch\\.new")


def test_prepared_twice_it_is_as_prepared_once(tmp_path: Path) -> None:
    run = start(tmp_path)
    before = sorted(os.listdir(run.tree))
    run.begin()
    run.begin()
    assert run.end() == ()
    assert sorted(os.listdir(run.tree)) == before


def test_put_in_order_twice_nothing_more_happens(tmp_path: Path) -> None:
    run = start(tmp_path)
    run.begin()
    (run.tree / ".mcp.json").write_text("evil")
    first = run.end()
    (run.tree / ".mcp.json").write_text("the person's own, written afterwards")
    assert run.end() == first
    assert (run.tree / ".mcp.json").exists()


def test_a_configuration_that_git_cannot_read_stops_the_start(tmp_path: Path) -> None:
    run = start(tmp_path)
    (run.tree / ".git/config").write_text("[core\n")
    found = run.look()
    assert [each.path for each in found.troubles] == [f"{run.tree}/.git/config"]
    with pytest.raises(TreeRefused) as refused:
        prepare(found, run.session)
    assert refused.value.what == f"{run.tree}/.git/config: git's configuration cannot be read"
    sweep(run.session, cache=None, now_ns=time.time_ns())
    forget(run.session)
    assert (run.tree / ".git/config").read_text() == "[core\n"


def test_a_configuration_that_is_gone_is_put_back(tmp_path: Path) -> None:
    run = _with_remote(tmp_path)
    before = (run.tree / ".git/config").read_bytes()
    run.begin()
    (run.tree / ".git/config").unlink()
    (refused,) = run.end()
    assert (refused.why, refused.is_restored) == ("git's configuration was gone", True)
    assert (run.tree / ".git/config").read_bytes() == before


def test_what_was_there_before_stays_even_where_no_mount_is(tmp_path: Path) -> None:
    run = start(tmp_path)
    git(run.tree, "init", "-q", "node_modules/a")
    for name in ("node_modules/a/.git/hooks/pre-commit", ".git/remotes/old"):
        (run.tree / name).parent.mkdir(exist_ok=True)
        (run.tree / name).write_text("the person's own")
    (run.tree / ".git/rebase-merge").mkdir()
    (run.tree / ".git/rebase-merge/git-rebase-todo").write_text("exec make\n")
    run.begin()
    (run.tree / "node_modules/a/.git/hooks/pre-push").write_text("evil")
    assert run.refused() == ["node_modules/a/.git/hooks/pre-push"]
    run.begin()
    (run.tree / "node_modules/a/.git/hooks/pre-commit").write_text("evil")
    assert "node_modules/a/.git/hooks/pre-commit" in run.refused()


def test_a_name_of_any_bytes_is_moved_and_told(tmp_path: Path) -> None:
    run = start(tmp_path, repository=False)
    run.begin()
    folder = os.fsencode(run.tree) + b"/a\xff\nb"
    os.mkdir(folder)
    Path(os.fsdecode(folder + b"/.envrc")).write_text("evil")
    (refused,) = run.end()
    assert os.fsencode(refused.path) == folder + b"/.envrc"
    assert os.listdir(folder) == []


def test_a_tree_that_is_gone_is_a_trouble_and_no_crash(tmp_path: Path) -> None:
    run = start(tmp_path, repository=False)
    run.begin()
    run.tree.rename(tmp_path / "moved")
    swept = run.sweep()
    assert [each.why for each in swept.troubles] == ["it cannot be looked at: no such file or directory"]


def test_a_look_at_what_is_no_folder_fails(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        look(tmp_path / "nowhere", cache=None, now_ns=0)
