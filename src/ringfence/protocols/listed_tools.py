"""The tools that a server says it has: which of them are shown, and whether one is not what it was.

A server may describe a tool otherwise once people have come to trust it, or bring another one along. What it
says of each is remembered by its digest for as long as the conversation lasts.

Source: the MCP specification, 2025-06-18 (tools; list_changed); RFC 8785.
"""

import hashlib
from collections.abc import Callable
from dataclasses import field

import rfc8785

from ringfence.core.bounded_json import Json
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.protocols.http import BadHttp
from ringfence.protocols.mcp import is_tool

__all__ = ["ChangedTool", "ListedTools"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedTool:
    """A tool is described otherwise than before in this conversation."""

    tool: str
    was: str | None  # SHA-256 of its description, hexadecimal; None: it was not there
    now: str


@dataclass(slots=True)
class ListedTools:
    """Those of one conversation."""

    _digests: dict[str, str] = field(default_factory=dict)
    _is_complete: bool = False  # the client has seen all that were there at first

    def digest(self, tool: str) -> str | None:
        """Of what its server said of it last: SHA-256 of the tool as it was listed, in RFC 8785 JSON."""
        return self._digests.get(tool)

    def shown(self, result: Json, may: Callable[[str], bool]) -> tuple[Json, list["ChangedTool | str"]]:
        """The answer with those tools alone that may be called; what has changed, and what is wrong.

        Raises:
            BadHttp: it is no list of tools.
        """
        if not isinstance(result, dict) or not isinstance(tools := result.get("tools"), list):
            raise BadHttp("a list of tools that is none")
        kept: dict[str, Json] = {}
        told: list[ChangedTool | str] = []
        for each in tools:
            name = each.get("name") if isinstance(each, dict) else None
            if not isinstance(name, str) or not is_tool(name):
                told.append("a tool whose name is none")
            elif name in kept:
                told.append("a tool that is listed twice")
            elif may(name):
                self._look(name, each, kept, told)
        self._is_complete = self._is_complete or not result.get("nextCursor")
        return {**result, "tools": list(kept.values())}, told

    def _look(self, name: str, tool: Json, kept: dict[str, Json], told: list["ChangedTool | str"]) -> None:
        try:
            now = hashlib.sha256(rfc8785.dumps(tool)).hexdigest()
        except (rfc8785.CanonicalizationError, UnicodeEncodeError, RecursionError):
            told.append("a tool whose description is not read alike everywhere")
            return
        was = self._digests.get(name)
        if was is None and len(self._digests) >= LIMITS.rpc_tools:
            told.append("too many tools")
            return
        if was != now and (was is not None or self._is_complete):
            told.append(ChangedTool(tool=name, was=was, now=now))
        self._digests[name] = now
        kept[name] = tool
