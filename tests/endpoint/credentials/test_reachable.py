"""What every agent of a home can use because it runs as its person."""

import os
from pathlib import Path

import pytest

from ringfence.core.inventory import Skipped
from ringfence.core.machine import Credential
from ringfence.endpoint.allowance import Allowance
from ringfence.endpoint.credentials.reachable import reachable
from ringfence.endpoint.home import Home, System

CANARY = "canary0123456789"


def write(home: Path, name: str, text: str) -> None:
    (home / name).parent.mkdir(parents=True, exist_ok=True)
    (home / name).write_text(text)


def test_the_environment_and_the_files_of_the_person_are_told(tmp_path: Path) -> None:
    write(tmp_path, ".zshrc", f"export OPENAI_API_KEY={CANARY}\n")
    write(tmp_path, ".netrc", f"machine a\nlogin b\npassword {CANARY}\n")
    write(tmp_path, ".git-credentials", f"https://eve:{CANARY}@example.com\n")
    write(tmp_path, ".aws/credentials", f"[default]\naws_secret_access_key = {CANARY}\n")
    write(tmp_path, ".cache/huggingface/token", CANARY)
    write(tmp_path, ".config/gh/hosts.yml", f"github.com:\n    oauth_token: {CANARY}\n    user: eve\n")
    write(tmp_path, ".docker/config.json", f'{{"auths": {{"registry.example.com": {{"auth": "{CANARY}"}}}}}}')
    write(tmp_path, ".local/share/keyrings/login.keyring", CANARY)
    write(tmp_path, ".ssh/id_ed25519", CANARY)
    write(tmp_path, ".ssh/id_ed25519.pub", CANARY)
    environment = {"ANTHROPIC_API_KEY": CANARY, "HOME": "/h", "GITHUB_TOKEN": CANARY, "EMPTY_TOKEN": ""}
    found = list(reachable(Home(path=tmp_path, system=System.LINUX, environment=environment), Allowance(1e9)))
    assert [(each.kind, each.location) for each in found if isinstance(each, Credential)] == [
        ("anthropic-api-key", "environment: ANTHROPIC_API_KEY"),
        ("github-token", "environment: GITHUB_TOKEN"),
        ("openai-api-key", "~/.zshrc:1"),
        ("password", "~/.netrc:3"),
        ("url-credentials", "~/.git-credentials:1"),
        ("aws-secret-access-key", "~/.aws/credentials:2"),
        ("huggingface-token", "~/.cache/huggingface/token:1"),
        ("oauth-token", "~/.config/gh/hosts.yml: github.com.oauth_token"),
        ("oauth-token", "~/.docker/config.json: auths.registry.example.com.auth"),
        ("keyring", "~/.local/share/keyrings/login.keyring"),
        ("ssh-private-key", "~/.ssh/id_ed25519"),
    ]
    assert CANARY not in repr(found)


@pytest.mark.parametrize(
    ("system", "reason"),
    [
        (System.MACOS, "the macOS keychain is not read: what agents keep in it is unknown"),
        (System.WINDOWS, "the Windows credential manager is not read: what agents keep in it is unknown"),
    ],
)
def test_stores_that_no_file_lists_are_said_to_be_unread(tmp_path: Path, system: System, reason: str) -> None:
    found = list(reachable(Home(path=tmp_path, system=system), Allowance(1e9)))
    assert [each.reason for each in found if isinstance(each, Skipped)] == [reason]


def test_what_is_no_regular_file_is_skipped(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".bashrc")
    (tmp_path / ".netrc").mkdir()
    (tmp_path / ".zshrc").symlink_to(".zshrc")
    found = list(reachable(Home(path=tmp_path, system=System.LINUX), Allowance(1e9)))
    assert found == [
        Skipped(kind="file", subject=str(tmp_path / ".bashrc"), reason="not a regular file"),
        Skipped(kind="file", subject=str(tmp_path / ".zshrc"), reason="symbolic links in a circle"),
        Skipped(kind="file", subject=str(tmp_path / ".netrc"), reason="not a regular file"),
    ]
