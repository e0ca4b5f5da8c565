"""What passes between a client and a tool server, by who asked what."""

import json
from collections.abc import Iterable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.core.labels import Integrity, Label
from ringfence.core.limits import LIMITS
from ringfence.protocols.mcp_streams import Conversation, Dropped, Judged, Passed, Side, Step

_LABEL = Label(integrity=Integrity.USER)


def _talk(*, may: bool = True) -> Conversation:
    return Conversation(may=lambda _tool: may)


def _line(**said: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", **said}).encode()


def _steps(steps: Iterable[Step]) -> list[Any]:
    """Each as (to, message), ("judged", tool, arguments) or ("dropped", by, what)."""
    made: list[Any] = []
    for each in steps:
        match each:
            case Passed(to=to, line=line):
                made.append((to, json.loads(line)))
            case Judged(call=call):
                made.append(("judged", call.tool, {one.name: one.text for one in call.arguments}))
            case Dropped(by=by, what=what):
                made.append(("dropped", by, what))
    return made


def _by_client(talk: Conversation, **said: Any) -> list[Any]:
    return _steps(talk.of_client(_line(**said), _LABEL))


def _by_server(talk: Conversation, **said: Any) -> list[Any]:
    return _steps(talk.of_server(_line(**said)))


def test_what_only_describes_passes_and_is_answered_once() -> None:
    talk = _talk()
    asked = {"jsonrpc": "2.0", "id": "a", "method": "resources/list"}
    assert _by_client(talk, id="a", method="resources/list") == [(Side.SERVER, asked)]
    said = {"jsonrpc": "2.0", "id": "a", "result": {"resources": []}}
    assert _by_server(talk, id="a", result={"resources": []}) == [(Side.CLIENT, said)]
    assert _by_server(talk, id="a", result={}) == [
        ("dropped", Side.SERVER, "an answer to what was not asked")
    ]


def test_what_acts_is_judged_and_passes_when_it_is_let() -> None:
    talk = _talk()
    (judged,) = talk.of_client(
        _line(id=1, method="tools/call", params={"name": "read", "arguments": {"path": "x"}}), _LABEL
    )
    assert isinstance(judged, Judged)
    assert _by_server(talk, id=1, result={}) == [("dropped", Side.SERVER, "an answer to what was not asked")]
    passed = talk.let(judged)
    assert passed is not None
    assert (passed.to, json.loads(passed.line)["params"]["arguments"]) == (Side.SERVER, {"path": "x"})
    assert talk.let(judged) is None
    assert len(_by_server(talk, id=1, error={"code": 1, "message": "no"})) == 1


def test_methods_that_act_are_judged_by_their_names() -> None:
    for method in ("resources/read", "prompts/get", "completion/complete", "resources/subscribe"):
        assert _by_client(_talk(), id=1, method=method, params={"uri": "file:///x"}) == [
            ("judged", method, {"uri": "file:///x"})
        ]


def test_who_is_refused_is_told_why_under_the_same_id() -> None:
    talk = _talk()
    (judged,) = talk.of_client(_line(id="7", method="tools/call", params={"name": "read"}), _LABEL)
    assert isinstance(judged, Judged)
    error = {"code": -32003, "message": "no rule for it"}
    told = (Side.CLIENT, {"jsonrpc": "2.0", "id": "7", "error": error})
    assert _steps(talk.refuse(judged, "no rule for it")) == [told]
    assert _steps(talk.refuse(judged, "no rule for it")) == []
    (silent,) = talk.of_client(_line(method="tools/call", params={"name": "read"}), _LABEL)
    assert isinstance(silent, Judged)
    assert _steps(talk.refuse(silent, "no rule for it")) == []


def test_a_method_that_is_none_or_looks_like_one_is_refused_at_once() -> None:
    for method in ("shutdown", "tools/c\u0430ll", "tools/call\u200b", "a/" + "b" * 200, "tools/*"):
        dropped, (to, told) = _by_client(_talk(), id=1, method=method)
        assert dropped == ("dropped", Side.CLIENT, "a method that is none of MCP")
        assert (to, told["id"], told["error"]["code"]) == (Side.CLIENT, 1, -32600)


def test_a_request_is_withdrawn_before_and_after_it_was_let() -> None:
    talk = _talk()
    (judged,) = talk.of_client(_line(id=1, method="tools/call", params={"name": "read"}), _LABEL)
    assert isinstance(judged, Judged)
    cancelled = {"method": "notifications/cancelled", "params": {"requestId": 1}}
    assert _by_client(talk, **cancelled) == []
    assert not talk.is_wanted(judged)
    assert talk.let(judged) is None
    _by_client(talk, id=1, method="tools/list")
    assert _by_client(talk, **cancelled) == [(Side.SERVER, {"jsonrpc": "2.0", **cancelled})]
    assert _by_server(talk, id=1, result={"tools": []}) == []  # it had answered before it heard
    assert _by_client(talk, **cancelled) == []


def test_the_server_s_requests_pass_where_a_rule_may_let_the_answer_pass() -> None:
    talk = _talk()
    asked = {"id": 3, "method": "sampling/createMessage", "params": {"messages": []}}
    assert _by_server(talk, **asked) == [(Side.CLIENT, {"jsonrpc": "2.0", **asked})]
    (judged,) = talk.of_client(_line(id=3, result={"role": "assistant", "model": "m"}), _LABEL)
    assert isinstance(judged, Judged)
    assert judged.call.tool == "sampling/createMessage"
    passed = talk.let(judged)
    assert passed is not None
    assert json.loads(passed.line)["result"] == {"role": "assistant", "model": "m"}
    assert _by_client(talk, id=3, result={}) == [("dropped", Side.CLIENT, "an answer to what was not asked")]


def test_an_answer_that_is_withheld_is_an_error_for_the_server() -> None:
    talk = _talk()
    _by_server(talk, id=3, method="roots/list")
    (judged,) = talk.of_client(_line(id=3, result={"roots": [{"uri": "file:///home"}]}), _LABEL)
    assert isinstance(judged, Judged)
    (told,) = _steps(talk.refuse(judged, "no rule for it"))
    assert (told[0], told[1]["id"], told[1]["error"]["code"]) == (Side.SERVER, 3, -32003)
    assert "no rule" not in str(told)


def test_errors_empty_answers_and_pings_pass_both_ways() -> None:
    talk = _talk(may=True)
    for said in ({"error": {"code": -1, "message": "declined"}}, {"result": {}}):
        _by_server(talk, id=3, method="elicitation/create")
        assert _by_client(talk, id=3, **said) == [(Side.SERVER, {"jsonrpc": "2.0", "id": 3, **said})]
    talk = _talk(may=False)
    assert _by_server(talk, id=1, method="ping") == [
        (Side.CLIENT, {"jsonrpc": "2.0", "id": 1, "method": "ping"})
    ]
    assert _by_client(talk, id=1, result={"said": "much"}) == [("judged", "answer/unknown", {"said": "much"})]


def test_the_server_s_requests_are_refused_where_no_rule_may_let_the_answer_pass() -> None:
    for method in ("sampling/createMessage", "elicitation/create", "roots/list", "tasks/get", "anything"):
        dropped, (to, told) = _by_server(_talk(may=False), id=3, method=method)
        assert (dropped[:2], to, told["id"]) == (("dropped", Side.SERVER), Side.SERVER, 3)


def test_notifications_pass_and_others_that_want_no_answer_do_not() -> None:
    said = {"method": "notifications/progress", "params": {"progressToken": 1, "progress": 5}}
    assert _by_server(_talk(), **said) == [(Side.CLIENT, {"jsonrpc": "2.0", **said})]
    assert _by_client(_talk(), **said) == [(Side.SERVER, {"jsonrpc": "2.0", **said})]
    assert _by_server(_talk(), method="sampling/createMessage") == [
        ("dropped", Side.SERVER, "a notification that is none of MCP")
    ]


def test_batches_are_taken_apart() -> None:
    talk = _talk()
    batch = [{"jsonrpc": "2.0", "id": 1, "method": "ping"}, {"jsonrpc": "2.0", "method": "notifications/x"}]
    made = _steps(talk.of_client(json.dumps(batch).encode(), _LABEL))
    assert made == [(Side.SERVER, batch[0]), (Side.SERVER, batch[1])]


def test_no_more_requests_wait_than_the_limit() -> None:
    talk = _talk()
    for number in range(LIMITS.rpc_requests):
        _by_client(talk, id=number, method="ping")
    dropped, (to, told) = _by_client(talk, id="one more", method="ping")
    assert (dropped[2], to, told["error"]["code"]) == (
        "too many requests that are not answered",
        Side.CLIENT,
        -32004,
    )
    _by_server(talk, id=0, result={})
    assert len(_by_client(talk, id="one more", method="ping")) == 1


def test_members_that_are_none_of_a_message_s_go_no_further() -> None:
    line = b'{"jsonrpc":"2.0","id":1,"method":"ping","extra":{"method":"tools/call"},"\\u0000method":"x"}'
    assert _steps(_talk().of_client(line, _LABEL)) == [
        (Side.SERVER, {"jsonrpc": "2.0", "id": 1, "method": "ping"})
    ]


_TEXT = st.sampled_from(
    ["tools/call", "tools/list", "ping", "notifications/cancelled", "sampling/createMessage", "read", "x\r\n"]
)
_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.floats() | _TEXT,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "arguments", "id", "method", "requestId", "tools"]), inner)
    ),
    max_leaves=6,
)
_MESSAGE = st.fixed_dictionaries(
    {"jsonrpc": st.just("2.0")},
    optional={
        "id": st.integers(0, 3) | st.sampled_from(["0", "1", None, 1.0, True]),
        "method": _TEXT,
        "METHOD": _TEXT,
        "params": _VALUE,
        "result": _VALUE,
        "error": _VALUE,
    },
)
_LINES = (
    st.binary(max_size=30)
    | _MESSAGE.map(lambda said: json.dumps(said).encode())
    | st.lists(_MESSAGE, max_size=3).map(lambda said: json.dumps(said).encode())
)


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans(), _LINES), max_size=12))
def test_whatever_is_said_nothing_that_acts_passes_unless_it_is_let_and_each_line_is_one(
    said: list[tuple[bool, bool, bytes]],
) -> None:
    talk, let = _talk(may=False), 0
    for is_client, lets, line in said:
        for step in list(talk.of_client(line, _LABEL) if is_client else talk.of_server(line)):
            passed = [step] if isinstance(step, Passed) else []
            if isinstance(step, Judged):
                made = talk.let(step) if lets else None
                let += made is not None
                passed = [made] if made else [x for x in talk.refuse(step, "no") if isinstance(x, Passed)]
            for each in passed:
                assert each.line.endswith(b"\n")
                assert each.line.isascii()
                assert len(each.line.splitlines()) == 1
                message = json.loads(each.line)
                if each.to is Side.SERVER and message.get("method") == "tools/call":
                    let -= 1
                assert each.to is Side.SERVER or message.get("method") != "sampling/createMessage"
    assert let >= 0
