"""JSON-RPC 2.0 messages as lines, each with its id: read strictly, and written so that there is one reading.

What is written is never what was read: only known members, no blanks, ASCII alone. So no line ends earlier
for a reader that takes another character for its end, and no member is there that only some readers know.

Source: the JSON-RPC 2.0 specification; RFC 8259; RFC 7493 (numbers that all readers have alike).
"""

import json
from collections.abc import Iterator

from ringfence.core.bounded_json import BadJson, Json, parse
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.protocols.http import BadHttp
from ringfence.protocols.json_rpc import Message, messages

__all__ = ["BadLine", "Id", "Said", "error_line", "line_of", "said"]

Id = str | int
_LAST_WHOLE = 2**53 - 1
_OUT = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":"))


class BadLine(BadHttp):
    """No message that all read alike. `id`: of the request that it nearly is, if that is beyond doubt."""

    def __init__(self, what: str, *, id_: Id | None = None) -> None:
        super().__init__(what)
        self.id = id_


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One message. `id` is None of a notification alone."""

    message: Message
    id: Id | None
    parts: dict[str, Json]  # its known members, as they were read

    @property
    def is_error(self) -> bool:
        """Whether it answers that something went wrong."""
        return "error" in self.parts


def said(line: bytes, *, max_bytes: int) -> tuple[Said, ...]:
    """The messages of a line, one or a batch; none of an empty line.

    Raises:
        BadLine: it is something else, or something that some would read otherwise.
    """
    if not line.strip(b" \t\r"):
        return ()
    try:
        document = parse(line, max_bytes=max_bytes)
    except BadJson as error:
        raise BadLine(f"no message in JSON: {error}") from None
    if _depth(document) > LIMITS.rpc_line_depth:
        raise BadLine("a message that is too deep")
    parts = document if isinstance(document, list) else [document]
    try:
        read = messages(document, must_be=True) or ()
        return tuple(_said(each, part) for each, part in zip(read, parts, strict=True))
    except BadHttp as error:
        raise BadLine(str(error), id_=_asked_as(document)) from None


def line_of(parts: dict[str, Json]) -> bytes:
    """The message as a line.

    Raises:
        BadHttp: it holds a number that is none elsewhere.
    """
    try:
        return _OUT.encode(parts).encode("ascii") + b"\n"
    except (ValueError, RecursionError):
        raise BadHttp("a message with a number that is none elsewhere") from None


def error_line(id_: Id | None, code: int, what: str) -> bytes:
    """An answer that says what went wrong; without an id to whoever sent something that has none."""
    return line_of({"jsonrpc": "2.0", "id": id_, "error": {"code": code, "message": what}})


def _said(message: Message, part: Json) -> Said:
    assert isinstance(part, dict)  # else it would not be a message
    known = ("jsonrpc", "id", "method", "params", "result", "error")
    parts = {name: part[name] for name in known if name in part}
    if message.method is not None and "id" not in parts:
        return Said(message=message, id=None, parts=parts)
    id_ = _id(parts.get("id"))
    if id_ is None:
        raise BadHttp("a message whose id is none, or not the same number everywhere")
    return Said(message=message, id=id_, parts=parts)


def _id(value: Json) -> Id | None:
    if isinstance(value, str):
        return value if 0 < len(value) <= LIMITS.rpc_id_chars and value.isprintable() else None
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LAST_WHOLE:
        return value
    return None


def _asked_as(document: Json) -> Id | None:
    """The id of what is wrong, where it is one request and nothing else."""
    if not isinstance(document, dict) or "result" in document or "error" in document:
        return None
    return _id(document.get("id"))


def _depth(document: Json) -> int:
    level: list[Json] = [document]
    depth = 0
    while level and depth <= LIMITS.rpc_line_depth:
        depth += 1
        level = [inner for each in level for inner in _within(each)]
    return depth


def _within(value: Json) -> Iterator[Json]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value
