"""Remotes as git itself writes them into a configuration."""

import os
import subprocess
from pathlib import Path

import pytest

from ringfence.sandbox.tree.remotes import Remote, remotes


def _git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.mark.parametrize(
    "address",
    [
        "https://git.example.com/org/repo.git",
        "https://ann:token@GIT.example.com/org/repo/",
        "ssh://git@git.example.com:2222/org/repo.git",
        "git@git.example.com:org/repo.git",
    ],
)
def test_a_remote_is_known_whichever_way_its_address_goes(tmp_path: Path, address: str) -> None:
    _git(tmp_path, "init", "-q")
    _git(tmp_path, "remote", "add", "origin", address)
    (tmp_path / "inner").mkdir()
    assert remotes(str(tmp_path / "inner")) == (Remote(host="git.example.com", path="/org/repo"),)


@pytest.mark.parametrize(
    "address",
    ["/srv/repo", "http://git.example.com/a/b", "https://git.example.com/a/**", "file:///x", "a::b"],
)
def test_other_addresses_name_none(tmp_path: Path, address: str) -> None:
    _git(tmp_path, "init", "-q")
    _git(tmp_path, "remote", "add", "origin", address)
    assert remotes(str(tmp_path)) == ()


def test_a_worktree_has_those_of_its_repository(tmp_path: Path) -> None:
    main = tmp_path / "main"
    main.mkdir()
    _git(main, "init", "-q")
    _git(main, "remote", "add", "origin", "https://git.example.com/org/repo")
    _git(main, "commit", "-q", "--allow-empty", "-m", "one")
    _git(main, "worktree", "add", "-q", "../other")
    assert remotes(str(tmp_path / "other")) == (Remote(host="git.example.com", path="/org/repo"),)


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    os.mkfifo(tmp_path / ".git/config")
    assert remotes(str(tmp_path)) == ()
