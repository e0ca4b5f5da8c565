"""MCP servers as agents' settings spell them: one shape here for the dozen there.

`command` is a string, a list or a mapping; the address is called `url`, `httpUrl`, `serverUrl` or `uri`;
servers stand in a mapping by name or in a list with names. What has neither command nor address is no server.
"""

from collections.abc import Iterator
from pathlib import Path

from ringfence.core.bounded_json import Json
from ringfence.core.limits import LIMITS
from ringfence.core.machine import McpServer
from ringfence.core.redaction import redact, redact_url
from ringfence.core.text import clip
from ringfence.endpoint.credentials.secrets import label

__all__ = ["servers_in"]

_ADDRESSES = ("url", "httpUrl", "serverUrl", "uri", "endpoint")
_COMMANDS = ("command", "cmd")
_ARGUMENTS = 100
_HTTP_TYPES = {"http", "https", "remote", "streamablehttp"}


def servers_in(document: Json, way: str, *, configured_in: Path) -> Iterator[McpServer]:
    """The servers at `way`, keys joined by `/`: a name each, `*` for any, "" for the document itself."""
    for container in _at(document, way.split("/") if way else []):
        for name, spec in _named(container):
            server = _server(name, spec, configured_in)
            if server:
                yield server


def _at(value: Json, way: list[str]) -> Iterator[Json]:
    if not way:
        yield value
    elif isinstance(value, dict):
        keys = list(value) if way[0] == "*" else [way[0]]
        for key in keys[: LIMITS.agent_items]:
            if key in value:
                yield from _at(value[key], way[1:])


def _named(container: Json) -> Iterator[tuple[str, dict[str, Json]]]:
    if isinstance(container, dict):
        for name, spec in container.items():
            if isinstance(spec, dict):
                yield name, spec
    elif isinstance(container, list):
        for spec in container:
            if isinstance(spec, dict):
                yield str(spec.get("name") or ""), spec


def _server(name: str, spec: dict[str, Json], configured_in: Path) -> McpServer | None:
    inner = spec.get("transport")
    if isinstance(inner, dict):  # Continue's older settings keep everything below `transport`
        spec = {**spec, **inner}
    command = _command(spec)
    url = next((value for key in _ADDRESSES if isinstance(value := spec.get(key), str) and value), None)
    if not command and not url:
        return None
    if name == "mcp_config":  # a desktop extension: its folder has the name
        name = configured_in.parent.name
    return McpServer(
        name=label(name),
        transport=_transport(spec, url if not command else None),
        command=tuple(clip(part, chars=LIMITS.evidence_chars) for part in redact(command)),
        url=None if command or url is None else clip(redact_url(url), chars=LIMITS.evidence_chars),
        configured_in=configured_in,
    )


def _command(spec: dict[str, Json]) -> list[str]:
    command = next((spec[key] for key in _COMMANDS if spec.get(key)), None)
    arguments = spec.get("args")
    if isinstance(command, dict):  # Zed's older settings
        arguments = command.get("args", arguments)
        command = command.get("path")
    first = [command] if isinstance(command, str) else command
    if not isinstance(first, list) or not first:
        return []
    rest = arguments if isinstance(arguments, list) else []
    return [part for part in (*first, *rest) if isinstance(part, str)][:_ARGUMENTS]


def _transport(spec: dict[str, Json], url: str | None) -> str:
    if url is None:
        return "stdio"
    kind = next((value for key in ("type", "transport") if isinstance(value := spec.get(key), str)), "")
    kind = kind.lower().replace("-", "").replace("_", "")
    if kind == "sse" or (kind not in _HTTP_TYPES and redact_url(url).rstrip("/").endswith("/sse")):
        return "sse"
    return "http"
