"""Claude Code and Codex as people have them, in boxes, with models out there: with a key, with a login.

No policy says which hosts they have, or which credentials: ringfence knows them.
"""

import json
from typing import ClassVar

import pytest

from egress.upstream_servers import Handler
from real.node_programs import CLAUDE, CODEX, MODULES, needs_programs
from real.running import USERS, Place, place
from real.scripted_codex import Responses
from real.scripted_model import Model
from real.world import host, keep, lead

_KEY = "sk-ant-api03-0123456789abcdefghijklmnopqrstuvwxyz"
_ACCESS = "acc-0123456789abcdefghijklmnopqrstuvwxyz"
_ACCOUNT = "0b6ac6b5-5a2b-4a31-9a3c-0c1c6c9c4a11"
_PROVIDER = (  # what stands for OpenAI's own, which first asks where the account's workspace lives
    '{name="here", base_url="https://chatgpt.com/backend-api/codex", wire_api="responses", '
    "requires_openai_auth=true}"
)
_TOKEN = "tok-0123456789abcdefghijklmnopqrstuvwxyz"


class _Claude(Model):
    """Keeps who came."""

    came: ClassVar[list[tuple[str | None, str | None]]] = []

    def do_POST(self) -> None:  # noqa: N802
        if self.path.startswith("/v1/messages"):
            self.came.append((self.headers.get("x-api-key"), self.headers.get("authorization")))
        super().do_POST()


def _claude(here: Place, *options: str) -> None:
    agent = (str(CLAUDE), "-p", "do it", "--dangerously-skip-permissions")
    done = here.ringfence("run", *options, "--agent", "claude", "--", *agent)
    assert (done.exit, done.out) == (0, "all is done\n"), done
    assert (here.tree / "made").read_text() == "made by the agent\n"


@pytest.mark.parametrize("user", USERS)
def test_claude_code_works_with_a_key_that_it_never_has(user: str) -> None:
    needs_programs("claude", CLAUDE)
    _Claude.came.clear()
    with place(user, repository=True) as here, host("api.anthropic.com", _Claude) as api:
        lead(here, api, network="", reads=(MODULES,))
        how = ("--kind", "header", "--part", "header=x-api-key", "--host", "api.anthropic.com")
        keep(here, "ANTHROPIC_API_KEY", *how, secret=_KEY)
        _claude(here)
        assert {key for key, _ in _Claude.came} == {_KEY}


@pytest.mark.parametrize("user", USERS)
def test_claude_code_works_with_a_login_that_was_adopted(user: str) -> None:
    needs_programs("claude", CLAUDE)
    _Claude.came.clear()
    with place(user, repository=True) as here, host("api.anthropic.com", _Claude) as api:
        login = {"accessToken": _TOKEN, "expiresAt": 4_102_444_800_000, "scopes": ["user:inference"]}
        here.write_at_home(".claude/.credentials.json", json.dumps({"claudeAiOauth": login}))
        lead(here, api, network="", reads=(MODULES,))
        _claude(here, "--adopt")
        assert {token for _, token in _Claude.came} == {f"Bearer {_TOKEN}"}


@pytest.mark.parametrize("user", USERS)
def test_codex_works_with_a_key_that_it_never_has(user: str) -> None:
    needs_programs("codex", CODEX)
    Responses.came.clear()
    with place(user, repository=True) as here, host("api.openai.com", Responses) as api:
        lead(here, api, network="", reads=(MODULES,))
        keep(here, "OPENAI_API_KEY", "--host", "api.openai.com", secret=_KEY)
        script = f"""
            mkdir -p ~/.codex; printenv OPENAI_API_KEY | {CODEX} login --with-api-key >/dev/null 2>&1
            {_codex_script()}
        """
        _codex(here, script)
        assert {(path, token) for path, token, _ in Responses.came} == {("/v1/responses", f"Bearer {_KEY}")}


class _Tokens(Handler):
    """Gives access tokens for a refresh token."""

    def do_POST(self) -> None:  # noqa: N802
        asked = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        assert _TOKEN.encode() in asked
        said = {"access_token": _ACCESS, "refresh_token": _TOKEN, "expires_in": 3600, "token_type": "Bearer"}
        self.answer(json.dumps(said).encode(), Content_Type="application/json")


@pytest.mark.parametrize("user", USERS)
def test_codex_works_with_a_login_that_was_adopted(user: str) -> None:
    needs_programs("codex", CODEX)
    Responses.came.clear()
    with (
        place(user, repository=True) as here,
        host("chatgpt.com", Responses) as api,
        host("auth.openai.com", _Tokens) as tokens,
    ):
        login = {"refresh_token": _TOKEN, "account_id": _ACCOUNT, "access_token": "x", "id_token": "y"}
        here.write_at_home(".codex/auth.json", json.dumps({"OPENAI_API_KEY": None, "tokens": login}))
        lead(here, api, tokens, network="", reads=(MODULES,))
        assert here.ringfence("vault", "adopt", "--yes").exit == 0
        _codex(here, _codex_script('model_provider="here"', f"model_providers.here={_PROVIDER}"))
        spoken = {each for each in Responses.came if each[0].endswith("/responses")}
        assert spoken == {("/backend-api/codex/responses", f"Bearer {_ACCESS}", _ACCOUNT)}


def _codex_script(*options: str) -> str:
    given = " ".join(f"-c '{each}'" for each in options)
    agent = f"{CODEX} exec --skip-git-repo-check --dangerously-bypass-approvals-and-sandbox -m gpt-5"
    return f"{agent} {given} 'do it' </dev/null"


def _codex(here: Place, script: str) -> None:
    done = here.ringfence("run", "--agent", "codex", "--", "sh", "-c", script)
    assert done.exit == 0, done
    assert "all is done" in done.out, done
    assert (here.tree / "made").read_text() == "made by the agent\n"
