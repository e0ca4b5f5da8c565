"""Agents, with the tools they may call and the secrets they hold."""

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from ringfence.cli.console import safe
from ringfence.cli.tables.section import section
from ringfence.core.machine import Agent, McpServer

__all__ = ["agents_table"]

_SHOWN = 4


def agents_table(agents: Sequence[Agent]) -> RenderableType:
    """One row an agent, then its tool servers, skills and credentials."""
    table = section("Agents", str(len(agents)))
    for agent in agents:
        table.add_row(safe(f"  {agent.name}"), safe(agent.version or ""), "")
        for what, lines in _parts(agent):
            for line in lines[:_SHOWN]:
                table.add_row("", Text(what, "yellow" if what == "credential" else "dim"), safe(line))
            if len(lines) > _SHOWN:
                table.add_row("", Text(what, "dim"), Text(f"and {len(lines) - _SHOWN} more", "dim"))
    return table


def _parts(agent: Agent) -> Iterator[tuple[str, list[str]]]:
    yield "tools", [f"{server.name}: {_reached(server)}" for server in agent.mcp_servers]
    yield "skill", [skill.name for skill in agent.skills]
    yield "credential", [f"{each.kind} in {each.location}" for each in agent.credentials]


def _reached(server: McpServer) -> str:
    return server.url or " ".join(server.command)
