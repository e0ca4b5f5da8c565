"""Claude Code and Codex in two runs of a tree, as people have them: the second one knows of the first."""

import json
from pathlib import Path
from typing import Any, ClassVar

import pytest

from real.node_programs import CLAUDE, CODEX, MODULES, needs_programs
from real.running import PATIENCE_S, USERS, Done, Place, appears, place
from real.scripted_codex import Responses
from real.scripted_model import Model
from real.world import host, keep, lead

_KEY = "sk-ant-api03-0123456789abcdefghijklmnopqrstuvwxyz"


class _Claude(Model):
    """Keeps what was asked."""

    asked: ClassVar[list[str]] = []

    def next_call(self, messages: Any) -> Any:
        self.asked.append(json.dumps(messages))
        return super().next_call(messages)


class _Codex(Responses):
    """Keeps what was asked."""

    asked: ClassVar[list[str]] = []

    def next_call(self, asked: dict[str, Any]) -> dict[str, str] | None:
        self.asked.append(json.dumps(asked["input"]))
        return super().next_call(asked)


def _claude(here: Place, *arguments: str) -> Done:
    agent = (str(CLAUDE), "--dangerously-skip-permissions", *arguments)
    done = here.ringfence("run", "--agent", "claude", "--", *agent)
    assert (done.exit, done.out) == (0, "all is done\n"), done
    return done


def _home(here: Place) -> Path:
    (found,) = (here.home / ".local/state/ringfence/homes").iterdir()
    return found / "home"


@pytest.mark.parametrize("user", USERS)
def test_claude_code_goes_on_with_what_was_said_in_the_run_before(user: str) -> None:
    needs_programs("claude", CLAUDE)
    _Claude.asked.clear()
    with place(user, repository=True) as here, host("api.anthropic.com", _Claude) as api:
        lead(here, api, network="", reads=(MODULES,))
        how = ("--kind", "header", "--part", "header=x-api-key", "--host", "api.anthropic.com")
        keep(here, "ANTHROPIC_API_KEY", *how, secret=_KEY)
        _claude(here, "-p", "the first question")
        first = json.loads((_home(here) / ".claude.json").read_text())
        assert not any("the second" in each for each in _Claude.asked)
        _Claude.asked.clear()
        _claude(here, "--continue", "-p", "the second question")
        assert "the first question" in _Claude.asked[-1]
        assert "the second question" in _Claude.asked[-1]
        second = json.loads((_home(here) / ".claude.json").read_text())
        assert (second["userID"], str(here.tree) in second["projects"]) == (first["userID"], True)
        assert _KEY not in _everything(_home(here))


@pytest.mark.parametrize("user", USERS)
def test_codex_goes_on_with_what_was_said_in_the_run_before(user: str) -> None:
    needs_programs("codex", CODEX)
    _Codex.asked.clear()
    with place(user, repository=True) as here, host("api.openai.com", _Codex) as api:
        lead(here, api, network="", reads=(MODULES,))
        keep(here, "OPENAI_API_KEY", "--host", "api.openai.com", secret=_KEY)
        _codex(here, "the first question")
        _Codex.asked.clear()
        _codex(here, "resume", "--last", "the second question")
        assert "the first question" in _Codex.asked[-1]
        assert "the second question" in _Codex.asked[-1]
        assert _KEY not in _everything(_home(here))


def test_claude_code_beside_another_one_knows_what_was_said_before_both() -> None:
    needs_programs("claude", CLAUDE)
    _Claude.asked.clear()
    with place(repository=True) as here, host("api.anthropic.com", _Claude) as api:
        lead(here, api, network="", reads=(MODULES,))
        how = ("--kind", "header", "--part", "header=x-api-key", "--host", "api.anthropic.com")
        keep(here, "ANTHROPIC_API_KEY", *how, secret=_KEY)
        _claude(here, "-p", "the first question")
        other = here.start("run", "--agent", "claude", "--", "sh", "-c", "echo > begun; exec sleep 1000")
        appears(here.tree / "begun")
        _Claude.asked.clear()
        beside = _claude(here, "--continue", "-p", "the second question")
        assert "another session of claude has the home that is kept" in beside.err
        assert "the first question" in _Claude.asked[-1]
        here.ringfence("kill", "--all")
        other.communicate(timeout=PATIENCE_S)


def _codex(here: Place, *what: str) -> None:
    options = ("--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", "-m", "gpt-5")
    agent = (str(CODEX), "exec", *options, *what)
    done = here.ringfence("run", "--agent", "codex", "--", *agent)
    assert done.exit == 0, done
    assert "all is done" in done.out, done


def _everything(home: Path) -> str:
    """All that is in its files."""
    files = (each for each in home.rglob("*") if each.is_file() and not each.is_symlink())
    return "".join(each.read_bytes().decode("latin-1") for each in files)
