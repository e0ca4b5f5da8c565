"""Agents in homes written as the agents themselves write them."""

import json
from pathlib import Path

import pytest

from ringfence.core.findings import Confidence, Severity
from ringfence.core.inventory import Skipped
from ringfence.core.machine import Agent, Credential, McpServer, Skill
from ringfence.endpoint.agents.find import AGENTS, find_agents
from ringfence.endpoint.home import Home, System

CANARY = "canary0123456789"


@pytest.fixture
def eve(tmp_path: Path) -> Home:
    (tmp_path / "eve").mkdir()
    return Home(path=tmp_path / "eve", system=System.LINUX)


def write(home: Home, name: str, content: object) -> Path:
    path = home.path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def agents(*homes: Home, **given: object) -> list[Agent]:
    return [each for each in find_agents(homes, **given) if isinstance(each, Agent)]  # type: ignore[arg-type]


def only(*homes: Home, **given: object) -> Agent:
    (agent,) = agents(*homes, **given)
    return agent


def held(agent: Agent) -> list[tuple[str, str]]:
    return [(each.kind, each.location) for each in agent.credentials]


def test_an_empty_home_has_no_agent_and_no_reason(eve: Home) -> None:
    write(eve, ".bashrc", f"export OPENAI_API_KEY={CANARY}")
    assert list(find_agents([eve])) == []


def test_claude_code_whole(eve: Home) -> None:
    top = write(
        eve,
        ".claude.json",
        {
            "numStartups": 7,
            "mcpServers": {
                "github": {
                    "type": "stdio",
                    "command": "npx",
                    "args": ["-y", "gh"],
                    "env": {"GITHUB_TOKEN": CANARY},
                }
            },
            "projects": {"/home/eve/p": {"mcpServers": {"docs": {"type": "http", "url": "https://d/mcp"}}}},
            "oauthAccount": {"accountUuid": "0f9c", "emailAddress": "eve@example.com"},
            "primaryApiKey": CANARY,
        },
    )
    write(eve, ".claude/settings.json", '{// mine\n "env": {"ANTHROPIC_AUTH_TOKEN": "%s",},}' % CANARY)  # noqa: UP031
    write(
        eve,
        ".claude/.credentials.json",
        {
            "claudeAiOauth": {
                "accessToken": CANARY,
                "refreshToken": CANARY,
                "expiresAt": 1,
                "scopes": ["user:x"],
            }
        },
    )
    write(eve, ".claude/skills/release/SKILL.md", "---\nname: release\n---\n")
    (eve.path / ".claude/skills/empty").mkdir()
    write(eve, ".claude/plugins/cache/market/tools/1.0/skills/lint/SKILL.md", "x")
    plugin = write(eve, ".claude/plugins/cache/market/tools/1.0/.mcp.json", {"db": {"command": "db-mcp"}})
    write(eve, ".local/share/claude/versions/2.0.9", "")
    newest = write(eve, ".local/share/claude/versions/2.0.14", "")
    agent = only(eve)
    assert (agent.name, agent.version) == ("claude-code", "2.0.14")
    assert agent.locations == (eve.path / ".claude", newest, top)
    assert agent.mcp_servers == (
        McpServer(name="github", transport="stdio", command=("npx", "-y", "gh"), url=None, configured_in=top),
        McpServer(name="docs", transport="http", command=(), url="https://d/mcp", configured_in=top),
        McpServer(name="db", transport="stdio", command=("db-mcp",), url=None, configured_in=plugin),
    )
    assert agent.skills == (
        Skill(name="release", path=eve.path / ".claude/skills/release"),
        Skill(name="lint", path=eve.path / ".claude/plugins/cache/market/tools/1.0/skills/lint"),
    )
    assert held(agent) == [
        ("github-token", "~/.claude.json: mcpServers.github.env.GITHUB_TOKEN"),
        ("primary-api-key", "~/.claude.json: primaryApiKey"),
        ("anthropic-auth-token", "~/.claude/settings.json: env.ANTHROPIC_AUTH_TOKEN"),
        ("oauth-token", "~/.claude/.credentials.json: claudeAiOauth.accessToken"),
        ("oauth-token", "~/.claude/.credentials.json: claudeAiOauth.refreshToken"),
    ]
    (finding,) = agent.findings
    assert (finding.check, finding.severity, finding.confidence, finding.subject) == (
        "agent-holds-credentials",
        Severity.MEDIUM,
        Confidence.CERTAIN,
        "claude-code",
    )
    assert finding.evidence[0] == "github-token in ~/.claude.json: mcpServers.github.env.GITHUB_TOKEN"
    assert CANARY not in repr(agent)


def test_codex_whole(eve: Home) -> None:
    settings = write(
        eve,
        ".codex/config.toml",
        f"""
model = "gpt-5-codex"
[mcp_servers.docs]
command = "npx"
args = ["-y", "docs-mcp", "--token", "{CANARY}"]
env = {{ "DOCS_API_KEY" = "{CANARY}" }}
[mcp_servers.remote]
url = "https://example.com/mcp"
bearer_token_env_var = "REMOTE_TOKEN"
http_headers = {{ "X-Api-Key" = "{CANARY}" }}
""",
    )
    tokens = {"id_token": CANARY, "access_token": CANARY, "refresh_token": CANARY, "account_id": "7"}
    write(
        eve,
        ".codex/auth.json",
        {"OPENAI_API_KEY": None, "tokens": tokens, "last_refresh": "2026-09-01T00:00:00Z"},
    )
    write(eve, ".codex/skills/.system/plan/SKILL.md", "x")
    write(
        eve,
        ".nvm/versions/node/v22.0.0/lib/node_modules/@openai/codex/package.json",
        {"name": "@openai/codex", "version": "0.46.0"},
    )
    agent = only(eve)
    assert (agent.name, agent.version) == ("codex", "0.46.0")
    assert agent.mcp_servers == (
        McpServer(
            name="docs",
            transport="stdio",
            command=("npx", "-y", "docs-mcp", "--token", "[cut]"),
            url=None,
            configured_in=settings,
        ),
        McpServer(
            name="remote", transport="http", command=(), url="https://example.com/mcp", configured_in=settings
        ),
    )
    assert [skill.name for skill in agent.skills] == ["plan"]
    assert held(agent) == [
        ("token", "~/.codex/config.toml: mcp_servers.docs.args.3"),
        ("docs-api-key", "~/.codex/config.toml: mcp_servers.docs.env.DOCS_API_KEY"),
        ("x-api-key", "~/.codex/config.toml: mcp_servers.remote.http_headers.X-Api-Key"),
        ("oauth-token", "~/.codex/auth.json: tokens.id_token"),
        ("oauth-token", "~/.codex/auth.json: tokens.access_token"),
        ("oauth-token", "~/.codex/auth.json: tokens.refresh_token"),
    ]


# agent, file, content, names of its servers, kinds of its credentials
SETTINGS = [
    ("gemini-cli", ".gemini/settings.json", {"mcpServers": {"s": {"httpUrl": "https://x"}}}, ["s"], []),
    (
        "gemini-cli",
        ".gemini/oauth_creds.json",
        {"access_token": CANARY, "token_type": "Bearer"},
        [],
        ["oauth-token"],
    ),
    ("gemini-cli", ".gemini/.env", f"GEMINI_API_KEY={CANARY}\n", [], ["gemini-api-key"]),
    (
        "gemini-cli",
        ".gemini/extensions/e/gemini-extension.json",
        {"name": "e", "version": "1.0.0", "mcpServers": {"s": {"command": "node"}}},
        ["s"],
        [],
    ),
    ("qwen-code", ".qwen/oauth_creds.json", {"refresh_token": CANARY}, [], ["oauth-token"]),
    (
        "openclaw",
        ".openclaw/openclaw.json",
        (
            "{\n  // JSON5\n  channels: { telegram: { botToken: '" + CANARY + "', }, },\n"
            "  mcp: { servers: { s: { command: 'x' } } },\n}"
        ),
        ["s"],
        ["bot-token"],
    ),
    (
        "openclaw",
        ".clawdbot/agents/main/agent/auth-profiles.json",
        {
            "version": 1,
            "profiles": {"anthropic:default": {"type": "api_key", "provider": "anthropic", "key": CANARY}},
        },
        [],
        ["api-key"],
    ),
    (
        "copilot-cli",
        ".copilot/mcp-config.json",
        {"mcpServers": {"s": {"type": "local", "command": "x"}}},
        ["s"],
        [],
    ),
    (
        "copilot-cli",
        ".copilot/config.json",
        {"copilot_tokens": {"https://github.com:eve": "gho_aB3dE5gH7jK9mN1pQ3sT5vW7xY9zA2cD4e6F"}},
        [],
        ["github-token"],
    ),
    (
        "opencode",
        ".config/opencode/opencode.jsonc",
        {"mcp": {"s": {"type": "local", "command": ["npx", "s"], "environment": {"A_TOKEN": CANARY}}}},
        ["s"],
        ["a-token"],
    ),
    (
        "opencode",
        ".local/share/opencode/auth.json",
        {
            "anthropic": {"type": "oauth", "refresh": CANARY, "access": CANARY},
            "openai": {"type": "api", "key": CANARY},
        },
        [],
        ["oauth-token", "oauth-token", "api-key"],
    ),
    (
        "crush",
        ".config/crush/crush.json",
        {"mcp": {"s": {"type": "http", "url": "https://x"}}, "providers": {"p": {"api_key": CANARY}}},
        ["s"],
        ["api-key"],
    ),
    (
        "goose",
        ".config/goose/config.yaml",
        (
            "extensions:\n  s:\n    type: stdio\n    cmd: npx\n    args: [x]\n    enabled: true\n"
            "  developer:\n    type: builtin\n    enabled: true\n"
        ),
        ["s"],
        [],
    ),
    ("goose", ".config/goose/secrets.yaml", f"OPENAI_API_KEY: {CANARY}\n", [], ["openai-api-key"]),
    ("aider", ".aider.conf.yml", f"model: x\nanthropic-api-key: {CANARY}\n", [], ["anthropic-api-key"]),
    ("amazon-q", ".aws/amazonq/mcp.json", {"mcpServers": {"s": {"command": "uvx"}}}, ["s"], []),
    (
        "claude-desktop",
        ".config/Claude/claude_desktop_config.json",
        {"mcpServers": {"s": {"command": "x"}}},
        ["s"],
        [],
    ),
    (
        "claude-desktop",
        ".config/Claude/Claude Extensions/ant.dir.files/manifest.json",
        {"name": "files", "server": {"type": "node", "mcp_config": {"command": "node", "args": ["x.js"]}}},
        ["ant.dir.files"],
        [],
    ),
    ("cursor", ".cursor/mcp.json", {"mcpServers": {"s": {"url": "https://x/sse"}}}, ["s"], []),
    ("cursor", ".config/cursor/auth.json", {"accessToken": CANARY}, [], ["oauth-token"]),
    (
        "github-copilot",
        ".config/Code/User/mcp.json",
        {"servers": {"s": {"command": "x"}}, "inputs": []},
        ["s"],
        [],
    ),
    (
        "github-copilot",
        ".config/github-copilot/apps.json",
        {"github.com:Iv1": {"user": "eve", "oauth_token": CANARY}},
        [],
        ["oauth-token"],
    ),
    (
        "windsurf",
        ".codeium/windsurf/mcp_config.json",
        {"mcpServers": {"s": {"serverUrl": "https://x"}}},
        ["s"],
        [],
    ),
    ("kiro", ".kiro/settings/mcp.json", {"mcpServers": {"s": {"command": "x"}}}, ["s"], []),
    (
        "zed",
        ".config/zed/settings.json",
        '{"context_servers": {"s": {"command": {"path": "x"}}}, // c\n}',
        ["s"],
        [],
    ),
    (
        "cline",
        ".config/Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json",
        {"mcpServers": {"s": {"command": "x", "disabled": False, "autoApprove": []}}},
        ["s"],
        [],
    ),
    ("cline", ".cline/data/secrets.json", {"openRouterApiKey": CANARY}, [], ["open-router-api-key"]),
    (
        "roo-code",
        ".config/VSCodium/User/globalStorage/rooveterinaryinc.roo-cline/settings/mcp_settings.json",
        {"mcpServers": {"s": {"command": "x"}}},
        ["s"],
        [],
    ),
    (
        "continue",
        ".continue/config.yaml",
        f"models:\n  - provider: openai\n    apiKey: {CANARY}\nmcpServers:\n  - name: s\n    command: npx\n",
        ["s"],
        ["api-key"],
    ),
    (
        "continue",
        ".continue/config.json",
        {"experimental": {"modelContextProtocolServers": [{"transport": {"type": "stdio", "command": "x"}}]}},
        [""],
        [],
    ),
]


@pytest.mark.parametrize(
    ("name", "file", "content", "servers", "kinds"), SETTINGS, ids=lambda each: str(each)[:40]
)
def test_every_agents_own_settings_are_read(
    eve: Home, name: str, file: str, content: object, servers: list[str], kinds: list[str]
) -> None:
    write(eve, file, content)
    agent = only(eve)
    assert agent.name == name
    assert [server.name for server in agent.mcp_servers] == servers
    assert [credential.kind for credential in agent.credentials] == kinds
    assert bool(agent.findings) == bool(kinds)
    assert CANARY not in repr(agent)


@pytest.mark.parametrize(
    ("system", "file", "name"),
    [
        (System.MACOS, "Library/Application Support/Claude/claude_desktop_config.json", "claude-desktop"),
        (System.MACOS, ".config/zed/settings.json", "zed"),
        (
            System.MACOS,
            "Library/Application Support/Code/User/globalStorage/saoudrizwan.claude-dev/x",
            "cline",
        ),
        (System.WINDOWS, "AppData/Roaming/Claude/claude_desktop_config.json", "claude-desktop"),
        (System.WINDOWS, "AppData/Roaming/Block/goose/config/config.yaml", "goose"),
        (System.WINDOWS, "AppData/Local/github-copilot/apps.json", "github-copilot"),
        (System.WINDOWS, ".codex/config.toml", "codex"),
    ],
)
def test_homes_of_other_systems_follow_their_own_paths(
    tmp_path: Path, system: System, file: str, name: str
) -> None:
    home = Home(path=tmp_path, system=system)
    write(home, file, "{}" if file.endswith("json") else "")
    assert only(home).name == name


def test_variables_move_the_running_users_agents(tmp_path: Path, eve: Home) -> None:
    moved = tmp_path / "moved"
    moved.mkdir()
    (moved / "auth.json").write_text(json.dumps({"OPENAI_API_KEY": CANARY}))
    mine = Home(path=eve.path, system=System.LINUX, environment={"CODEX_HOME": str(moved)})
    assert held(only(mine)) == [("openai-api-key", f"{moved}/auth.json: OPENAI_API_KEY")]
    assert agents(eve) == []


def test_what_belongs_to_the_person_is_listed_with_each_agent_after_its_own(eve: Home) -> None:
    write(eve, ".bashrc", f"export OPENAI_API_KEY={CANARY}\n")
    write(eve, ".local/share/keyrings/login.keyring", "x")
    write(eve, ".qwen/settings.json", {})
    write(eve, ".codex/auth.json", {"OPENAI_API_KEY": CANARY})
    codex, qwen = agents(eve)
    in_reach = [("openai-api-key", "~/.bashrc:1"), ("keyring", "~/.local/share/keyrings/login.keyring")]
    assert held(codex) == [("openai-api-key", "~/.codex/auth.json: OPENAI_API_KEY"), *in_reach]
    assert held(qwen) == in_reach
    assert [found.confidence for found in (*codex.findings, *qwen.findings)] == [
        Confidence.CERTAIN,
        Confidence.LIKELY,
    ]


def test_a_keyring_alone_is_no_finding(eve: Home) -> None:
    write(eve, ".qwen/settings.json", {})
    write(eve, ".local/share/keyrings/login.keyring", "x")
    agent = only(eve)
    assert agent.credentials == (
        Credential(kind="keyring", location="~/.local/share/keyrings/login.keyring"),
    )
    assert agent.findings == ()


def test_editor_settings_alone_are_no_copilot(eve: Home) -> None:
    write(eve, ".config/Code/User/settings.json", {"some.extension.apiKey": CANARY})
    write(eve, ".config/Code/User/mcp.json", {"servers": {}})
    assert agents(eve) == []


def test_extensions_of_editors_are_agents_with_a_version(eve: Home) -> None:
    for name in (
        "github.copilot-1.388.0",
        "GitHub.copilot-chat-0.32.1",
        "other.thing-1.0.0",
        "github.copilot-x",
    ):
        (eve.path / ".vscode/extensions" / name).mkdir(parents=True)
    (eve.path / ".cursor-server/extensions/anthropic.claude-code-2.0.1-linux-x64").mkdir(parents=True)
    found = agents(eve)
    assert [(agent.name, agent.version, len(agent.locations)) for agent in found] == [
        ("claude-code", "2.0.1", 1),
        ("github-copilot", "0.32.1", 2),
    ]


def test_settings_in_a_repository_belong_to_the_agent_of_its_home(eve: Home) -> None:
    write(eve, ".claude/settings.json", {})
    repository = eve.path / "code/a"
    servers = write(
        eve, "code/a/.mcp.json", {"mcpServers": {"s": {"command": "x", "env": {"A_TOKEN": CANARY}}}}
    )
    write(eve, "code/a/.cursor/mcp.json", {"mcpServers": {"t": {"command": "x"}}})
    write(eve, "code/a/.claude/skills/ship/SKILL.md", "x")
    claude, cursor = agents(eve, repositories=[repository])
    assert (claude.name, [s.name for s in claude.mcp_servers], [s.name for s in claude.skills]) == (
        "claude-code",
        ["s"],
        ["ship"],
    )
    assert claude.locations == (eve.path / ".claude", servers, repository / ".claude/skills")
    assert held(claude) == [("a-token", "~/code/a/.mcp.json: mcpServers.s.env.A_TOKEN")]
    assert (cursor.name, [s.name for s in cursor.mcp_servers]) == ("cursor", ["t"])


def test_a_repository_outside_of_every_home_has_agents_too(tmp_path: Path, eve: Home) -> None:
    path = tmp_path / "srv/a/.mcp.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"mcpServers": {"s": {"command": "x"}}}))
    agent = only(eve, repositories=[tmp_path / "srv/a"])
    assert (agent.name, agent.locations) == ("claude-code", (path,))


def test_a_program_for_everybody_is_told_with_those_who_use_it_or_by_itself(
    tmp_path: Path, eve: Home
) -> None:
    package = tmp_path / "usr/lib/node_modules/@openai/codex"
    package.mkdir(parents=True)
    (package / "package.json").write_text('{"name": "@openai/codex", "version": "0.46.0"}')
    alone = only(eve, system=tmp_path)
    assert (alone.name, alone.version, alone.locations) == ("codex", "0.46.0", (package,))
    write(eve, ".codex/config.toml", "")
    used = only(eve, system=tmp_path)
    assert (used.name, used.version, used.locations) == ("codex", "0.46.0", (eve.path / ".codex", package))


def test_each_home_has_its_own_agents(tmp_path: Path, eve: Home) -> None:
    (tmp_path / "bob").mkdir()
    bob = Home(path=tmp_path / "bob", system=System.LINUX)
    for home, key in ((eve, "A_TOKEN"), (bob, "B_TOKEN")):
        write(home, ".cursor/mcp.json", {"mcpServers": {"s": {"command": "x", "env": {key: CANARY}}}})
    assert [held(agent) for agent in agents(eve, bob)] == [
        [("a-token", "~/.cursor/mcp.json: mcpServers.s.env.A_TOKEN")],
        [("b-token", "~/.cursor/mcp.json: mcpServers.s.env.B_TOKEN")],
    ]


def test_a_repository_and_a_package_belong_to_the_innermost_home_around_them(
    tmp_path: Path, eve: Home
) -> None:
    outer = Home(path=tmp_path, system=System.LINUX)
    bob = Home(path=tmp_path / "bob", system=System.LINUX)
    write(bob, "a/.mcp.json", {"mcpServers": {"s": {"command": "x"}}})
    package = {"name": "@anthropic-ai/claude-code", "version": "2.0.1"}
    write(bob, "a/node_modules/@anthropic-ai/claude-code/package.json", package)
    write(eve, ".claude/settings.json", {})
    write(outer, ".claude/settings.json", {})
    found = agents(
        *(outer, eve, bob), repositories=[bob.path / "a"], node_modules=[bob.path / "a/node_modules"]
    )
    assert [(agent.version, [server.name for server in agent.mcp_servers]) for agent in found] == [
        (None, []),
        (None, []),
        ("2.0.1", ["s"]),
    ]


def test_a_database_that_holds_secrets_is_said_to_be_unopened(eve: Home) -> None:
    state = write(eve, ".config/Cursor/User/globalStorage/state.vscdb", CANARY)
    found = list(find_agents([eve]))
    assert found[0] == Skipped(
        kind="credential", subject=str(state), reason="may hold secrets in a form that is not opened"
    )
    assert isinstance(found[1], Agent)
    assert CANARY not in repr(found)


def test_every_agent_has_a_name_of_its_own() -> None:
    assert len({kind.name for kind in AGENTS}) == len(AGENTS)
