"""Calls of tools that look like something else. Each is taken for a call by readers as they are in use."""

import json

import pytest

from ringfence.core.actions import ToolCall
from ringfence.core.limits import LIMITS
from ringfence.protocols.http import BadHttp, Headers, RequestHead
from ringfence.protocols.interpreting import interpret, needs_body

_JSON = ("content-type", "application/json")
_CALL = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "drop", "arguments": {"all": True}},
}


def _is_caught(body: bytes, *headers: tuple[str, str], method: str = "POST") -> bool:
    """Refused, or told as a call of the tool."""
    head = RequestHead(method=method, target="/mcp", headers=Headers(headers))
    size = needs_body(head)
    try:
        made = interpret(
            head, host="h", port=443, session="s", agent="a", context=None, program=None,
            body=body[:size], is_whole=len(body) <= size,
        )  # fmt: skip
    except BadHttp:
        return True
    return any(isinstance(each, ToolCall) and each.tool == "drop" for each in made)


def _in_any_case(text: bytes) -> dict:
    """As readers do that compare names without case and take the last one."""
    return {name.casefold(): value for name, value in json.loads(text).items()}


def test_a_call_behind_another_method_of_the_same_name():
    body = b'{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call","params":{"name":"drop"}}'
    assert json.loads(body)["method"] == "tools/call"
    assert _is_caught(body, _JSON)


def test_a_call_behind_a_method_in_other_letters():
    body = b'{"jsonrpc":"2.0","method":"ping","METHOD":"tools/call","params":{"name":"drop"}}'
    assert _in_any_case(body)["method"] == "tools/call"
    assert _is_caught(body, _JSON)


def test_a_tool_behind_another_one_in_other_letters():
    body = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read","NAME":"drop"}}'
    assert _in_any_case(json.dumps(json.loads(body)["params"]).encode())["name"] == "drop"
    assert _is_caught(body, _JSON)


@pytest.mark.parametrize("coding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-16", "text/plain"])
def test_a_call_in_other_characters(coding, kind):
    body = json.dumps(_CALL).encode(coding)
    assert json.loads(body.decode(coding)) == _CALL
    assert _is_caught(body, ("content-type", kind))


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("content-type", "text/plain")],
        [("mcp-session-id", "1")],
        [("content-type", "application/x-www-form-urlencoded")],
        [("content-type", "image/png"), ("mcp-protocol-version", "1")],
    ],
)
def test_a_call_that_says_to_be_something_else(headers):
    assert _is_caught(json.dumps(_CALL).encode(), *headers)


def test_a_call_behind_more_blanks_or_members_than_are_read():
    text = json.dumps(_CALL)
    assert json.loads(" " * 1000 + text) == _CALL
    assert _is_caught((" " * 1000 + text).encode(), ("content-type", "text/plain"))
    padded = '{"params":{"name":"drop"},"pad":"' + "x" * LIMITS.app_body_bytes + '",' + text[1:-1] + "}"
    assert _is_caught(padded.encode(), _JSON)
    assert _is_caught((" " * LIMITS.app_body_bytes + text).encode(), _JSON)


def test_a_call_within_a_batch_or_a_batch_within_a_batch():
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    assert _is_caught(json.dumps([ping, _CALL]).encode(), _JSON)
    assert _is_caught(json.dumps([ping, [_CALL]]).encode(), _JSON)
    assert _is_caught(json.dumps([[[_CALL]]]).encode(), _JSON)


def test_a_tool_that_is_called_like_a_method_or_a_pattern():
    for name in ("tools/list", "read\n", "dro\u0440", "*", "", "a" * 200):
        body = json.dumps({**_CALL, "params": {"name": name}}).encode()
        with pytest.raises(BadHttp):
            interpret(
                RequestHead(method="POST", target="/mcp", headers=Headers((_JSON,))),
                host="h", port=443, session="s", agent="a", context=None, program=None,
                body=body, is_whole=True,
            )  # fmt: skip


def test_a_call_of_whose_body_less_is_shown_than_is_there():
    for shown in (b"", b"{", b'{"a":1'):
        with pytest.raises(BadHttp):
            interpret(
                RequestHead(method="POST", target="/mcp", headers=Headers((_JSON,))),
                host="h", port=443, session="s", agent="a", context=None, program=None,
                body=shown, is_whole=False,
            )  # fmt: skip
