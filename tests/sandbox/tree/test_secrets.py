"""Files with secrets are told by their names and by what stands in them; examples and others are not."""

import os
from pathlib import Path

import pytest

from ringfence.core.limits import LIMITS
from ringfence.sandbox.tree.look import look
from ringfence.sandbox.tree.secrets import secret_in, suspicion

_KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n"


def _found(tree: Path) -> dict[str, str]:
    found = look(tree, cache=None, now_ns=0).secrets
    return {each.path.removeprefix(f"{os.path.realpath(tree)}/"): each.why for each in found}


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        (".env", "A=1", "values for the environment"),
        ("pkg/.env.local", "A=1", "values for the environment"),
        ("prod.env", "A=1", "values for the environment"),
        (".netrc", "machine a", "passwords for hosts"),
        (".git-credentials", "https://a:b@c", "passwords for git"),
        (".npmrc", "//registry/:_authToken=abc", "a token for packages"),
        (".yarnrc.yml", 'npmAuthToken: "abc"', "a token for packages"),
        (".pypirc", "[pypi]\npassword = abc\n", "a password for packages"),
        ("deep/er/id_rsa", _KEY, "a private key"),
        ("server.key", "-----BEGIN PRIVATE KEY-----", "a private key"),
        ("a.pem", "x\n-----BEGIN ENCRYPTED PRIVATE KEY-----", "a private key"),
        ("a.pem", "-----BEGIN EC PRIVATE KEY-----", "a private key"),
        ("store.p12", "\x00", "a key store"),
        ("store.jks", "\x00", "a key store"),
        ("a.ppk", "PuTTY", "a private key"),
        ("credentials.json", '{"client_secret": "x"}', "cloud credentials"),
        ("robot-123.json", '{"private_key": "-----BEGIN PRIVATE"}', "cloud credentials"),
        ("kubeconfig", "apiVersion: v1", "credentials for clusters"),
        (".kube/config", "apiVersion: v1", "credentials for clusters"),
        (".aws/credentials", "[default]", "cloud credentials"),
        ("terraform.tfvars", "a = 1", "values for Terraform"),
        ("infra/prod.tfstate", "{}", "a state of Terraform"),
        ("config/settings.yml", "key: ghp_" + "a1B2c3D4e5" * 4, "a token"),
        ("settings.toml", 'k = "sk-ant-api03-' + "a1B2c3D4e5" * 4 + '"', "a token"),
        (".envrc", "export K=hf_" + "a1B2c3D4e5" * 3, "a token"),
    ],
)
def test_a_file_with_a_secret_is_found(name: str, text: str, why: str, tmp_path: Path) -> None:
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(text)
    assert _found(tmp_path) == {name: why}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".env", ""),
        (".env.example", "A=1"),
        (".env.sample", "A=1"),
        ("example.env", "A=1"),
        ("prod.tfvars.example", "a = 1"),
        (".npmrc", "registry=https://a\n//r/:_authToken=${TOKEN}\n"),
        (".pypirc", "[distutils]\n"),
        ("ca.pem", "-----BEGIN CERTIFICATE-----"),
        ("a.key", "-----BEGIN PUBLIC KEY-----"),
        ("id_card.txt", "hello"),
        ("package.json", '{"scripts": {"a": "npm_config_registry_address=1 hf_hub_download_models"}}'),
        ("tokens.json", '{"a": "AKIAIOSFODNN7EXAMPLE"}'),
        ("examples.json", '{"a": "AKIA2Q4R6S8T0EXAMPLE"}'),
        ("short.json", '{"a": "hf_a1b2c3d4e5"}'),
        ("a.yaml", "key: sk-your-key-goes-here-please"),
        ("credentials.json", '{"client_id": "x"}'),
        ("notes.md", "ghp_" + "a1B2c3D4e5" * 4),
        ("a/b/c/deep.yml", "key: ghp_" + "a1B2c3D4e5" * 4),
        ("config/database.yml", "password: <%= ENV['P'] %>"),
    ],
)
def test_what_holds_none_is_left_alone(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(text)
    assert _found(tmp_path) == {}


def test_no_more_is_read_than_the_beginning(tmp_path: Path) -> None:
    (tmp_path / "late.pem").write_text("x" * LIMITS.secret_head_bytes + _KEY)
    (tmp_path / "early.pem").write_text(_KEY + "x" * LIMITS.secret_head_bytes)
    with (tmp_path / "endless.pem").open("wb") as file:
        file.truncate(1 << 40)
    assert _found(tmp_path) == {"early.pem": "a private key"}


def test_links_pipes_and_folders_are_not_opened(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text(_KEY)
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/a.pem").symlink_to("../elsewhere")
    os.mkfifo(tmp_path / "tree/b.pem")
    (tmp_path / "tree/.env").mkdir()
    assert _found(tmp_path / "tree") == {}


def test_a_file_that_was_exchanged_meanwhile_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.pem"
    path.write_text("x")
    before = path.lstat()
    (tmp_path / "b.pem").write_text(_KEY)
    (tmp_path / "b.pem").rename(path)
    assert secret_in(str(path), "", "a.pem", before) is None
    assert secret_in(str(path), "", "a.pem", path.lstat()) == "a private key"


def test_most_files_are_never_opened() -> None:
    names = ("main.py", "README.md", "Makefile", "a.c", "lib.rs", "index.html", "package-lock.json", "x.png")
    assert {suspicion("src", name) for name in names} == {None}
