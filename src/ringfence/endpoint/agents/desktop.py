"""Agents that live in an editor or a window of their own.

Source: each product's documentation and code, September 2026. VS Code's kin share its folders: extensions lie
in `~/.vscode/extensions/publisher.name-version`, their state in `User/globalStorage/publisher.name`.
"""

from ringfence.endpoint.agents.kind import AgentKind, Document, Syntax

__all__ = ["DESKTOP_AGENTS", "EXTENSION_FOLDERS"]

_MCP = ("mcpServers",)

EXTENSION_FOLDERS = tuple(
    f"~/.{editor}/extensions"
    for editor in (
        *("vscode", "vscode-insiders", "vscode-oss", "vscodium", "vscode-server", "vscode-server-insiders"),
        *("cursor", "cursor-server", "windsurf", "windsurf-server", "antigravity", "kiro"),
    )
)
"""Places where VS Code and its kin keep extensions."""

_USER = (
    *(f"config:{editor}/User" for editor in ("Code", "Code - Insiders", "VSCodium", "Cursor", "Windsurf")),
    "~/.vscode-server/data/User",
)


def _storage(extension: str) -> tuple[str, ...]:
    return tuple(f"{user}/globalStorage/{extension}" for user in _USER)


_CLAUDE_DESKTOP = AgentKind(
    name="claude-desktop",
    roots=("config:Claude",),
    documents=(
        Document(path="claude_desktop_config.json", servers=_MCP),
        Document(path="Claude Extensions/*/manifest.json", servers=("server",)),
        Document(path="config.json"),
    ),
)

_CURSOR = AgentKind(
    name="cursor",
    roots=("~/.cursor", "config:Cursor", "xdg-config:cursor"),
    documents=(
        Document(path="~/.cursor/mcp.json", servers=_MCP),
        Document(path="~/.cursor/cli-config.json"),
        Document(path="xdg-config:cursor/auth.json", auth_file=True),
        Document(path="config:Cursor/User/globalStorage/state.vscdb", syntax=Syntax.CLOSED),
    ),
    skills=("~/.cursor/skills", "~/.cursor/skills-cursor"),
    programs=("~/.local/share/cursor-agent/versions/*",),
    project=(Document(path=".cursor/mcp.json", servers=_MCP),),
    project_skills=(".cursor/skills",),
)

_COPILOT = AgentKind(
    name="github-copilot",
    roots=("xdg-config:github-copilot", "data:github-copilot"),
    documents=(
        Document(path="hosts.json", auth_file=True),
        Document(path="apps.json", auth_file=True),
        *(Document(path=f"{user}/mcp.json", servers=("servers",), shared=True) for user in _USER),
        *(Document(path=f"{user}/settings.json", servers=("mcp/servers",), shared=True) for user in _USER),
    ),
    extensions=("github.copilot-chat", "github.copilot"),
    project=(Document(path=".vscode/mcp.json", servers=("servers",)),),
)

_WINDSURF = AgentKind(
    name="windsurf",
    roots=("~/.codeium/windsurf", "~/.codeium/windsurf-next", "config:Windsurf"),
    documents=(
        Document(path="mcp_config.json", servers=_MCP),
        Document(path="config:Windsurf/User/globalStorage/state.vscdb", syntax=Syntax.CLOSED),
    ),
    skills=("skills",),
    project_skills=(".windsurf/skills",),
)

_ANTIGRAVITY = AgentKind(
    name="antigravity",
    roots=("~/.gemini/antigravity", "config:Antigravity"),
    documents=(
        Document(path="~/.gemini/antigravity/mcp_config.json", servers=_MCP),
        Document(path="~/.gemini/config/mcp_config.json", servers=_MCP),
        Document(path="config:Antigravity/User/globalStorage/state.vscdb", syntax=Syntax.CLOSED),
    ),
    skills=("~/.gemini/antigravity/skills",),
)

_KIRO = AgentKind(
    name="kiro",
    roots=("~/.kiro", "config:Kiro"),
    documents=(
        Document(path="~/.kiro/settings/mcp.json", servers=_MCP),
        Document(path="~/.kiro/agents/*.json", servers=_MCP),
    ),
    skills=("~/.kiro/skills",),
    project=(Document(path=".kiro/settings/mcp.json", servers=_MCP),),
)

_ZED = AgentKind(
    name="zed",
    roots=("xdg-config:zed", "config:Zed"),
    documents=(Document(path="settings.json", servers=("context_servers",)),),
    project=(Document(path=".zed/settings.json", servers=("context_servers",), shared=True),),
)

_CLINE = AgentKind(
    name="cline",
    roots=(*_storage("saoudrizwan.claude-dev"), "~/.cline"),
    documents=(
        Document(path="settings/cline_mcp_settings.json", servers=_MCP),
        Document(path="data/settings/cline_mcp_settings.json", servers=_MCP),
        Document(path="data/secrets.json", auth_file=True),
    ),
    skills=("skills", "data/skills"),
    npm=("cline",),
    extensions=("saoudrizwan.claude-dev",),
    project_skills=(".cline/skills",),
)

_ROO = AgentKind(
    name="roo-code",
    roots=(*_storage("rooveterinaryinc.roo-cline"), "~/.roo"),
    documents=(Document(path="settings/mcp_settings.json", servers=_MCP),),
    skills=("~/.roo/skills",),
    extensions=("rooveterinaryinc.roo-cline",),
    project=(Document(path=".roo/mcp.json", servers=_MCP),),
    project_skills=(".roo/skills",),
)

_KILO = AgentKind(
    name="kilo-code",
    roots=(*_storage("kilocode.kilo-code"), "~/.kilocode"),
    documents=(Document(path="settings/mcp_settings.json", servers=_MCP),),
    skills=("~/.kilocode/skills",),
    npm=("@kilocode/cli",),
    extensions=("kilocode.kilo-code",),
    project=(Document(path=".kilocode/mcp.json", servers=_MCP),),
)

_CONTINUE = AgentKind(
    name="continue",
    roots=("$CONTINUE_GLOBAL_DIR", "~/.continue"),
    documents=(
        Document(path="config.yaml", syntax=Syntax.YAML, servers=_MCP),
        Document(path="config.json", servers=("mcpServers", "experimental/modelContextProtocolServers")),
        Document(path="mcpServers/*.yaml", syntax=Syntax.YAML, servers=_MCP),
        Document(path="mcpServers/*.json", servers=("mcpServers", "")),
        Document(path="auth.json", auth_file=True),
        Document(path=".env", syntax=Syntax.TEXT),
    ),
    npm=("@continuedev/cli",),
    extensions=("continue.continue",),
    project=(
        Document(path=".continue/mcpServers/*.yaml", syntax=Syntax.YAML, servers=_MCP),
        Document(path=".continue/mcpServers/*.json", servers=("mcpServers", "")),
    ),
)

DESKTOP_AGENTS = (
    _CLAUDE_DESKTOP,
    _CURSOR,
    _COPILOT,
    _WINDSURF,
    _ANTIGRAVITY,
    _KIRO,
    _ZED,
    _CLINE,
    _ROO,
    _KILO,
    _CONTINUE,
)
