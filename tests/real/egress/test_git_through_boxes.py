"""Git as it is, in a box, with a host that speaks smart HTTP and wants a token which the box never has."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from real.git_host import git_host
from real.running import USERS, Place, place, until
from real.world import host, keep, lead

_TOKEN = "tok-0123456789abcdefghijklmnopqrstuvwxyz"


@contextmanager
def _repository(user: str, tmp_path: Path) -> Iterator[Place]:
    """A tree whose remote is at a host that wants a token; its policy lets agent/* be pushed."""
    bare = tmp_path / "org/repo.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", bare], check=True)
    with (
        place(user, repository=True) as here,
        host("git.example.com", git_host(tmp_path, token=_TOKEN)) as there,
    ):
        lead(
            here,
            there,
            network="{host: git.example.com, paths: [/org/**]}",
            credentials="{name: GIT_TOKEN, host: git.example.com}",
            git="push: [{host: git.example.com, repository: /org/*, ref: refs/heads/agent/**, force: false}]",
        )
        keep(
            here,
            "GIT_TOKEN",
            *("--kind", "basic", "--part", "user=agent", "--host", "git.example.com"),
            secret=_TOKEN,
        )
        _take(here, bare)
        here.git("remote", "add", "origin", "https://git.example.com/org/repo.git")
        yield here


def _take(here: Place, bare: Path) -> None:
    """The host begins with what the tree has."""
    here.git("bundle", "create", "-q", "../home/bundle", "main")
    command = ["git", "fetch", "-q", here.home / "bundle", "main:main"]
    subprocess.run(command, cwd=bare, check=True)


def _refs(tmp_path: Path) -> list[str]:
    command = ["git", "for-each-ref", "--format=%(refname)"]
    return subprocess.run(
        command, cwd=tmp_path / "org/repo.git", check=True, capture_output=True, text=True
    ).stdout.split()


@pytest.mark.parametrize("user", USERS)
def test_it_clones_fetches_and_pushes_what_the_policy_lets(user: str, tmp_path: Path) -> None:
    with _repository(user, tmp_path) as here:
        script = """
            set -e
            git clone -q https://git.example.com/org/repo.git inner
            git fetch -q origin
            git switch -q -c agent/one
            echo two >> file.txt
            git commit -q -a -m two
            git push -q origin agent/one
        """
        done = here.sh(script)
        assert done.exit == 0, done
        assert (here.tree / "inner/file.txt").read_text() == "one\n"
        assert _refs(tmp_path) == ["refs/heads/agent/one", "refs/heads/main"]


def test_a_push_of_a_known_agent_waits_for_an_operator_s_yes(
    tmp_path: Path,
) -> None:
    bare = tmp_path / "org/repo.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", bare], check=True)
    with place(repository=True) as here, host("github.com", git_host(tmp_path)) as there:
        lead(here, there, network="")
        _take(here, bare)
        here.git("remote", "add", "origin", "git@github.com:org/repo.git")
        script = "git fetch -q origin && git push -q origin HEAD:agent/one"
        running = here.start("run", "--agent", "claude", "--", "sh", "-c", script)
        (ask,) = until(lambda: here.document("asks")["asks"], "a question")
        approved = here.ringfence("approve", ask["id"])
        assert approved.exit == 0, approved
        _, err = running.communicate(timeout=60)
        assert running.returncode == 0, err
        assert _refs(tmp_path) == ["refs/heads/agent/one", "refs/heads/main"]


@pytest.mark.parametrize("user", USERS)
def test_other_references_force_and_deletion_are_refused_in_git_s_words(user: str, tmp_path: Path) -> None:
    with _repository(user, tmp_path) as here:
        script = """
            git switch -q -c agent/one; echo two >> file.txt; git commit -q -a -m two
            git push -q origin agent/one
            git push -q origin agent/one:main; echo "main $?"
            git commit -q --amend -m other; git push -q -f origin agent/one; echo "force $?"
            git push -q origin :agent/one; echo "deletion $?"
        """
        done = here.sh(script)
        assert done.out.splitlines() == ["main 1", "force 1", "deletion 1"], done
        assert done.err.count("[remote rejected]") == 3, done
        assert "denied by section agents" in done.err
        assert _refs(tmp_path) == ["refs/heads/agent/one", "refs/heads/main"]
