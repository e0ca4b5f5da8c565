"""Agents that live in a terminal or as a service.

Source: each product's documentation and code, September 2026; a place that moved is listed with its old ones.
"""

from ringfence.endpoint.agents.kind import AgentKind, Document, Syntax

__all__ = ["TERMINAL_AGENTS"]

_MCP = ("mcpServers",)

_CLAUDE_CODE = AgentKind(
    name="claude-code",
    roots=("$CLAUDE_CONFIG_DIR", "~/.claude"),
    documents=(
        Document(path="~/.claude.json", servers=("mcpServers", "projects/*/mcpServers")),
        Document(path=".claude.json", servers=("mcpServers", "projects/*/mcpServers")),
        Document(path="settings.json"),
        Document(path="settings.local.json"),
        Document(path=".credentials.json", auth_file=True),
        Document(path="plugins/cache/*/*/*/.mcp.json", servers=("mcpServers", "")),
        Document(path="plugins/cache/*/*/*/.claude-plugin/plugin.json", servers=_MCP),
    ),
    skills=("skills", "plugins/cache/*/*/*/skills"),
    programs=("~/.local/share/claude/versions/*", "~/.claude/local/node_modules/.bin/claude"),
    npm=("@anthropic-ai/claude-code",),
    extensions=("anthropic.claude-code",),
    project=(
        Document(path=".mcp.json", servers=_MCP),
        Document(path=".claude/settings.json"),
        Document(path=".claude/settings.local.json"),
    ),
    project_skills=(".claude/skills",),
)

_CODEX = AgentKind(
    name="codex",
    roots=("$CODEX_HOME", "~/.codex"),
    documents=(
        Document(path="config.toml", syntax=Syntax.TOML, servers=("mcp_servers", "profiles/*/mcp_servers")),
        Document(path="auth.json", auth_file=True),
        Document(path=".credentials.json", auth_file=True),
    ),
    skills=("skills", "skills/.system", "~/.agents/skills"),
    npm=("@openai/codex",),
    extensions=("openai.chatgpt",),
    project=(Document(path=".codex/config.toml", syntax=Syntax.TOML, servers=("mcp_servers",)),),
    project_skills=(".codex/skills", ".agents/skills"),
)

_GEMINI = AgentKind(
    name="gemini-cli",
    roots=("~/.gemini",),
    documents=(
        Document(path="settings.json", servers=_MCP),
        Document(path="oauth_creds.json", auth_file=True),
        Document(path="mcp-oauth-tokens.json", auth_file=True),
        Document(path="mcp-oauth-tokens-v2.json", syntax=Syntax.CLOSED),
        Document(path="gemini-credentials.json", syntax=Syntax.CLOSED),
        Document(path=".env", syntax=Syntax.TEXT),
        Document(path="extensions/*/gemini-extension.json", servers=_MCP),
        Document(path="extensions/*/.env", syntax=Syntax.TEXT),
    ),
    skills=("skills", "extensions/*/skills"),
    npm=("@google/gemini-cli",),
    project=(
        Document(path=".gemini/settings.json", servers=_MCP),
        Document(path=".gemini/.env", syntax=Syntax.TEXT),
    ),
    project_skills=(".gemini/skills",),
)

_QWEN = AgentKind(
    name="qwen-code",
    roots=("~/.qwen",),
    documents=(
        Document(path="settings.json", servers=_MCP),
        Document(path="oauth_creds.json", auth_file=True),
        Document(path="mcp-oauth-tokens.json", auth_file=True),
        Document(path=".env", syntax=Syntax.TEXT),
    ),
    skills=("skills",),
    npm=("@qwen-code/qwen-code",),
    project=(Document(path=".qwen/settings.json", servers=_MCP),),
    project_skills=(".qwen/skills",),
)

_OPENCLAW = AgentKind(
    name="openclaw",
    roots=(
        *("$OPENCLAW_STATE_DIR", "$CLAWDBOT_STATE_DIR", "~/.openclaw"),
        *("~/.clawdbot", "~/.moldbot", "~/.moltbot"),  # its earlier names
    ),
    documents=(
        Document(path="$OPENCLAW_CONFIG_PATH", servers=("mcp/servers", "mcpServers")),
        *(
            Document(path=f"{name}.json", servers=("mcp/servers", "mcpServers"))
            for name in ("openclaw", "clawdbot", "moldbot", "moltbot")
        ),
        Document(path="agents/*/agent/auth-profiles.json", auth_file=True),
        Document(path="agents/*/agent/auth.json", auth_file=True),
        Document(path="credentials/*.json", auth_file=True),
        Document(path="credentials/*/*/creds.json", auth_file=True),
        Document(path="identity/device.json", auth_file=True),
        Document(path=".env", syntax=Syntax.TEXT),
    ),
    skills=("skills", "workspace/skills", "extensions/*/skills"),
    npm=("openclaw", "clawdbot", "moltbot"),
)

_COPILOT_CLI = AgentKind(
    name="copilot-cli",
    roots=("$COPILOT_HOME", "~/.copilot"),
    documents=(
        Document(path="mcp-config.json", servers=_MCP),
        Document(path="config.json"),
        Document(path="settings.json"),
    ),
    skills=("skills",),
    npm=("@github/copilot",),
    project_skills=(".github/skills",),
)

_OPENCODE = AgentKind(
    name="opencode",
    roots=("xdg-config:opencode", "xdg-data:opencode"),
    documents=(
        Document(path="$OPENCODE_CONFIG", servers=("mcp/servers", "mcp")),
        Document(path="xdg-config:opencode/opencode.json", servers=("mcp/servers", "mcp")),
        Document(path="xdg-config:opencode/opencode.jsonc", servers=("mcp/servers", "mcp")),
        Document(path="xdg-data:opencode/auth.json", auth_file=True),
        Document(path="xdg-data:opencode/mcp-auth.json", auth_file=True),
    ),
    skills=("xdg-config:opencode/skill", "xdg-config:opencode/skills"),
    programs=("~/.opencode/bin/opencode",),
    npm=("opencode-ai",),
    project=tuple(
        Document(path=path, servers=("mcp/servers", "mcp"))
        for path in ("opencode.json", "opencode.jsonc", ".opencode/opencode.json", ".opencode/opencode.jsonc")
    ),
    project_skills=(".opencode/skill", ".opencode/skills"),
)

_CRUSH = AgentKind(
    name="crush",
    roots=("xdg-config:crush", "xdg-data:crush", "data:crush"),
    documents=(
        Document(path="crush.json", servers=("mcp",)),
        Document(path="crushrc", syntax=Syntax.TEXT),
    ),
    skills=("xdg-config:crush/skills",),
    npm=("@charmland/crush",),
    project=(
        Document(path=".crush.json", servers=("mcp",)),
        Document(path="crush.json", servers=("mcp",)),
    ),
)

_GOOSE = AgentKind(
    name="goose",
    roots=("xdg-config:goose", "config:Block/goose/config"),
    documents=(
        Document(path="config.yaml", syntax=Syntax.YAML, servers=("extensions",)),
        Document(path="secrets.yaml", syntax=Syntax.YAML, auth_file=True),
    ),
    skills=("skills",),
    programs=("~/.local/bin/goose",),
)

_AIDER = AgentKind(
    name="aider",
    roots=("~/.aider",),
    documents=(
        Document(path="~/.aider.conf.yml", syntax=Syntax.YAML),
        Document(path="oauth-keys.env", syntax=Syntax.TEXT),
    ),
    pip=("aider-chat",),
    project=(Document(path=".aider.conf.yml", syntax=Syntax.YAML),),
)

_AMAZON_Q = AgentKind(
    name="amazon-q",
    roots=("~/.aws/amazonq",),
    documents=(
        Document(path="mcp.json", servers=_MCP),
        Document(path="agents/default.json", servers=_MCP),
        Document(path="cli-agents/*.json", servers=_MCP),
        Document(path="data:amazon-q/data.sqlite3", syntax=Syntax.CLOSED),
    ),
    extensions=("amazonwebservices.amazon-q-vscode",),
    project=(Document(path=".amazonq/mcp.json", servers=_MCP),),
)

TERMINAL_AGENTS = (
    _CLAUDE_CODE,
    _CODEX,
    _GEMINI,
    _QWEN,
    _OPENCLAW,
    _COPILOT_CLI,
    _OPENCODE,
    _CRUSH,
    _GOOSE,
    _AIDER,
    _AMAZON_Q,
)
