"""A working tree in a box: git as people use it, secrets, and what acts on the host later."""

import os
from pathlib import Path

import pytest

from real.running import USERS, place

_KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----\n"
_HELD = (".claude", ".codex", ".cursor", ".devcontainer", ".gemini", ".idea", ".vscode", ".zed")


@pytest.mark.parametrize("user", USERS)
def test_git_works_and_branches_flow_back(user: str) -> None:
    with place(user, repository=True) as here:
        here.git("init", "-q", "--bare", "remote.git")
        here.git("remote", "add", "origin", str(here.tree / "remote.git"))
        here.git("push", "-q", "-u", "origin", "main")
        here.write("remote.git.note", "kept\n")
        before = here.git("config", "--local", "--list")
        script = """
            set -e
            git status --short
            echo two >> file.txt; git commit -q -a -m two
            git checkout -q --track -b topic origin/main
            git push -q origin main
            git worktree add -q other main
            git -C other log --format=%s
            git config user.email planted@example.com
            git config core.hooksPath /planted
            git stash list; git gc -q; git fsck
        """
        done = here.sh(script)
        assert (done.exit, done.out.split("\n")[:2]) == (0, ["?? remote.git.note", "?? remote.git/"]), done
        assert done.out.splitlines()[-2:] == ["two", "one"]
        after = here.git("config", "--local", "--list")
        assert after.splitlines() == [
            *before.splitlines(),
            "branch.topic.remote=origin",
            "branch.topic.merge=refs/heads/main",
        ]
        assert here.git("-C", "remote.git", "log", "--format=%s", "main").split() == ["two", "one"]
        assert here.git("fsck") == ""
        refused = [each["what"] for each in here.report()["refused"]]
        assert len([each for each in refused if ".git/config" in each]) >= 1, refused


def test_git_knows_whose_commits_these_are_and_nothing_else_of_its_user() -> None:
    with place(repository=True) as here:
        done = here.sh("git commit -q --allow-empty -m two; cat ~/.gitconfig")
        assert (done.exit, done.out, done.err) == (
            0,
            '[user]\n\tname = "A B C"\n\temail = "a@example.com"\n',
            "",
        )
        assert here.git("log", "--format=%an <%ae>").split("\n")[0] == "A B C <a@example.com>"
        session = here.session()
        here.ringfence("run", "--resume", session, "--", "sh", "-c", "git config --global user.name other")
        assert here.ringfence("run", "--resume", session, "--", "git", "config", "user.name").out == "other\n"


def test_a_submodule_and_a_worktree_of_the_host_are_worked_in() -> None:
    with place(repository=True) as here:
        here.git("init", "-q", "-b", "main", "lib")
        here.host("sh", "-c", "cd lib && echo a > a && git add a && git commit -q -m lib")
        here.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "./lib", "sub")
        here.git("commit", "-q", "-m", "with a submodule")
        here.git("worktree", "add", "-q", str(here.home / "beside"), "-b", "beside")
        script = "echo b > sub/b && git -C sub add b && git -C sub commit -q -m b && git commit -q -a -m up"
        assert here.sh(script + " && git submodule status && git status --short").exit == 0
        assert here.git("-C", "sub", "log", "--format=%s").split() == ["b", "lib"]
        beside = here.home / "beside"
        done = here.sh("echo c > c && git add c && git commit -q -m c && git log --format=%s", folder=beside)
        assert (done.exit, done.out.splitlines()[0]) == (0, "c"), done
        assert here.host("git", "log", "--format=%s", folder=beside).splitlines()[0] == "c"


@pytest.mark.parametrize("user", USERS)
def test_files_with_secrets_are_empty_and_named(user: str) -> None:
    with place(user) as here:
        here.write(".env", "API_KEY=sk-live-0123456789abcdef0123456789abcdef\n")
        here.write("deep/id_rsa", _KEY)
        here.write("readme", "nothing secret\n")
        done = here.sh("cat .env deep/id_rsa readme; echo x > .env; rm -f deep/id_rsa; mv .env moved")
        assert done.out == "nothing secret\n"
        assert done.err.startswith("ringfence: warning: shown empty, for secrets: .env, deep/id_rsa\n")
        assert here.report()["masked"] == [str(here.tree / ".env"), str(here.tree / "deep/id_rsa")]
        assert "sk-live" in (here.tree / ".env").read_text()
        strict = here.ringfence("run", "--strict", "--", "echo", "ran")
        assert (strict.exit, strict.out) == (125, "")
        assert all(each in strict.err for each in (".env", "id_rsa", "hint: ", "leave --strict out")), strict


@pytest.mark.parametrize("user", USERS)
def test_what_acts_on_the_host_later_is_kept_or_taken_out(user: str) -> None:
    with place(user, repository=True) as here:
        here.write(".envrc", "export A=1\n")
        here.write(".vscode/tasks.json", "{}\n")
        here.write(".git/hooks/pre-commit", "#!/bin/sh\n", mode=0o755)
        script = """
            echo planted > .envrc; echo planted > .vscode/tasks.json; echo planted > .git/hooks/pre-commit
            echo planted > .git/hooks/post-checkout; echo planted > .claude/settings.json
            rm -rf .vscode .envrc
            mkdir sub; echo planted > sub/.bashrc; echo planted > .mcp.json; mv .git elsewhere
            echo work > work
        """
        done = here.sh(script)
        assert done.exit == 0
        assert here.names() == [".envrc", ".git", ".vscode", "file.txt", "sub", "work"]
        assert (here.tree / ".envrc").read_text() == "export A=1\n"
        assert (here.tree / ".vscode/tasks.json").read_text() == "{}\n"
        hooks = {each for each in os.listdir(here.tree / ".git/hooks") if not each.endswith(".sample")}
        assert hooks == {"pre-commit"}
        assert os.listdir(here.tree / "sub") == []
        told = [each for each in done.err.splitlines() if each.startswith("ringfence: taken out: ")]
        assert len(told) == 2, done.err
        kept = here.report()["kept"]
        assert [each.read_text() for each in Path(kept).iterdir() if each.suffix != ".jsonl"] == [
            "planted\n"
        ] * 2


def test_mount_points_stand_for_the_run_only() -> None:
    with place() as here:
        assert sorted(here.sh("ls -A").out.split()) == sorted(_HELD)
        assert here.names() == []


def test_a_box_in_a_folder_below_the_repository_has_all_of_it() -> None:
    with place(repository=True) as here:
        here.write("below/deep/note", "x\n")
        done = here.sh("pwd; git rev-parse --show-toplevel; ls", folder=here.tree / "below/deep")
        assert done.out.split() == [str(here.tree / "below/deep"), str(here.tree), "note"]


def test_a_hundred_thousand_files_are_no_hindrance() -> None:
    with place() as here:
        for folder in range(100):
            first = here.write(f"f{folder}/0.py", "")
            for name in range(1, 1000):  # names, which cost a machine's disk less than files
                os.link(first, first.with_name(f"{name}.py"))
        here.write("f7/.env", "PASSWORD=hunter2hunter2hunter2\n")
        done = here.sh("find . -name '*.py' | wc -l; cat f7/.env")
        assert (done.exit, done.out.split(), done.err) == (
            0,
            ["100000"],
            "ringfence: warning: shown empty, for secrets: f7/.env\n",
        )
