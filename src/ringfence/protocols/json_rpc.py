"""JSON-RPC 2.0 messages, read so that no reader takes them for something else.

Some readers compare the names of members without case, take the last of two, or another character set. What
they would read otherwise than it is read here is refused. Source: the JSON-RPC 2.0 specification.
"""

from typing import TypeGuard

from ringfence.core.bounded_json import Json
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.protocols.http import BadHttp

__all__ = ["Message", "is_spelt", "messages"]

_MEMBERS = frozenset({"jsonrpc", "method", "params", "id", "result", "error"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One of them: a request or notification, or the answer to one of the other side's."""

    method: str | None  # None: an answer
    params: dict[str, Json] | list[Json]
    result: Json  # of an answer; None of an error


def messages(document: Json, *, must_be: bool) -> tuple[Message, ...] | None:
    """The messages of a document, one or a batch; None where it is something else.

    Raises:
        BadHttp: it is nearly some, or something else where it `must_be` some.
    """
    parts = document if isinstance(document, list) else [document]
    if not must_be and not any(_looks_like_one(each) for each in parts):
        return None
    if not parts or len(parts) > LIMITS.rpc_messages:
        raise BadHttp("an empty batch of messages, or one of too many")
    return tuple(_message(each) for each in parts)


def is_spelt(document: dict[str, Json], names: frozenset[str]) -> bool:
    """Whether each of its members that some take for one of `names` is written as that."""
    return all(name in names or name.casefold() not in names for name in document)


def _looks_like_one(document: Json) -> TypeGuard[dict[str, Json]]:
    """Also what lenient readers take for one: without a version, in other letters, deeper in lists."""
    if isinstance(document, list):
        return any(isinstance(each, dict | list) and _looks_like_one(each) for each in document[:1])
    if not isinstance(document, dict):
        return False
    names = {name.casefold() for name in document}
    return "jsonrpc" in names or ("method" in names and not names.isdisjoint({"params", "id"}))


def _message(document: Json) -> Message:
    if not isinstance(document, dict) or not is_spelt(document, _MEMBERS):
        raise BadHttp("a message that is none of JSON-RPC, or that some read otherwise")
    if document.get("jsonrpc") != "2.0":
        raise BadHttp("a message of another version of JSON-RPC")
    if "method" not in document:
        if ("result" in document) == ("error" in document) or "params" in document:
            raise BadHttp("a message that neither asks nor answers")
        return Message(method=None, params={}, result=document.get("result"))
    method, params = document["method"], document.get("params", {})
    if not isinstance(method, str) or "result" in document or "error" in document:
        raise BadHttp("a message that asks and answers")
    if not isinstance(params, dict | list):
        raise BadHttp("a message whose params are none")
    return Message(method=method, params=params, result=None)
