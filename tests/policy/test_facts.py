import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.core.action_types import ACTION_TYPES
from ringfence.core.actions import Argument, HostConnect, ModelUse, Purpose, ToolCall
from ringfence.core.labels import Integrity, Label, Sensitivity
from ringfence.core.verdicts import Verdict
from ringfence.policy.facts import BadFacts, action_from, facts_of, partial_action, supposed_action

CALL = ToolCall(
    agent="claude",
    context=Label(integrity=Integrity.UNTRUSTED, sensitivity=Sensitivity.INTERNAL),
    server="mail",
    tool="send",
    arguments=(
        Argument(
            name="to",
            text="a@example.com",
            label=Label(
                integrity=Integrity.USER,
                writers=frozenset({"user"}),
                readers=frozenset({"b", "a"}),
                sources=("3.to",),
                designated=True,
            ),
        ),
    ),
    planned=True,
)


def test_an_action_reads_back_as_it_was_written() -> None:
    assert facts_of(HostConnect(host="example.com", port=443)) == {
        "action": "host.connect",
        "agent": "",
        "session": "",
        "context": None,
        "host": "example.com",
        "port": 443,
        "program": None,
        "raw": False,
    }
    assert action_from(facts_of(CALL)) == CALL
    arguments = facts_of(CALL)["arguments"]
    assert arguments == [
        {
            "name": "to",
            "text": "a@example.com",
            "label": {
                "integrity": "user",
                "sensitivity": "public",
                "writers": ["user"],
                "readers": ["a", "b"],
                "capacity": "text",
                "sources": ["3.to"],
                "designated": True,
                "created_in_session": False,
            },
        }
    ]


def test_words_are_members_and_what_may_be_unknown_may_be_left_out() -> None:
    facts = {
        "action": "model.use",
        "name": "m",
        "formats": ["gguf"],
        "verdict": "clean",
        "purpose": "internal",
        "license": None,
    }
    assert action_from(facts) == ModelUse(
        name="m", formats=("gguf",), verdict=Verdict.CLEAN, purpose=Purpose.INTERNAL
    )


@pytest.mark.parametrize(
    ("facts", "what", "hint"),
    [
        ({}, "the facts name no action", "known here: agent.run"),
        ({"action": "host.conect"}, "`host.conect` is no type of action", "did you mean `host.connect`?"),
        ({"action": ["x"]}, "`list` is no type of action", "known here"),
        (
            {"action": "host.connect", "hosst": "x", "port": 1},
            "host.connect has no fact `hosst`",
            "did you mean `host`?",
        ),
        (
            {"action": "host.connect", "host": "x"},
            "host.connect needs the fact `port`",
            "add it; every one needs `host`, `port`",
        ),
        ({"action": "host.connect", "host": None, "port": 1}, "host of host.connect cannot be", "say"),
        ({"action": "host.connect", "host": 1, "port": 1}, "host of host.connect: expected a text", ""),
        ({"action": "host.connect", "host": "x", "port": True}, "port of host.connect: expected a num", ""),
        ({"action": "host.connect", "host": "x", "port": -1}, "port of host.connect: expected a num", ""),
        ({"action": "host.connect", "host": "x", "port": 2**53}, "port of host.connect: expected a", ""),
        (
            {"action": "model.use", "name": "m", "formats": 1},
            "formats of model.use: expected a list",
            "",
        ),
        (
            {"action": "model.use", "name": "m", "formats": [], "verdict": "bad"},
            "verdict of model.use: expected clean",
            "",
        ),
        (
            {"action": "model.use", "name": "m", "formats": [], "context": {"integrity": "user", "x": 1}},
            "context of model.use: expected a label",
            "",
        ),
        (
            {"action": "tool.call", "server": "s", "tool": "t", "arguments": [{"name": "a"}]},
            "arguments of tool.call: expected arguments with name, text and label",
            "",
        ),
    ],
)
def test_what_tells_of_no_action_is_refused(facts: dict[str, object], what: str, hint: str) -> None:
    with pytest.raises(BadFacts) as caught:
        action_from(facts)
    assert caught.value.what.startswith(what)
    assert caught.value.hint.startswith(hint)


def test_of_a_partial_action_all_else_is_unknown() -> None:
    action = partial_action("host.connect", {"port": 443})
    assert facts_of(action) == facts_of(HostConnect(host="x", port=443)) | {"host": None}
    with pytest.raises(BadFacts):
        partial_action("host.connect", {"prt": 443})


def test_facts_may_be_spelled_as_documents_spell_them() -> None:
    spelled = {"action": "model.use", "name": "m", "format": "gguf", "size": 5, "signed_by": "key:1"}
    known = {"action": "model.use", "name": "m", "formats": ["gguf"], "size_bytes": 5, "signed_by": ["key:1"]}
    assert action_from(spelled) == action_from(known)
    with pytest.raises(BadFacts, match=r"model\.use has the fact `size_bytes` twice"):
        action_from(spelled | {"size_bytes": 5})


def test_of_what_is_supposed_only_the_type_must_be_told() -> None:
    assert supposed_action({"action": "host.connect", "port": 443}) == partial_action(
        "host.connect", {"port": 443}
    )
    with pytest.raises(BadFacts, match="the facts name no action"):
        supposed_action({"port": 443})


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=5,
)


@settings(deadline=None)
@given(st.data())
def test_any_json_is_an_action_that_reads_back_or_is_refused(data: st.DataObject) -> None:
    of = data.draw(st.sampled_from(ACTION_TYPES))
    keys = data.draw(st.sets(st.sampled_from(sorted(of.fields))))
    facts = {"action": of.name, **{key: data.draw(_JSON) for key in keys}}
    try:
        action = action_from(facts)
    except BadFacts:
        return
    assert action_from(facts_of(action)) == action
