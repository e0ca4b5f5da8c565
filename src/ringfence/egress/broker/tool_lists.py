"""What a tool server says that it has, without the tools that no rule lets the session call.

That is a courtesy: it spares an agent calls that would be refused. Each call is judged all the same.

Source: the MCP specification (streamable HTTP); the HTML standard for event streams.
"""

import re
from collections.abc import AsyncIterator, Callable

from ringfence.core.limits import LIMITS
from ringfence.protocols.http import BadHttp
from ringfence.protocols.mcp import allowed_tools

__all__ = ["listed_tools"]

_BLANK = re.compile(rb"(?>\r\n|\n|\r){2}")
_LINE = re.compile(rb"(?>\r\n|\n|\r)")


async def listed_tools(
    pieces: AsyncIterator[bytes], kind: str, may: Callable[[str], bool]
) -> AsyncIterator[bytes]:
    """An answer's body with those tools alone that `may` names. `kind`: its content-type.

    Raises:
        BadHttp: a message cannot be read, or is too long.
    """
    if kind == "application/json":
        body = b""
        async for piece in pieces:
            body = _more(body, piece)
        yield allowed_tools(body, may) if body else b""
        return
    if kind != "text/event-stream":
        async for piece in pieces:
            yield piece
        return
    held = b""
    async for piece in pieces:
        held = _more(held, piece)
        while (end := _BLANK.search(held)) is not None:
            event, held = held[: end.start()], held[end.end() :]
            yield _event(event, may) + b"\n\n"
    if held:
        yield _event(held, may)


def _event(event: bytes, may: Callable[[str], bool]) -> bytes:
    lines = _LINE.split(event)
    data = [each.partition(b":")[2].removeprefix(b" ") for each in lines if each.startswith(b"data:")]
    said = b"\n".join(data)
    if b"tools" not in said:
        return event
    made = allowed_tools(said, may)
    if made == said:
        return event
    return b"\n".join([*(each for each in lines if not each.startswith(b"data:")), b"data: " + made])


def _more(held: bytes, piece: bytes) -> bytes:
    if len(held) + len(piece) > LIMITS.app_push_bytes:
        raise BadHttp("a message of a tool server is too long")
    return held + piece
