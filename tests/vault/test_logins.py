"""Logins as programs keep them, and what of them is a credential."""

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.vault.credential import Binding, check_name
from ringfence.vault.kinds import authentication, kind_named
from ringfence.vault.taking.logins import LOGINS, gh_hosts
from ringfence.vault.taking.values import Found

_TOKEN = "npm_16C7e42F292c6912E7710c838347Ae178B4a"
_CLAUDE = {"accessToken": "sk-ant-oat01-AAAA1111", "refreshToken": "sk-ant-ort01-BBBB2222", "expiresAt": 1}
_CODEX = {"access_token": "x", "refresh_token": "rt_AAAA1111", "account_id": "7c9e6679-7425"}


def read(program: str, text: str) -> list[Found]:
    """What the first of its files gives, each of which is a credential."""
    found = next(each for each in LOGINS if each.program == program).read(text)
    for each in found:
        check_name(each.name)
        authentication(kind_named(each.kind), each.values)
        Binding(hosts=each.hosts, methods=each.methods, paths=each.paths)
    return list(found)


def told(found: list[Found]) -> list[tuple[str, str, tuple[str, ...], int]]:
    return [(each.name, each.kind, each.hosts, each.line) for each in found]


def test_of_claude_code_the_login_that_lasts_is_taken() -> None:
    (found,) = read("Claude Code", json.dumps({"claudeAiOauth": _CLAUDE, "mcpOAuth": {"a": "b"}}))
    assert told([found]) == [("claude-code", "oauth", ("api.anthropic.com",), 0)]
    assert found.values["refresh_token"] == "sk-ant-ort01-BBBB2222"
    bare = read("Claude Code", json.dumps({"claudeAiOauth": {"accessToken": "sk-ant-oat01-AAAA1111"}}))
    assert [(each.kind, each.values) for each in bare] == [("bearer", {"token": "sk-ant-oat01-AAAA1111"})]


def test_of_codex_key_login_and_account_are_taken() -> None:
    found = read("Codex", json.dumps({"OPENAI_API_KEY": "sk-proj-AAAA1111", "tokens": _CODEX}))
    assert told(found) == [
        ("codex-key", "bearer", ("api.openai.com",), 0),
        ("codex", "oauth", ("chatgpt.com", "api.openai.com"), 0),
        ("codex-account", "header", ("chatgpt.com",), 0),
    ]
    assert [each.values.get("refresh_token") for each in found] == [None, "rt_AAAA1111", None]


def test_of_gh_every_host_with_a_token_is_taken() -> None:
    text = (
        "github.com:\n    users:\n        ann:\n            oauth_token: gho_AAAA1111\n"
        "    user: ann\n    oauth_token: gho_AAAA1111\n"
        "# a comment: x\n'ghe.example.org':\n    oauth_token: \"gho_BBBB2222\"\n"
        "kept.example.org:\n    user: ann\n"
    )
    assert told(read("gh", text)) == [
        ("gh/github.com", "bearer", ("api.github.com", "github.com", "uploads.github.com"), 1),
        ("gh/ghe.example.org", "bearer", ("ghe.example.org",), 8),
    ]
    assert [token for *_, token in gh_hosts(text)] == ["gho_AAAA1111", "gho_BBBB2222", ""]


def test_of_npm_every_registry_with_a_secret_of_its_own_is_taken() -> None:
    pair = base64.b64encode(b"ann:correct-horse").decode()
    password = base64.b64encode(b"correct-horse").decode()
    text = (
        f"registry=https://npm.example.org/\n//npm.example.org/:_authToken={_TOKEN}\n"
        f"//one.example.org/team/:_auth = {pair}\n"
        f"//two.example.org:4873/:username=ann\n//two.example.org:4873/:_password={password}\n"
        "//three.example.org/:_authToken=${NPM_TOKEN}\n; //four.example.org/:_authToken=x\n"
    )
    found = read("npm", text)
    assert told(found) == [
        ("npm/npm.example.org", "bearer", ("npm.example.org",), 2),
        ("npm/one.example.org", "basic", ("one.example.org",), 3),
        ("npm/two.example.org-4873", "basic", ("two.example.org:4873",), 5),
    ]
    assert found[1].values == found[2].values == {"user": "ann", "password": "correct-horse"}
    assert [each.paths for each in found] == [(), ("/team/**", "/**"), ()]


def test_of_pip_addresses_with_a_password_are_taken() -> None:
    text = (
        "[global]\nindex-url = https://ann:correct%20horse@pip.example.org/simple\n"
        "extra-index-url =\n    https://packages.example.org/simple\n    https://b:$PASSWORD@c.example.org/simple\n"
        "    http://b:correct-horse@c.example.org/simple\n    https://d:correct-horse@d.example.org:8443/a/\n"
    )
    found = read("pip", text)
    assert told(found) == [
        ("pip/pip.example.org", "basic", ("pip.example.org",), 0),
        ("pip/d.example.org-8443", "basic", ("d.example.org:8443",), 0),
    ]
    assert found[0].values == {"user": "ann", "password": "correct horse"}
    assert found[1].paths == ("/a/**", "/**")


def test_of_netrc_every_machine_is_taken() -> None:
    found = read("netrc", "machine git.example.org\n  login ann password correct-horse\n")
    assert told(found) == [("netrc/git.example.org", "basic", ("git.example.org",), 1)]


@pytest.mark.parametrize("login", LOGINS, ids=[each.folder + each.file for each in LOGINS])
@settings(deadline=None, max_examples=100)
@given(
    text=st.text(max_size=200)
    | st.recursive(st.none() | st.text(max_size=9) | st.integers(), st.lists, max_leaves=9).map(json.dumps)
)
def test_whatever_stands_in_a_file_it_is_read_or_left(login: object, text: str) -> None:
    for each in login.read(text):
        assert isinstance(each, Found)


def test_a_secret_is_not_shown_with_what_was_found() -> None:
    assert "BBBB2222" not in repr(read("Claude Code", json.dumps({"claudeAiOauth": _CLAUDE})))
