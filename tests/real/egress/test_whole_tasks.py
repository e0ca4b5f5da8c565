"""Claude Code and Codex, as npm installs them, do a whole task in boxes: find a fault, mend it, push it.

Nothing is configured: what stands in the policy leads the names of the world to servers of this machine.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from egress.upstream_servers import Handler
from real.git_host import git_host
from real.node_programs import CLAUDE, MODULES, needs_programs
from real.running import USERS, Place, place, until
from real.scripted_task import ACCOUNT, FILES, ClaudeTask, CodexTask
from real.world import Host, host, lead_only

_RINGFENCE = str(Path(sys.executable).with_name("ringfence"))
_KEY = "sk-ant-api03-0123456789abcdefghijklmnopqrstuvwxyz"
_TOKEN = "tok-0123456789abcdefghijklmnopqrstuvwxyz"
_ACCESS = "acc-0123456789abcdefghijklmnopqrstuvwxyz"
_MOST_ASKS = 3


@dataclass(frozen=True, kw_only=True)
class _Agent:
    """One of them, with what its user has of it."""

    command: tuple[str, ...]
    model: type[ClaudeTask | CodexTask]
    hosts: tuple[str, ...]  # the model's first, then where its tokens are from
    came: str  # the credential that the model is shown
    login: tuple[str, object] | None = None  # a file of the home, as JSON
    environment: tuple[tuple[str, str], ...] = ()


class _Tokens(Handler):
    """Gives access tokens for a refresh token."""

    def do_POST(self) -> None:  # noqa: N802
        assert _TOKEN.encode() in self.body()
        said = {"access_token": _ACCESS, "refresh_token": _TOKEN, "expires_in": 3600, "token_type": "Bearer"}
        self.answer(json.dumps(said).encode(), Content_Type="application/json")


_CLAUDE_CODE = ("claude", "-p", "do it", "--dangerously-skip-permissions")
_CODEX = ("codex", "exec", "--dangerously-bypass-approvals-and-sandbox", "do it")
_AGENTS = {
    "claude with a key": _Agent(
        command=_CLAUDE_CODE,
        model=ClaudeTask,
        hosts=("api.anthropic.com",),
        came=_KEY,
        environment=(("ANTHROPIC_API_KEY", _KEY),),
    ),
    "claude with a login": _Agent(
        command=_CLAUDE_CODE,
        model=ClaudeTask,
        hosts=("api.anthropic.com", "console.anthropic.com"),
        came=f"Bearer {_ACCESS}",
        login=(
            ".claude/.credentials.json",
            {
                "claudeAiOauth": {
                    "accessToken": "x",
                    "refreshToken": _TOKEN,
                    "expiresAt": 4_102_444_800_000,
                    "scopes": ["user:inference"],
                }
            },
        ),
    ),
    "codex with a key": _Agent(
        command=_CODEX,
        model=CodexTask,
        hosts=("api.openai.com",),
        came=f"Bearer {_KEY}",
        login=(".codex/auth.json", {"OPENAI_API_KEY": _KEY, "auth_mode": "apikey"}),
    ),
    "codex with a login": _Agent(
        command=_CODEX,
        model=CodexTask,
        hosts=("chatgpt.com", "auth.openai.com"),
        came=f"Bearer {_ACCESS}",
        login=(
            ".codex/auth.json",
            {
                "OPENAI_API_KEY": None,
                "tokens": {
                    "refresh_token": _TOKEN,
                    "account_id": ACCOUNT,
                    "access_token": "x",
                    "id_token": "y",
                },
            },
        ),
    ),
}


@pytest.mark.parametrize(
    ("name", "user"),
    [*((each, "ordinary") for each in _AGENTS), *[("codex with a key", "root")][: "root" in USERS]],
)
def test_a_whole_task_is_done_with_no_configuration(
    name: str, user: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    agent = _AGENTS[name]
    with ExitStack() as stack:
        here = stack.enter_context(place(user, repository=True))
        git = stack.enter_context(_repository(here, tmp_path))
        handlers = (agent.model, _Tokens)
        hosts = [stack.enter_context(host(*each)) for each in zip(agent.hosts, handlers, strict=False)]
        lead_only(here, git, *hosts)
        out, asked = _done(agent, here)
        assert "all is done" in out
        _assert_said(agent.model.results)
        assert _refs(tmp_path) == {"main": "three", "agent/greeting": "Say hello"}
        assert here.git("log", "-1", "--format=%s", "agent/greeting") == "Say hello\n"
        assert asked <= _MOST_ASKS
        with capsys.disabled():
            print(f"\n{name}, as {user}: {asked} questions in a whole task")


def _done(agent: _Agent, here: Place) -> tuple[str, int]:
    """What it says at the end, and how many questions there were: a no and a yes by an operator."""
    variables = dict(agent.environment) | _installed(here)
    here.write_at_home(".config/gh/hosts.yml", f"github.com:\n    oauth_token: {_TOKEN}\n")
    if agent.login is not None:
        path, said = agent.login
        here.write_at_home(path, json.dumps(said))
    agent.model.came.clear()
    agent.model.results.clear()
    agent.model.tree = str(here.tree)
    nothing = subprocess.DEVNULL
    running = here.start("run", "--adopt", "--", *agent.command, environment=variables, stdin=nothing)
    for answer in ("deny", "approve"):
        (ask,) = until(lambda: here.document("asks")["asks"], lambda: f"a question: {agent.model.results}")
        here.host(_RINGFENCE, answer, ask["short"])
    out, err = running.communicate(timeout=60)
    assert running.returncode == 0, (out, err)
    assert {each if isinstance(each, str) else each[1] for each in agent.model.came if each[1]} == {
        agent.came
    }
    return out.decode(), here.document("asks", "--stats")["asked"]


def _assert_said(results: list[str]) -> None:
    """What its tools told it, step by step."""
    expected = (
        "failed",
        "helo, $1",
        "",
        "passed",
        "Say hello",
        "three",
        "[remote rejected]",
        "[new branch]",
    )
    said = list(zip(expected, results, strict=True))
    assert all(text in result for text, result in said), said


def _installed(here: Place) -> dict[str, str]:
    """What `npm install -g` leaves in a home, whose programs then are found by their names."""
    needs_programs("claude and codex", CLAUDE)
    top = here.home / ".npm-global"
    modules = top / "lib/node_modules"
    for name in ("@anthropic-ai/claude-code", "@openai"):
        shutil.copytree(MODULES / name, modules / name, copy_function=_link, symlinks=True)
    program = modules / "@anthropic-ai/claude-code/bin/claude.exe"
    program.unlink()
    _link(CLAUDE, program)
    (top / "bin").mkdir()
    (top / "bin/claude").symlink_to("../lib/node_modules/@anthropic-ai/claude-code/bin/claude.exe")
    (top / "bin/codex").symlink_to("../lib/node_modules/@openai/codex/bin/codex.js")
    _link(MODULES / "node-20/bin/node", top / "bin/node")
    return {"PATH": f"{top}/bin:{here.environment['PATH']}"}


def _link(source: str | Path, target: str | Path) -> None:
    """The same file, or a copy where there can be no second name: they are large."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy(source, target)


@contextmanager
def _repository(here: Place, top: Path) -> Iterator[Host]:
    """The host of the tree's remote, which has one commit more and wants a token."""
    for name, text in FILES.items():
        here.write(name, text)
    here.git("add", ".")
    here.git("commit", "-q", "-m", "two")
    here.git("bundle", "create", "-q", "../home/bundle", "main")
    here.git("remote", "add", "origin", "git@github.com:org/repo.git")
    bare = top / "org/repo.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", bare], check=True)
    _git(bare, "fetch", "-q", str(here.home / "bundle"), "main:main")
    who = ("-c", "user.name=b", "-c", "user.email=b@example.com")
    tree = _git(bare, "rev-parse", "main^{tree}")
    third = _git(bare, *who, "commit-tree", "-p", "main", "-m", "three", tree)
    _git(bare, "update-ref", "refs/heads/main", third)
    with host("github.com", git_host(top, token=_TOKEN)) as there:
        yield there


def _refs(top: Path) -> dict[str, str]:
    """The subject of each branch that the host has."""
    lines = _git(top / "org/repo.git", "for-each-ref", "--format=%(refname:lstrip=2)=%(subject)")
    return dict(line.split("=") for line in lines.splitlines())


def _git(bare: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=bare, check=True, capture_output=True, text=True)
    return done.stdout.strip()
