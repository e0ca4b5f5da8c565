import gzip
import json

import pytest

from ringfence.core.actions import Argument, GitChange, GitUpdate, HttpRequest, ToolCall
from ringfence.core.labels import Integrity, Label
from ringfence.core.limits import LIMITS
from ringfence.protocols.git.pkt_lines import FLUSH, line
from ringfence.protocols.http import BadHttp, Headers, RequestHead
from ringfence.protocols.interpreting import interpret, is_push, needs_body

_LABEL = Label(integrity=Integrity.USER)
_JSON = ("content-type", "application/json")


def _head(method, target, *headers):
    return RequestHead(method=method, target=target, headers=Headers(headers))


def _read(head, body=b"", *, is_whole=True, port=443):
    return interpret(
        head, host="h.example", port=port, session="s", agent="a", context=_LABEL, program="/bin/x",
        body=body, is_whole=is_whole,
    )  # fmt: skip


def _post(document, *headers, target="/mcp", is_whole=True):
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return _read(_head("POST", target, *(headers or (_JSON,))), body, is_whole=is_whole)


def _call(method, params=None, **more):
    return {
        "jsonrpc": "2.0",
        "id": 1,
        "method": method,
        **({} if params is None else {"params": params}),
        **more,
    }


def _tools(document, *headers):
    return [
        (each.tool, {one.name: one.text for one in each.arguments}) for each in _post(document, *headers)[1:]
    ]


def test_a_request_is_its_host_method_path_and_query_in_their_one_spelling():
    assert _read(_head("GET", "/a/./%7eb?q=1%202&r=+")) == (
        HttpRequest(
            host="h.example", port=443, method="GET", path="/a/~b", query=("q=1 2", "r= "), operations=None,
            program="/bin/x", session="s", agent="a", context=_LABEL,
        ),
    )  # fmt: skip


def test_a_call_of_a_tool_comes_with_its_arguments_by_their_paths():
    said = _call(
        "tools/call", {"name": "send", "arguments": {"to": "x", "o": {"n": 1, "l": [1, {"a": 2}]}, "e": {}}}
    )
    request, call = _read(_head("POST", "/v1/mcp", _JSON), json.dumps(said).encode(), port=8443)
    assert isinstance(request, HttpRequest)
    assert call == ToolCall(
        server="h.example:8443/v1/mcp", tool="send", session="s", agent="a", context=_LABEL,
        arguments=(
            Argument(name="e", text="{}", label=_LABEL),
            Argument(name="o.l", text='[1,{"a":2}]', label=_LABEL),
            Argument(name="o.n", text="1", label=_LABEL),
            Argument(name="to", text="x", label=_LABEL),
        ),
    )  # fmt: skip


def test_what_opens_or_lists_is_no_call_and_all_else_is():
    for method in ("initialize", "ping", "tools/list", "resources/list", "notifications/initialized"):
        assert _tools(_call(method)) == []
    assert _tools(_call("resources/read", {"uri": "file:///x"})) == [("resources/read", {"uri": "file:///x"})]
    assert _tools(_call("future/thing")) == [("future/thing", {})]


def test_answers_to_a_server_are_calls_by_their_shape():
    def answer(result):
        return _tools({"jsonrpc": "2.0", "id": 1, "result": result})

    assert answer({}) == []
    assert answer({"action": "accept", "content": {"name": "x"}})[0][0] == "elicitation/create"
    assert (
        answer({"role": "assistant", "content": {"type": "text"}, "model": "m"})[0][0]
        == "sampling/createMessage"
    )
    assert answer({"roots": []})[0][0] == "roots/list"
    assert answer({"other": 1}) == [("answer/unknown", {"other": "1"})]


def test_each_call_of_a_batch_is_told_whatever_its_request_says_of_its_type():
    batch = [_call("ping"), _call("tools/call", {"name": "a"}), _call("tools/call", {"name": "b"})]
    for header in (_JSON, ("content-type", "text/plain"), ("x", "y"), ("mcp-session-id", "1")):
        assert _tools(batch, header) == [("a", {}), ("b", {})]
    packed = gzip.compress(json.dumps(batch).encode())
    assert _tools(packed, _JSON, ("content-encoding", "gzip")) == [("a", {}), ("b", {})]


@pytest.mark.parametrize(
    "body",
    [
        b'{"jsonrpc":"2.0","method":"ping","method":"tools/call","params":{"name":"a"}}',
        b'{"jsonrpc":"2.0","method":"ping","Method":"tools/call"}',
        b'{"JSONRPC":"2.0","METHOD":"tools/call","PARAMS":{"name":"a"}}',
        '{"j\u017fonrpc":"2.0","method":"ping","id":1}'.encode(),
        b'{"jsonrpc":"2.0","method":"tools/call","params":{"name":"a","Name":"b"}}',
        b'{"jsonrpc":"2.0","method":"tools/call","params":{"name":"resources/read"}}',
        b'{"jsonrpc":"2.0","method":"tools/call","params":["a"]}',
        b'{"jsonrpc":"2.0","method":"tools/call"}',
        b'{"jsonrpc":"2.0","method":"tools/call","params":{"name":"a","arguments":{"b.c":1,"b":{"c":2}}}}',
        b'{"jsonrpc":"1.0","method":"ping","id":1}',
        b'{"method":"ping","id":1}',
        b'{"jsonrpc":"2.0","method":"shell","id":1}',
        b'{"jsonrpc":"2.0","method":"ping","result":{}}',
        b'[[{"jsonrpc":"2.0","method":"ping"}]]',
        b'[{"jsonrpc":"2.0","method":"ping"},1]',
        b'{"jsonrpc":"2.0","method":"ping","id":NaN}',
        b'\xef\xbb\xbf{"jsonrpc":"2.0","method":"ping"}',
        '{"jsonrpc":"2.0","method":"ping"}'.encode("utf-16"),
        '{"jsonrpc":"2.0","method":"ping"}'.encode("utf-16-le"),
        b'{"jsonrpc":"2.0","method":"ping"} {}',
        b"{" * 100_000,
        json.dumps([_call("ping")] * 101).encode(),
    ],
)
def test_what_others_may_read_otherwise_is_refused(body):
    with pytest.raises(BadHttp):
        _post(body)


def test_no_other_character_set_no_other_method_header_and_no_broken_coding_passes():
    for header in (
        ("content-type", "application/json; charset=utf-16"),
        ("content-type", "application/json; charset=utf-7"),
        ("content-encoding", "gzip"),
        ("content-encoding", "gzip, gzip"),
        ("mcp-method", "tools/list"),
    ):
        with pytest.raises(BadHttp):
            _post(_call("ping"), *(dict([_JSON]) | dict([header])).items())


def test_json_that_is_no_message_is_the_request_alone():
    for document in (
        {"model": "m", "messages": [{"role": "user", "content": "jsonrpc"}]},
        [1],
        "x",
        None,
        {},
    ):
        assert len(_post(document, target="/v1/messages")) == 1
    assert len(_post(b"", target="/v1/messages")) == 1


def test_a_long_body_passes_unless_it_says_that_it_must_be_understood():
    head = _head("POST", "/v1/messages", _JSON)
    size = needs_body(head)
    assert size == LIMITS.app_body_bytes
    long = b'{"model":"m","image":"' + b"A" * size
    assert len(_read(head, long[:size], is_whole=False)) == 1
    for bad in (b'{"jsonrpc":"2.0","pad":"' + long, b'{"a":1,"Params":[' + long, b"[" + long):
        with pytest.raises(BadHttp):
            _read(head, bad[:size], is_whole=False)
    for other in (
        _head("POST", "/mcp", _JSON, ("mcp-protocol-version", "1")),
        _head("POST", "/graphql", _JSON),
    ):
        with pytest.raises(BadHttp):
            _read(other, long[:size], is_whole=False)


def test_bodies_of_other_types_are_not_asked_for():
    for kind in ("multipart/form-data", "application/octet-stream", "application/grpc", "image/png"):
        assert needs_body(_head("POST", "/a", ("content-type", kind))) == 0
    assert needs_body(_head("GET", "/a", _JSON)) == 0
    assert (
        needs_body(_head("POST", "/o/r.git/git-upload-pack", ("content-type", "application/x-git-upload")))
        == 0
    )
    assert needs_body(_head("POST", "/o/r/git-receive-pack")) == LIMITS.app_push_bytes


def _operations(method, target, body=b"", *headers):
    return _read(_head(method, target, *(headers or (_JSON,))), body)[0].operations


def test_graphql_is_read_where_it_stands_in_json_forms_addresses_or_alone():
    text = "mutation{addStar{id}}"
    found = ("mutation.addStar",)
    assert _operations("POST", "/graphql", json.dumps({"query": text}).encode()) == found
    assert _operations("POST", "/api", json.dumps([{"query": text}]).encode()) == found
    assert _operations("POST", "/x", text.encode(), ("content-type", "application/graphql")) == found
    assert _operations("GET", "/graphql?query=mutation%7BaddStar%7Bid%7D%7D") == found
    form = ("content-type", "application/x-www-form-urlencoded")
    assert _operations("POST", "/graphql", b"query=mutation%7BaddStar%7Bid%7D%7D", form) == found
    both = _operations("POST", "/graphql?query=%7Ba%7D", json.dumps({"query": text}).encode())
    assert both == ("mutation.addStar", "query.a")


def test_a_query_known_by_its_digest_or_no_query_has_no_operations():
    digest = {"extensions": {"persistedQuery": {"sha256Hash": "00"}}}
    assert _operations("POST", "/graphql", json.dumps(digest).encode()) is None
    assert _operations("POST", "/graphql", json.dumps([digest, {"query": "{a}"}]).encode()) is None
    assert _operations("GET", "/graphql?extensions=%7B%7D") is None
    assert _operations("GET", "/search?query=what+is+it") is None
    assert _operations("POST", "/search", b'{"query":"what is it"}') is None


@pytest.mark.parametrize(
    ("body", "header"),
    [
        (b'{"query":"what is it"}', _JSON),
        (b'{"Query":"{a}"}', _JSON),
        (b'{"query":"{a}","QUERY":"mutation{b}"}', _JSON),
        (b"[]", _JSON),
        (b"[1]", _JSON),
        (b"--x", ("content-type", "multipart/form-data; boundary=x")),
        (b"query{a", ("content-type", "application/graphql")),
    ],
)
def test_what_is_no_graphql_at_its_address_is_refused(body, header):
    with pytest.raises(BadHttp):
        _read(_head("POST", "/graphql", header), body)


def test_a_push_is_the_request_and_each_reference():
    head = _head(
        "POST", "/org/repo.git/git-receive-pack", ("content-type", "application/x-git-receive-pack-request")
    )
    body = line(b"0" * 40 + b" " + b"1" * 40 + b" refs/heads/main\0report-status") + FLUSH
    assert is_push(head)
    assert _read(head, body, is_whole=False)[1:] == (
        GitUpdate(
            repository="/org/repo", ref="refs/heads/main", change=GitChange.CREATE,
            host="h.example", port=443,
            force=False, program="/bin/x", session="s", agent="a", context=_LABEL,
        ),
    )  # fmt: skip
    assert len(_read(_head("GET", "/org/repo.git/info/refs?service=git-receive-pack"))) == 1
    with pytest.raises(BadHttp):
        _read(head, b"nothing of the kind")
