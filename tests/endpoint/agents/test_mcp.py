"""MCP servers in the shapes that the agents' own documentation shows."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.core.machine import McpServer
from ringfence.endpoint.agents.mcp import servers_in

FILE = Path("/home/eve/settings.json")
CANARY = "canary0123456789"


def server(name: str, *command: str, url: str | None = None, transport: str = "stdio") -> McpServer:
    return McpServer(name=name, transport=transport, command=command, url=url, configured_in=FILE)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"command": "npx", "args": ["-y", "x"]}, server("a", "npx", "-y", "x")),  # most
        ({"type": "local", "command": ["npx", "x"]}, server("a", "npx", "x")),  # OpenCode
        ({"command": {"path": "npx", "args": ["x"]}}, server("a", "npx", "x")),  # Zed, older
        ({"type": "stdio", "cmd": "npx", "args": ["x"]}, server("a", "npx", "x")),  # Goose
        (
            {"transport": {"type": "stdio", "command": "npx", "args": ["x"]}},  # Continue, older
            server("a", "npx", "x"),
        ),
        ({"type": "http", "url": "https://h/mcp"}, server("a", url="https://h/mcp", transport="http")),
        ({"type": "sse", "url": "https://h/x"}, server("a", url="https://h/x", transport="sse")),
        ({"url": "https://h/sse"}, server("a", url="https://h/sse", transport="sse")),
        (
            {"type": "streamable-http", "url": "https://h/sse"},
            server("a", url="https://h/sse", transport="http"),
        ),
        ({"httpUrl": "https://h/mcp"}, server("a", url="https://h/mcp", transport="http")),  # Gemini
        ({"serverUrl": "https://h/mcp"}, server("a", url="https://h/mcp", transport="http")),  # Windsurf
        (
            {"type": "streamable_http", "uri": "https://h/"},
            server("a", url="https://h/", transport="http"),
        ),  # Goose
        (
            {"type": "remote", "url": "https://h/"},
            server("a", url="https://h/", transport="http"),
        ),  # OpenCode
        (
            {"url": f"https://eve:{CANARY}@h/mcp?key={CANARY}#{CANARY}"},
            server("a", url="https://h/mcp", transport="http"),
        ),
        (
            {"command": "npx", "args": ["--api-key", CANARY, f"--token={CANARY}"]},
            server("a", "npx", "--api-key", "[cut]", "--token=[cut]"),
        ),
    ],
)
def test_every_spelling_is_one_server(spec: dict[str, object], expected: McpServer) -> None:
    assert list(servers_in({"mcpServers": {"a": spec}}, "mcpServers", configured_in=FILE)) == [expected]


def test_servers_stand_in_lists_below_any_key_and_at_the_top() -> None:
    spec = {"name": "b", "command": "x"}
    assert list(servers_in({"s": [spec, {"command": "y"}]}, "s", configured_in=FILE)) == [
        server("b", "x"),
        server("", "y"),
    ]
    projects = {"projects": {"/p": {"mcpServers": {"b": spec}}, "/q": {}, "/r": None}}
    assert list(servers_in(projects, "projects/*/mcpServers", configured_in=FILE)) == [server("b", "x")]
    assert list(servers_in({"b": spec}, "", configured_in=FILE)) == [server("b", "x")]


@pytest.mark.parametrize(
    "spec",
    [None, 1, "x", [], {}, {"command": 1}, {"command": []}, {"args": ["x"]}, {"url": 1}, {"type": "builtin"}],
)
def test_what_has_neither_command_nor_address_is_no_server(spec: object) -> None:
    assert list(servers_in({"s": {"a": spec}}, "s", configured_in=FILE)) == []


KEYS = st.sampled_from(
    ["command", "args", "url", "transport", "type", "name", "path", "env", "mcp_config", "s", "x"]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=25,
)


@given(ANYTHING, st.sampled_from(["", "s", "s/*/x", "*"]))
def test_any_document_is_servers_or_nothing(document: object, way: str) -> None:
    for found in servers_in(document, way, configured_in=FILE):
        assert isinstance(found.name, str)
        assert all(isinstance(part, str) for part in found.command)
        assert (found.url is None) == bool(found.command)
        assert found.transport in ("stdio", "http", "sse")
