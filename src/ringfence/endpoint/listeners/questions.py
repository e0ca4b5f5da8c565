"""What to ask a listener next, given what it is by its process and port and has answered so far. Pure.

At most limits.probe_requests paths: the front page, what a process or an answer points to, the common list of
models, what the port points to, and Ollama's list.
"""

from collections.abc import Iterator, Sequence

from ringfence.core.limits import LIMITS
from ringfence.endpoint.listeners.answer import Answer
from ringfence.endpoint.listeners.servers import ANYWHERE, FRONT, MODELS, SERVERS, Server, Sign

__all__ = ["next_path", "server_of_runtime", "signs_seen"]

TELLING = 2


def next_path(answers: Sequence[Answer], *, port: int, runtime: str | None) -> str | None:
    """The path to ask next; None when enough is known or may be asked."""
    if len(answers) >= LIMITS.probe_requests:
        return None
    asked = {answer.path for answer in answers}
    expected = server_of_runtime(runtime)
    known = next((server for server, sign in signs_seen(answers) if sign.rank >= TELLING), None)
    if known and (expected is None or known is expected):
        return known.models if known.models not in asked else None
    return next((path for path in _candidates(answers, port, expected) if path not in asked), None)


def signs_seen(answers: Sequence[Answer]) -> list[tuple[Server, Sign]]:
    """Every server's signs that the answers carry, the most telling first."""
    seen = [
        (server, sign)
        for server in SERVERS
        for sign in server.signs
        if any(sign.path in (answer.path, ANYWHERE) and sign.seen_in(answer) for answer in answers)
    ]
    return sorted(seen, key=lambda pair: -pair[1].rank)


def server_of_runtime(runtime: str | None) -> Server | None:
    """The server that a process of that runtime is expected to be."""
    return next((server for server in SERVERS if runtime is not None and runtime in server.runtimes), None)


def _candidates(answers: Sequence[Answer], port: int, expected: Server | None) -> Iterator[str]:
    if expected:
        yield from _paths(expected)
    yield FRONT
    said = b"\n".join(answer.body.lower() for answer in answers)
    for server in SERVERS:
        if any(hint.encode() in said for hint in server.hints):
            yield from _paths(server)
    yield MODELS
    for server in SERVERS:
        if port in server.ports:
            yield next(_paths(server))
    if not any(server for server, _ in signs_seen(answers)):
        yield from ("/api/tags", "/openapi.json")


def _paths(server: Server) -> Iterator[str]:
    for sign in server.signs:
        yield FRONT if sign.path == ANYWHERE else sign.path
    yield server.models
