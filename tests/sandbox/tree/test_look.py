"""What a look at a working tree finds, with real git, sockets, links and a hundred thousand files."""

import json
import os
import socket
import time
from pathlib import Path

import pytest

from ringfence.core.limits import LIMITS
from ringfence.sandbox.tree.look import look
from ringfence.sandbox.tree.tree import Tree
from working_trees import Run, git, start


def _look(run: Run, cache: Path | None = None) -> Tree:
    return look(run.tree, cache=cache, now_ns=time.time_ns() + 3_000_000_000)


def _relative(run: Run, paths: object) -> list[str]:
    return [path.removeprefix(f"{run.tree}/") for path in paths]  # type: ignore[attr-defined]


def test_everything_that_matters_is_found_and_nothing_else(tmp_path: Path) -> None:
    run = start(tmp_path)
    for name in (".vscode/settings.json", "pkg/.mcp.json", "AGENTS.md", "src/main.py", "a.code-workspace"):
        path = run.tree / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    (run.tree / ".vscode/.envrc").write_text("within what is kept anyway")
    (run.tree / ".env").write_text("A=1")
    (run.tree / "run").write_text("x")
    (run.tree / "run").chmod(0o4755)
    (run.tree / "out").symlink_to("/etc/passwd")
    (run.tree / "up").symlink_to("../../elsewhere")
    (run.tree / "in").symlink_to("src/main.py")
    with socket.socket(socket.AF_UNIX) as listener:
        here = os.getcwd()
        os.chdir(run.tree)
        listener.bind("agent.sock")
        os.chdir(here)
        found = _look(run)
    assert _relative(run, (each.path for each in found.protected)) == [
        ".vscode",
        "a.code-workspace",
        "pkg/.mcp.json",
    ]
    assert _relative(run, (each.path for each in found.told)) == ["AGENTS.md"]
    assert _relative(run, (each.path for each in found.secrets)) == [".env"]
    assert _relative(run, found.sockets) == ["agent.sock"]
    assert _relative(run, found.setuid) == ["run"]
    assert _relative(run, (each.path for each in found.git)) == [".git"]
    assert (found.leads_out, found.troubles, found.closed, found.unread) == (2, (), (), 0)


def test_the_daemon_that_watches_for_git_is_not_reached(tmp_path: Path) -> None:
    run = start(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        here = os.getcwd()
        os.chdir(run.tree / ".git")
        listener.bind("fsmonitor--daemon.ipc")
        os.chdir(here)
        assert _relative(run, _look(run).sockets) == [".git/fsmonitor--daemon.ipc"]


def test_submodules_worktrees_and_nested_repositories_are_found(tmp_path: Path) -> None:
    run = start(tmp_path)
    (tmp_path / "other").mkdir()
    other = start(tmp_path / "other")
    git(run.tree, "submodule", "--quiet", "add", "--name", "libs/one", str(other.tree), "one")
    git(run.tree, "worktree", "add", "-q", "trees/two")
    git(run.tree, "init", "-q", "deep/er/three")
    git(run.tree, "init", "-q", "--bare", "four.git")
    found = _look(run)
    assert _relative(run, (each.path for each in found.git)) == [
        *(".git", ".git/modules/libs/one", ".git/worktrees/two", "deep/er/three/.git", "four.git"),
    ]
    assert _relative(run, (each.path for each in found.git if not each.config)) == [".git/worktrees/two"]
    assert _relative(run, (each.path for each in found.protected)) == ["one/.git", "trees/two/.git"]
    assert found.troubles == ()


def test_a_worktree_brings_the_folder_it_belongs_to(tmp_path: Path) -> None:
    run = start(tmp_path)
    git(run.tree, "worktree", "add", "-q", str(tmp_path / "two"))
    found = look(tmp_path / "two", cache=None, now_ns=0)
    assert [(each.path, each.is_outside, each.config) for each in found.git] == [
        (f"{run.tree}/.git", True, True),
        (f"{run.tree}/.git/worktrees/two", True, False),
    ]
    assert found.troubles == ()


def test_a_submodule_as_the_tree_brings_its_folder(tmp_path: Path) -> None:
    run = start(tmp_path)
    (tmp_path / "other").mkdir()
    git(run.tree, "submodule", "--quiet", "add", str(start(tmp_path / "other").tree), "one")
    found = look(run.tree / "one", cache=None, now_ns=0)
    assert [(each.path, each.is_outside) for each in found.git] == [(f"{run.tree}/.git/modules/one", True)]


def test_a_git_file_that_a_stranger_wrote_opens_nobody_s_repository(tmp_path: Path) -> None:
    run = start(tmp_path)
    (tmp_path / "bait").mkdir()
    (tmp_path / "bait/.git").write_text(f"gitdir: {run.tree}/.git\n")
    found = look(tmp_path / "bait", cache=None, now_ns=0)
    assert found.git == ()
    assert [each.path for each in found.troubles] == [f"{tmp_path}/bait/.git"]


def test_a_git_file_that_leads_to_another_s_worktree_opens_nothing(tmp_path: Path) -> None:
    run = start(tmp_path)
    git(run.tree, "worktree", "add", "-q", str(tmp_path / "two"))
    (tmp_path / "bait").mkdir()
    (tmp_path / "bait/.git").write_text(f"gitdir: {run.tree}/.git/worktrees/two\n")
    found = look(tmp_path / "bait", cache=None, now_ns=0)
    assert found.git == ()
    assert [each.path for each in found.troubles] == [f"{tmp_path}/bait/.git"]


def test_what_git_includes_or_runs_by_itself_is_kept(tmp_path: Path) -> None:
    run = start(tmp_path)
    for name in ("team.gitconfig", "tools/clean.sh", "other.sh", "more.gitconfig"):
        (run.tree / name).parent.mkdir(exist_ok=True)
        (run.tree / name).write_text("")
    (run.tree / "team.gitconfig").write_text(
        "[include]\n\tpath = more.gitconfig\n\tpath = missing.gitconfig\n"
    )
    git(run.tree, "config", "include.path", "../team.gitconfig")
    git(run.tree, "config", "filter.x.clean", "sh tools/clean.sh %f")
    git(run.tree, "config", "alias.do", "!sh other.sh")
    found = _look(run)
    assert _relative(run, (each.path for each in found.protected)) == [
        *("more.gitconfig", "team.gitconfig", "tools/clean.sh"),
    ]
    run.begin()
    (run.tree / "missing.gitconfig").write_text("[alias]\n\tx = !evil\n")
    assert run.refused() == ["missing.gitconfig"]


def test_what_a_link_under_a_name_that_acts_leads_to_is_kept_as_well(tmp_path: Path) -> None:
    run = start(tmp_path, repository=False)
    (run.tree / "shared/editor").mkdir(parents=True)
    (run.tree / ".vscode").symlink_to("shared/editor")
    found = _look(run)
    assert _relative(run, (each.path for each in found.protected)) == [".vscode", "shared/editor"]
    assert [each.link for each in found.protected] == ["shared/editor", None]


def test_packages_that_come_and_go_are_left_alone(tmp_path: Path) -> None:
    run = start(tmp_path)
    package = run.tree / "node_modules/a"
    (package / ".vscode").mkdir(parents=True)
    (package / ".env").write_text("A=1")
    (package / "key.pem").write_text("-----BEGIN PRIVATE KEY-----\n")
    git(run.tree, "init", "-q", "node_modules/a")
    found = _look(run)
    assert (found.protected, found.secrets) == ((), ())
    assert [(each.path, each.is_foreign) for each in found.git if each.is_foreign] == [
        (f"{package}/.git", True)
    ]


def test_a_second_look_opens_nothing_and_finds_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, cache = start(tmp_path), tmp_path / "cache" / "ringfence"
    for number in range(40):
        (run.tree / f"d{number}").mkdir()
        (run.tree / f"d{number}/.env").write_text("A=1")
        (run.tree / f"d{number}/x.pem").write_text("-----BEGIN RSA PRIVATE KEY-----\n")
    first = _look(run, cache)
    assert len(first.secrets) == 80
    scanned: list[str] = []
    scandir = os.scandir

    def count(path: str) -> object:
        scanned.append(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", count)
    assert _look(run, cache) == first
    assert [path for path in scanned if "/.git" not in path] == []
    (run.tree / "d7/.envrc").write_text("x")
    again = _look(run, cache)
    assert [path for path in scanned if "/.git" not in path] == [f"{run.tree}/d7"]
    assert _relative(run, (each.path for each in again.protected)) == ["d7/.envrc"]


def test_a_file_that_changed_is_searched_again(tmp_path: Path) -> None:
    run, cache = start(tmp_path), tmp_path / "cache" / "ringfence"
    for number in range(40):
        (run.tree / f"{number}.pem").write_text("a certificate, as long as ")
    assert _look(run, cache).secrets == ()
    (run.tree / "3.pem").write_text("-----BEGIN PRIVATE KEY-----")
    assert _relative(run, (each.path for each in _look(run, cache).secrets)) == ["3.pem"]


def test_what_changed_just_now_is_not_remembered(tmp_path: Path) -> None:
    run, cache = start(tmp_path), tmp_path / "cache" / "ringfence"
    for number in range(40):
        (run.tree / f"d{number}").mkdir()
    look(run.tree, cache=cache, now_ns=time.time_ns())
    (file,) = cache.iterdir()
    assert json.loads(file.read_text())["folders"] == {}


def test_twenty_thousand_files_are_looked_through(tmp_path: Path) -> None:
    run, cache = start(tmp_path, repository=False), tmp_path / "cache" / "ringfence"
    for number in range(400):
        folder = run.tree / f"d{number % 50}" / f"e{number}"
        folder.mkdir(parents=True)
        inside = os.open(folder, os.O_RDONLY)
        for each in range(50):
            os.close(os.open(f"f{each}.py", os.O_CREAT | os.O_WRONLY, dir_fd=inside))
        os.close(inside)
    (run.tree / "d3/e3/.env").write_text("A=1")
    cold = _look(run, cache)
    assert (cold.folders, len(cold.secrets), cold.troubles) == (451, 1, ())
    assert _look(run, cache) == cold


def test_a_tree_that_is_too_large_is_said_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = start(tmp_path, repository=False)
    deep = run.tree
    for _ in range(LIMITS.tree_depth + 5):
        deep = deep / "d"
    deep.mkdir(parents=True)
    found = _look(run)
    assert [path.count("/d") for path in found.closed] == [LIMITS.tree_depth + 2]
    for number in range(LIMITS.tree_kept + 1):
        (run.tree / f"{number}.env").write_text("A=1")
    found = _look(run)
    assert [each.why for each in found.troubles] == [f"more than {LIMITS.tree_kept} files with secrets"]
    assert len(found.secrets) == LIMITS.tree_kept + 1, "all are masked"
    for number in range(LIMITS.tree_suspects):
        (run.tree / f"{number}.pem").touch()
    whys = [each.why for each in _look(run).troubles]
    assert (
        whys[0] == f"{LIMITS.tree_kept + 1} files that may hold secrets were not searched: there are too many"
    )


def test_configurations_beyond_the_limit_are_counted(tmp_path: Path) -> None:
    run = start(tmp_path, repository=False)
    for number in range(LIMITS.tree_settings + 7):
        (run.tree / f"{number}.json").write_text("{}")
    assert _look(run).unread == 7
