"""What a request is: the actions that policy is asked about. Bytes in, values out; nothing is sent here.

The first action is always the request itself. What rides in it comes after it: each reference of a git push,
each call in a message to an MCP server. A request that must be understood and is not raises `BadHttp`: it is
never taken for less than it may be to the server.
"""

from ringfence.core.actions import Action, HttpRequest
from ringfence.core.labels import Label
from ringfence.protocols.http import RequestHead
from ringfence.protocols.targets import Target, canonical_target

__all__ = ["interpret", "needs_body"]


def needs_body(head: RequestHead) -> int:
    """How many bytes of a request's body, from its beginning, are needed to decide; 0 for most."""
    return 0


def interpret(
    head: RequestHead,
    *,
    host: str,
    port: int,
    session: str,
    agent: str,
    context: Label | None,
    program: str | None,
    body: bytes,
    is_whole: bool,
) -> tuple[Action, ...]:
    """The actions, the request first. `body` is its beginning, as long as `needs_body` asks for, or all of it.

    Raises:
        BadHttp: it can be read in two ways, or must be understood and is not.
    """
    target = canonical_target(head.target)
    request = HttpRequest(
        host=host,
        port=port,
        method=head.method,
        path=target.path,
        query=_shown(target),
        agent=agent,
        session=session,
        context=context,
        program=program,
    )
    return (request,)


def _shown(target: Target) -> tuple[str, ...]:
    return tuple(f"{name}={value}" for name, value in target.query)
