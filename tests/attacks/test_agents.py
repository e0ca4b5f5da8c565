"""Homes made to make ringfence crash, hang, leak a secret or mislead a reader."""

import json
import os
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.core.machine import Agent
from ringfence.endpoint.agents.find import AGENTS, find_agents
from ringfence.endpoint.agents.kind import Syntax
from ringfence.endpoint.home import Home, System
from ringfence.endpoint.places import places

CANARIES = (
    "canary0123456789",
    "sk-ant-api03-caNary1caNary2caNary3caNary4",
    "sk-proj-caNary1caNary2caNary3caNary4",
    "AIzacaNary1caNary2caNary3caNary4caNary5ab",
    "AQ.Ab8RN6caNary1caNary2caNary3",
    "hf_caNary1caNary2caNary3caNary4",
    "ghp_caNary1caNary2caNary3caNary4caNary56",
    "eyJjYW5hcnk.eyJjYW5hcnk5.caNary1caNary2",
)


def every_settings_file(home: Home) -> list[tuple[Path, Syntax]]:
    """Each file that the table reads in a home, once, its stars filled in."""
    found: dict[Path, Syntax] = {}
    for kind in AGENTS:
        roots = [path for root in kind.roots if not root.startswith("$") for path in places(home, root)]
        for document in kind.documents:
            pattern = document.path.replace("*", "any")
            if pattern.startswith("$"):
                continue
            place = pattern.startswith("~/") or ":" in pattern
            paths = places(home, pattern) if place else (root / pattern for root in roots)
            found.update((path, document.syntax) for path in paths if isinstance(path, Path))
    return list(found.items())


def results(home: Home, **given: object) -> list[Agent | Skipped]:
    return list(find_agents([home], **given))  # type: ignore[arg-type]


def fresh(folder: Path) -> Home:
    return Home(path=folder, system=System.LINUX)


@pytest.mark.parametrize("canary", CANARIES, ids=lambda canary: canary[:6])
@pytest.mark.parametrize("broken", ["", "}", "\x00", "&a *a"])
def test_no_secret_of_any_file_ever_shows(tmp_path: Path, canary: str, broken: str) -> None:
    home = fresh(tmp_path)
    server = {
        "command": "npx",
        "args": [
            "--api-key",
            canary,
            f"--token={canary}",
            f"API_KEY={canary}",
            "-H",
            f"Authorization: Bearer {canary}",
        ],
        "env": {"MY_API_KEY": canary, canary: canary},
        "headers": {"Authorization": f"Bearer {canary}"},
    }
    remote = {"url": f"https://user:{canary}@example.com/mcp?key={canary}#{canary}"}
    shape = canary != CANARIES[0]
    names = ["plain", *([canary] if shape else [])]
    servers = {key: value for name in names for key, value in ((name, server), (f"{name}-url", remote))}
    document = {
        **dict.fromkeys(
            ("mcpServers", "servers", "mcp", "mcp_servers", "context_servers", "extensions"), servers
        ),
        "apiKey": canary,
        "tokens": {"access_token": canary, "refresh_token": canary},
    }
    text = {
        Syntax.JSON: json.dumps(document) + broken,
        Syntax.CLOSED: canary,
        Syntax.TEXT: f"export A_API_KEY={canary}\n{broken}",
        Syntax.YAML: json.dumps(document) + broken,
        Syntax.TOML: f'api_key = "{canary}"\n[mcp_servers.a]\ncommand = "x"\n'
        f'args = ["--token", "{canary}"]\n{broken}',
    }
    for path, syntax in every_settings_file(home):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text[syntax])
    for name in (".bashrc", ".netrc", ".git-credentials", ".npmrc"):
        (tmp_path / name).write_text(f"export X_TOKEN={canary}\npassword {canary}\nhttps://a:{canary}@b\n")
    mine = Home(path=tmp_path, system=System.LINUX, environment={"SOME_API_KEY": canary})
    found = results(mine)
    assert len([each for each in found if isinstance(each, Agent)]) == len(AGENTS)
    assert canary not in repr(found)
    assert canary not in repr(mine)
    if not broken:
        told = {
            credential.kind for each in found if isinstance(each, Agent) for credential in each.credentials
        }
        assert len(told) >= 3 or shape


KEYS = st.sampled_from(
    [
        *(
            "mcpServers",
            "servers",
            "mcp",
            "projects",
            "command",
            "args",
            "url",
            "transport",
            "type",
            "name",
            "env",
        ),
        *(
            "apiKey",
            "tokens",
            "profiles",
            "experimental",
            "extensions",
            "context_servers",
            "server",
            "x\x1b[31m",
        ),
    ]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=15,
)


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=40, deadline=None)
@given(document=ANYTHING, raw=st.binary(max_size=100))
def test_settings_of_any_shape_are_read_or_skipped(
    tmp_path_factory: pytest.TempPathFactory, document: object, raw: bytes
) -> None:
    folder = tmp_path_factory.getbasetemp() / "shapes"
    home = fresh(folder)
    text = json.dumps(document)
    for number, (path, syntax) in enumerate(every_settings_file(home)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw if number % 7 == 0 or syntax is Syntax.TOML else text.encode())
    for each in results(home, repositories=[folder], environments=[folder], node_modules=[folder]):
        assert isinstance(each, Agent | Skipped)


@pytest.mark.parametrize("kind", ["fifo", "folder", "loop", "huge", "not utf-8", "dangling"])
def test_files_that_are_none_are_reasons_and_cost_no_time(tmp_path: Path, kind: str) -> None:
    home = fresh(tmp_path)
    start = time.monotonic()
    for path, _ in every_settings_file(home):
        path.parent.mkdir(parents=True, exist_ok=True)
        match kind:
            case "fifo":
                os.mkfifo(path)
            case "folder":
                path.mkdir(exist_ok=True)
            case "loop":
                path.symlink_to(path.name)
            case "huge":
                path.touch()
                os.truncate(path, 1 << 40)
            case "not utf-8":
                path.write_bytes(b"\xff\xfe\x00a: \xc3")
            case "dangling":
                path.symlink_to("nothing")
    found = results(home)
    assert time.monotonic() - start < 20
    reasons = {each.reason for each in found if isinstance(each, Skipped)}
    expected = {
        "fifo": {"not a regular file"},
        "folder": {"not a regular file"},
        "loop": {"symbolic links in a circle"},
        "huge": {
            f"larger than {LIMITS.config_bytes} bytes",
            f"larger than {LIMITS.settings_text_bytes} bytes",
        },
        "not utf-8": {"not valid JSON, not even with comments", "not valid TOML", "not valid YAML"},
        "dangling": set(),
    }[kind]
    assert reasons - {"may hold secrets in a form that is not opened"} == expected


def test_skills_and_servers_without_end_are_cut_and_said(tmp_path: Path) -> None:
    home = fresh(tmp_path)
    many = LIMITS.agent_items + 5
    for number in range(many):
        (tmp_path / f".claude/skills/s{number}").mkdir(parents=True)
        (tmp_path / f".claude/skills/s{number}/SKILL.md").touch()
    servers = {f"s{number}": {"command": "x", "env": {"A_TOKEN": CANARIES[0]}} for number in range(many)}
    (tmp_path / ".claude.json").write_text(json.dumps({"mcpServers": servers}))
    found = results(home)
    (agent,) = [each for each in found if isinstance(each, Agent)]
    assert {len(agent.mcp_servers), len(agent.skills), len(agent.credentials)} == {LIMITS.agent_items}
    assert {each.reason for each in found if isinstance(each, Skipped)} == {
        f"an agent's first {LIMITS.agent_items} servers, skills or credentials were taken"
    }


def test_folders_that_contain_themselves_come_to_an_end(tmp_path: Path) -> None:
    (tmp_path / ".claude/plugins").mkdir(parents=True)
    for name in ("cache", "any"):
        (tmp_path / ".claude/plugins" / name).symlink_to(".")
    (tmp_path / ".claude/skills").symlink_to("..")
    (tmp_path / ".openclaw").symlink_to(".")
    assert {each.name for each in results(fresh(tmp_path)) if isinstance(each, Agent)} == {
        "claude-code",
        "openclaw",
    }


def test_names_that_would_move_a_cursor_are_spelled_out(tmp_path: Path) -> None:
    evil = "\x1b]0;owned\x07\u202egnp.exe"
    (tmp_path / ".claude/skills" / evil).mkdir(parents=True)
    (tmp_path / ".claude/skills" / evil / "SKILL.md").touch()
    server = {"command": "x", "env": {f"{evil}_TOKEN": CANARIES[0]}}
    (tmp_path / ".claude.json").write_text(json.dumps({"mcpServers": {evil: server}}))
    (agent,) = results(fresh(tmp_path))
    assert isinstance(agent, Agent)
    told = [agent.skills[0].name, agent.mcp_servers[0].name, agent.credentials[0].location]
    told += [agent.credentials[0].kind, *agent.findings[0].evidence]
    assert all(text.isprintable() and "\u202e" not in text for text in told)


def test_folder_names_that_are_no_utf_8_are_looked_into(tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff\xfe")
    (tmp_path / ".claude/skills" / name).mkdir(parents=True)
    (tmp_path / ".claude/skills" / name / "SKILL.md").touch()
    (agent,) = results(fresh(tmp_path))
    assert isinstance(agent, Agent)
    assert [skill.name for skill in agent.skills] == ["\\xff\\xfe"]
