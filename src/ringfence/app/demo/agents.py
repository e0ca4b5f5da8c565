"""Agents as they leave themselves in a home: settings, tool servers, skills, and secrets in plain files.

Every secret here says of itself that it is none.
"""

from ringfence.app.demo.entries import Entries, as_json

__all__ = ["agents"]

_NOT_A_SECRET = "demo-not-a-secret-0000"  # noqa: S105 - says what it is
_SKILL = b"""---
name: release-notes
description: Writes release notes from the commits since the last tag.
---

# Release notes

1. Run `scripts/commits.sh`.
2. Group what it prints by the first word of each subject.
"""


def agents() -> Entries:
    """What lies where, relative to the home."""
    return {
        ".claude.json": _claude(),
        ".claude/settings.json": as_json(
            {"model": "sonnet", "permissions": {"allow": ["Bash(npm test)"], "deny": ["Read(.env)"]}}
        ),
        ".claude/.credentials.json": _claude_credentials(),
        ".claude/skills/release-notes/SKILL.md": _SKILL,
        ".claude/skills/release-notes/scripts/commits.sh": b"git log --format=%s v1.0..\n",
        ".codex/config.toml": _CODEX,
        ".codex/auth.json": as_json({"OPENAI_API_KEY": f"sk-{_NOT_A_SECRET}", "tokens": None}),
        ".cursor/mcp.json": as_json(
            {"mcpServers": {"browser": {"url": f"http://127.0.0.1:8931/sse?key={_NOT_A_SECRET}"}}}
        ),
        ".gemini/settings.json": as_json(
            {
                "mcpServers": {"search": {"httpUrl": "https://mcp.example.com/search", "timeout": 5000}},
                "security": {"auth": {"selectedType": "gemini-api-key"}},
            }
        ),
        ".continue/config.yaml": _CONTINUE,
        ".openclaw/openclaw.json": _openclaw(),
    }


def _claude() -> bytes:
    command = {
        "type": "stdio",
        "command": "npx",
        "args": ["-y", "@modelcontextprotocol/server-github"],
        "env": {"GITHUB_PERSONAL_ACCESS_TOKEN": _NOT_A_SECRET},
    }
    return as_json(
        {
            "numStartups": 3,
            "mcpServers": {"github": command},
            "projects": {"/home/demo/code/without-record": {"allowedTools": [], "mcpServers": {}}},
        }
    )


def _claude_credentials() -> bytes:
    oauth = {
        "accessToken": f"sk-ant-{_NOT_A_SECRET}",
        "refreshToken": f"sk-ant-refresh-{_NOT_A_SECRET}",
        "expiresAt": 1_760_028_800_000,
        "scopes": ["user:inference", "user:profile"],
        "subscriptionType": "max",
    }
    return as_json({"claudeAiOauth": oauth})


_CODEX = b"""model = "gpt-5-codex"
approval_policy = "on-request"

[mcp_servers.docs]
command = "npx"
args = ["-y", "docs-server"]
"""

_CONTINUE = b"""name: Demo
version: 1.0.0
schema: v1
models:
  - name: Tiny
    provider: ollama
    model: tiny:latest
    roles: [chat, edit]
mcpServers:
  - name: files
    command: npx
    args: ["-y", "@modelcontextprotocol/server-filesystem", "/home/demo"]
"""


def _openclaw() -> bytes:
    return as_json(
        {
            "gateway": {
                "port": 18789,
                "bind": "loopback",
                "auth": {"mode": "token", "token": _NOT_A_SECRET},
            },
            "agents": {"defaults": {"model": {"primary": "ollama/tiny:latest"}}},
        }
    )
