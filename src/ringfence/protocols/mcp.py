"""The Model Context Protocol: which calls a message makes, and which tools an answer may show.

Whatever acts is a call: of a tool by its name, of everything else by the method's name, which has a slash, so
that no tool can be called like it. What opens, keeps or describes a session is not.
Answers to what a server asked are calls too, told by their shape: they carry what a person or model said.

Source: the MCP specification, 2025-06-18 (base protocol, tools, resources, prompts, sampling, elicitation).
"""

from collections.abc import Callable, Iterator

import rfc8785

from ringfence.core.actions import Argument
from ringfence.core.bounded_json import BadJson, Json, parse
from ringfence.core.dataclass import dataclass
from ringfence.core.labels import Integrity, Label
from ringfence.core.limits import LIMITS
from ringfence.protocols.http import BadHttp, Headers
from ringfence.protocols.json_rpc import Message, is_spelt

__all__ = ["Call", "allowed_tools", "answered", "call_of", "calls", "is_method", "is_tool", "speaks_mcp"]

_TOLD = frozenset(
    {
        *("initialize", "ping", "tools/list", "resources/list", "resources/templates/list", "prompts/list"),
        "logging/setLevel",
    }
)
_CALL = frozenset({"name", "arguments"})
_ANSWERS = {
    "action": "elicitation/create",
    "content": "sampling/createMessage",
    "role": "sampling/createMessage",
    "roots": "roots/list",
}
_UNTRUSTED = Label(integrity=Integrity.UNTRUSTED)
_NAME_CHARS = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What is called on a server."""

    tool: str  # a method where it has a slash
    arguments: tuple[Argument, ...]


def speaks_mcp(headers: Headers) -> bool:
    """Whether a request says that it is one of MCP."""
    return headers.once(_speaks_mcp)


def _speaks_mcp(headers: Headers) -> bool:
    return any(name.lower().startswith("mcp-") for name, _ in headers)


def calls(said: tuple[Message, ...], headers: Headers, context: Label | None) -> Iterator[Call]:
    """The calls of a request's messages.

    Raises:
        BadHttp: one of them has no tool, or one that could be taken for something else.
    """
    named = headers.one("mcp-method")
    for each in said:
        if named is not None and each.method != named:
            raise BadHttp("a message of another method than its header says")
        call = call_of(each, context or _UNTRUSTED)
        if call is not None:
            yield call


def allowed_tools(message: bytes, may: Callable[[str], bool]) -> bytes:
    """An answer of a server, with those tools alone in its `result.tools` that may be called.

    What is no such answer comes back as it is.

    Raises:
        BadHttp: it is no JSON that all read in the same way.
    """
    document = _parsed(message)
    result = document.get("result") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(result, dict) or "tools" not in result:
        return message
    tools = result["tools"]
    if not isinstance(tools, list):
        raise BadHttp("a list of tools that is none")
    kept: list[Json] = [each for each in tools if isinstance(each, dict) and may(str(each.get("name")))]
    if len(kept) == len(tools):
        return message
    return _written({**document, "result": {**result, "tools": kept}})


def call_of(message: Message, label: Label) -> Call | None:
    """What a message of a client calls; None where it acts on nothing. `label`: of all that it says.

    Raises:
        BadHttp: it has no tool, or one that could be taken for something else.
    """
    if message.method is None:
        return answered(message.result, label)
    if message.method in _TOLD or message.method.startswith("notifications/"):
        return None
    params = message.params
    if message.method != "tools/call":
        if not is_method(message.method):
            raise BadHttp("a method that is none of MCP")
        return Call(tool=message.method, arguments=_arguments(params, label))
    if not isinstance(params, dict) or not is_spelt(params, _CALL):
        raise BadHttp("a call of a tool that some read otherwise")
    name, arguments = params.get("name"), params.get("arguments")
    if not isinstance(name, str) or not is_tool(name):
        raise BadHttp("a call of a tool whose name is none")
    if arguments is not None and not isinstance(arguments, dict):
        raise BadHttp("a call of a tool whose arguments are none")
    return Call(tool=name, arguments=_arguments(arguments or {}, label))


def answered(result: Json, label: Label, *, method: str | None = None) -> Call | None:
    """What a client's answer tells its server; `method` is what was asked, where that is known.

    An error says what went wrong, and an empty object that all is well; neither is a call.

    Raises:
        BadHttp: it says too much.
    """
    if result is None or result == {}:
        return None
    members: dict[str, Json] = result if isinstance(result, dict) else {"result": result}
    by_shape = next((tool for name, tool in _ANSWERS.items() if name in members), "answer/unknown")
    return Call(tool=method or by_shape, arguments=_arguments(dict(members), label))


def is_tool(name: str) -> bool:
    """Whether a tool may be called so: nobody takes it for another one, for a method or for a pattern."""
    return _is_plain(name) and "/" not in name


def is_method(name: str) -> bool:
    """The same of a method that acts."""
    return _is_plain(name) and "/" in name


def _is_plain(name: str) -> bool:
    return (
        0 < len(name) <= _NAME_CHARS and name.isascii() and name.isprintable() and not set(name) & set(" \\*")
    )


def _arguments(params: Json, label: Label) -> tuple[Argument, ...]:
    """Each member, and each member of members, by its path. A list is one value.

    Raises:
        BadHttp: too many, too deep, or two with one path.
    """
    found: dict[str, Argument] = {}
    waiting: list[tuple[tuple[str, ...], Json]] = [((), params)]
    while waiting:
        path, value = waiting.pop()
        if len(path) > LIMITS.rpc_depth or len(found) + len(waiting) > LIMITS.rpc_arguments:
            raise BadHttp("a call with too many arguments")
        if isinstance(value, dict) and (value or not path):
            waiting += (((*path, name), each) for name, each in value.items())
            continue
        name = ".".join(path) or "params"
        if name in found:
            raise BadHttp("a call with two arguments of one name")
        text = value if isinstance(value, str) else _written(value).decode()
        found[name] = Argument(name=name, text=text, label=label)
    return tuple(sorted(found.values(), key=lambda each: each.name))


def _parsed(data: bytes) -> Json:
    try:
        return parse(data)
    except BadJson as error:
        raise BadHttp(f"a message: {error}") from None


def _written(value: Json) -> bytes:
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, RecursionError):
        raise BadHttp("a message with a value that is not read alike everywhere") from None
