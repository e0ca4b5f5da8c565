"""A working tree in a real box: git works, what acts outside cannot be written, secrets cannot be read."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import boxes
from boxes import ORDINARY, bind, system_mounts, tree_of
from ringfence.sandbox.plan import MountKind
from ringfence.sandbox.tree.mounts import mounts
from working_trees import Run, git, start

USERS = ["ordinary", "root"] if os.geteuid() == 0 else [""]

pytestmark = pytest.mark.parametrize("user", USERS)

_NAMES = "export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b; "


@dataclass(frozen=True)
class Came:
    """What came of it: the box's words, what was refused, and what git knows of branches afterwards."""

    out: str
    refused: list[tuple[str, bool]]
    config: str


def _in_box(script: str, user: str, before: Callable[[Run], object]) -> Came:
    with tree_of(user) as folder:

        def act() -> Came:
            run = start(folder)
            before(run)
            found = run.begin()
            places = (bind(str(run.tree), MountKind.WRITE, is_user_s=True), *mounts(found, run.session))
            result = boxes.run(
                ["/bin/sh", "-c", f"exec 2>&1; {_NAMES}{script}"],
                tree=run.tree,
                mounts=(*system_mounts(), *places),
            )
            assert result.exit is not None, (result.refusal, result.messages)
            refused = [(each.path.removeprefix(f"{run.tree}/"), each.is_restored) for each in run.end()]
            return Came(result.stdout.decode(), refused, git(run.tree, "config", "--list"))

        came = boxes.as_user(ORDINARY, act) if user == "ordinary" else act()
    assert isinstance(came, Came)
    return came


def _remote(run: Run) -> None:
    git(run.tree, "init", "-q", "--bare", "origin.git")
    git(run.tree, "remote", "add", "origin", "./origin.git")
    git(run.tree, "push", "-q", "-u", "origin", "main")


def test_git_does_its_work_and_branches_flow_back(user: str) -> None:
    came = _in_box(
        "set -e; echo two > two; git add two; git commit -q -m two; git checkout -q -b new; "
        "git push -q -u origin new; git branch -q --track other origin/main; git branch -q -D other; "
        "git config core.askPass evil; git config --get core.askPass; git gc -q; git status --short",
        user,
        _remote,
    )
    assert came.out == "evil\n?? origin.git/\n"
    assert came.refused == [(".git/config", False)]
    assert "branch.new.remote=origin\nbranch.new.merge=refs/heads/new" in came.config
    assert "askpass" not in came.config


def test_worktrees_and_stashes_and_rebases_work(user: str) -> None:
    came = _in_box(
        "set -e; echo 2 > file.txt; git stash -q; git stash pop -q; git commit -qam two; "
        "git checkout -q -b side HEAD~1; git commit -q --allow-empty -m side; git rebase -q main; "
        "git worktree add -q wt main; cd wt; git status --short; git log --oneline | wc -l; cd ..; "
        "git worktree remove wt; git init -q sub; git clone -q . cloned; ls -A",
        user,
        lambda run: None,
    )
    assert came.refused == []
    assert came.out.split() == [
        *(
            "2",
            ".claude",
            ".codex",
            ".cursor",
            ".devcontainer",
            ".gemini",
            ".git",
            ".idea",
            ".vscode",
            ".zed",
        ),
        *("cloned", "file.txt", "sub"),
    ]


def _project(run: Run) -> None:
    for name, text in {
        ".env": "TOKEN=precious",
        ".vscode/tasks.json": "{}",
        "pkg/.envrc": "x",
        "ringfence.yaml": "x",
        "deep/id_rsa": "-----BEGIN OPENSSH PRIVATE KEY-----\nprecious",
    }.items():
        (run.tree / name).parent.mkdir(exist_ok=True)
        (run.tree / name).write_text(text)


@pytest.mark.parametrize(
    "attempt",
    [
        "echo evil > .git/hooks/pre-commit",
        "mv .git old",
        "mv .git/config .git/old",
        "rm -f .git/config",
        "ln -f pkg/new .git/config",
        "mv .git/hooks old",
        "echo evil > .vscode/tasks.json",
        "mv .vscode old",
        "rm -rf .vscode",
        "echo evil > .claude/settings.json",
        "echo evil > pkg/.envrc",
        "mv pkg/new pkg/.envrc",
        "rm -f ringfence.yaml",
        "echo evil > .env",
        "mv .env old",
        "cat .env | grep precious",
        "cat deep/id_rsa | grep precious",
        "chmod 777 .git/hooks",
    ],
)
def test_what_must_not_be_done_cannot_be(attempt: str, user: str) -> None:
    came = _in_box(f"mkdir -p pkg; echo n > pkg/new; {attempt} && echo DONE", user, _project)
    assert "DONE" not in came.out
    assert came.refused == []


def test_what_no_mount_can_keep_does_not_stay(user: str) -> None:
    came = _in_box(
        "echo x > .mcp.json; echo ../x > .git/commondir; mv pkg other; mkdir pkg; echo evil > pkg/.envrc; "
        "mkdir -p a/.git b; printf '[alias]\\n\\tx = !evil\\n' > a/.git/config; chmod 0 a; echo DONE",
        user,
        _project,
    )
    assert came.out == "DONE\n"
    assert came.refused == [
        *((".git/commondir", False), ("a/.git/config", False)),
        *((".mcp.json", False), ("pkg/.envrc", True)),
    ]


def test_the_configuration_of_a_file_that_was_exchanged_outside_is_put_back(user: str) -> None:
    """Git outside replaces its configuration while the box is there: the mount over it is gone."""
    with tree_of(user) as folder:

        def act() -> list[tuple[str, bool]]:
            run = start(folder)
            found = run.begin()

            def meanwhile(_box: object, message: object) -> None:
                if type(message).__name__ == "Running":
                    git(run.tree, "config", "user.name", "outside")
                    (run.tree / "go").write_text("")

            script = "while ! test -e go; do sleep 0.01; done; git config --file .git/config core.pager evil"
            places = (bind(str(run.tree), MountKind.WRITE, is_user_s=True), *mounts(found, run.session))
            boxes.run(
                ["/bin/sh", "-c", script], tree=run.tree, mounts=(*system_mounts(), *places), said=meanwhile
            )
            assert "evil" in Path(run.tree, ".git/config").read_text(), "the mount did not hold"
            refused = [(each.path.removeprefix(f"{run.tree}/"), each.is_restored) for each in run.end()]
            assert "evil" not in Path(run.tree, ".git/config").read_text()
            return refused

        came = boxes.as_user(ORDINARY, act) if user == "ordinary" else act()
    assert came == [(".git/config", True)]


def test_as_root_for_somebody_else_s_tree_everything_stays_that_person_s(user: str) -> None:
    if user != "root":
        pytest.skip("only root works for others")
    with tree_of(user) as folder:
        run = start(folder)
        (run.tree / ".envrc").write_text("good")
        (run.tree / ".git/hooks").rename(run.tree / ".git/samples")
        for path, _, files in os.walk(run.tree):
            for each in (path, *(os.path.join(path, name) for name in files)):
                os.chown(each, ORDINARY, ORDINARY)
        found = run.begin()
        made = [os.stat(path).st_uid for path in found.missing]
        places = (bind(str(run.tree), MountKind.WRITE, is_user_s=True), *mounts(found, run.session))
        script = (
            "git checkout -q -b new; git config branch.new.remote .; stat -Lc %U .git/config; echo x > made"
        )
        result = boxes.run(["/bin/sh", "-c", script], tree=run.tree, mounts=(*system_mounts(), *places))
        assert (result.exit, result.stdout) == (0, b"user\n"), result
        (run.tree / ".envrc").write_text("changed outside")
        assert [(each.path, each.is_restored) for each in run.end()] == [(f"{run.tree}/.envrc", True)]
        owners = [os.stat(run.tree / name).st_uid for name in (".git/config", ".envrc", "made", ".git/HEAD")]
        assert b'[branch "new"]' in (run.tree / ".git/config").read_bytes()
    assert made == [ORDINARY] * len(made)
    assert owners == [ORDINARY] * 4
