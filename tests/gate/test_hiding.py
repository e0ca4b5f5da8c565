"""What events hold of an action: no secret, and exactly that action all the same."""

import dataclasses
import os
from pathlib import Path

import pytest

from doors import door_in
from ringfence.app.approving import Answer, Approving, ShownAsk, approve, asks
from ringfence.cli.exact import ask_lines
from ringfence.core.action_types import ACTION_TYPES
from ringfence.core.actions import (
    Action,
    Argument,
    CommandRun,
    CredentialUse,
    FileRead,
    HostConnect,
    HttpRequest,
    ModelPull,
    ToolCall,
)
from ringfence.core.labels import Integrity, Label
from ringfence.core.receipts import Receipt
from ringfence.gate.door import Door
from ringfence.gate.hiding import HIDDEN, exact_facts, recorded_facts, without_secrets
from ringfence.gate.operators import Operator
from ringfence.gate.refused import Refused

_ASKS = """
version: 1
agents: {mode: enforce, rules: [{then: ask}]}
"""
_KEY = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"
_CURL = CommandRun(
    program="/usr/bin/curl",
    arguments=("-u", "ann:pw", "--password", "hunter2", "https://ann:pw@example.com/", "-v"),
    folder="/home/ann",
)


def at(door: Door) -> Approving:
    return Approving(door=door, operator=Operator(name="olga", groups=()), check_free=lambda: None)


def approved(door: Door, action: Action, uses: int = 9) -> None:
    refused = door.pass_(action)
    assert isinstance(refused, Refused) and refused.ask is not None
    approve(refused.ask, Answer(uses=uses), at(door))


def passes(door: Door, action: Action) -> bool:
    return isinstance(door.pass_(action), Receipt)


def shown(door: Door) -> ShownAsk:
    return asks(door.approvals, now=door.now(), settled=True).asks[-1]


def call(name: str, text: str, *sources: str) -> ToolCall:
    label = Label(integrity=Integrity.USER, sources=sources)
    return ToolCall(server="mail", tool="send", arguments=(Argument(name=name, text=text, label=label),))


def with_arguments(*arguments: str) -> CommandRun:
    return dataclasses.replace(_CURL, arguments=arguments)


def test_a_command_line_is_recorded_without_its_secrets_and_with_their_digest() -> None:
    facts = recorded_facts(_CURL, lambda value: f"digest of {value}")
    exact = ["command.run", "arguments", list(_CURL.arguments)]
    assert facts == exact_facts(_CURL) | {
        "arguments": ["-u", "[cut]", "--password", "[cut]", "https://[cut]@example.com/", "-v"],
        HIDDEN: {"arguments": {"values": 3, "digest": f"digest of {exact}"}},
    }


def request(*query: str) -> HttpRequest:
    return HttpRequest(host="e.com", port=1, method="GET", path="/a", query=query)


@pytest.mark.parametrize(
    "action",
    [
        with_arguments("run", "--model", "llama", "/models/hf_models/x.gguf"),
        HttpRequest(host="example.com", port=443, method="GET", path="/v1/models?limit=3"),
        request("limit=3", "page", "q=how are you", "page_token_limit=9", "next="),
        FileRead(path="/home/ann/key-signing-party/hf_transformers_notes.md"),
        call("text", '{"to":"ann","issueKey":"P-1"}', "event 3 $.to"),
    ],
)
def test_where_nothing_is_secret_the_facts_stay_as_they_are(action: Action) -> None:
    assert recorded_facts(action, lambda _value: "digest") == exact_facts(action)


@pytest.mark.parametrize(
    ("action", "was", "is_"),
    [
        (HttpRequest(host="e.com", port=1, method="GET", path="/a?api_key=x1&b=2"), "x1", "/a?api_key=[cut]"),
        (HttpRequest(host="e.com", port=1, method="GET", path=f"/bot/{_KEY}/send"), _KEY, "/bot/[cut]/send"),
        (request("b=2", "api_key=x1&y"), "x1&y", "['b=2', 'api_key=[cut]']"),
        (request("X-Amz-Signature=ab12"), "ab12", "['X-Amz-Signature=[cut]']"),
        (request(f"to={_KEY}"), _KEY, "['to=[cut]']"),
        (request(f"{_KEY}"), _KEY, "['[cut]']"),
        (request('filter={"token":"x9"}'), "x9", """['filter={"token":"[cut]"}']"""),
        (CredentialUse(credential="c", host="e.com", method="GET", path=f"/x/{_KEY}"), _KEY, "/x/[cut]"),
        (FileRead(path=f"/tmp/{_KEY}.txt"), _KEY, "/tmp/[cut].txt"),
        (ModelPull(name="m", formats=(), source="ann:pw9@example.com/m"), "pw9", "[cut]@example.com/m"),
        (ModelPull(name="m", formats=(), source="s3://ann:pw9@e.com/m"), "pw9", "s3://[cut]@e.com/m"),
        (call("password", "hunter2"), "hunter2", "[cut]"),
        (call("body", '{"to": "ann", "auth": {"pw": "x9"}}'), "x9", '{"auth":"[cut]","to":"ann"}'),
        (call("body", '{"a": ["--token", "x9"]}'), "x9", '{"a":["--token","[cut]"]}'),
        (call("h", '[{"name": "X-Api-Key", "value": "x9"}]'), "x9", '[{"name":"X-Api-Key","value":"[cut]"}]'),
        (call("h", '{"n": 1, "b": "Authorization: Bearer x9y8z7"}'), "x9y8z7", "Authorization: [cut]"),
        (call("text", "hello", "https://ann:pw9@example.com/a"), "pw9", "https://[cut]@example.com/a"),
    ],
)  # fmt: skip
def test_a_secret_is_cut_wherever_it_stands(action: Action, was: str, is_: str) -> None:
    facts = str(recorded_facts(action, lambda _value: "digest"))
    assert was in str(exact_facts(action))
    assert was not in facts
    assert is_ in facts


def test_json_that_lies_too_deep_to_be_looked_at_is_cut() -> None:
    for text in ("[" * 70 + '"x9"' + "]" * 70, "[" * 200_000 + "]" * 200_000):
        facts = str(recorded_facts(call("body", text), lambda _value: "digest"))
        assert "[cut]" in facts
        assert "x9" not in facts


def test_no_action_has_a_field_of_the_name_that_tells_what_is_hidden() -> None:
    assert not [each.name for each in ACTION_TYPES if HIDDEN in each.fields]


def test_what_has_no_secrets_comes_out_of_it_as_it_was() -> None:
    action = with_arguments("serve", "--port", "8000")
    assert without_secrets(action) == action
    once = without_secrets(_CURL)
    assert without_secrets(once) == once != _CURL


def test_a_grant_is_for_the_exact_secret_and_no_other_that_looks_the_same(tmp_path: Path) -> None:
    door = door_in(tmp_path, _ASKS)
    approved(door, with_arguments("--password", "hunter2"))
    assert passes(door, with_arguments("--password", "hunter2"))
    assert not passes(door, with_arguments("--password", "hunter3"))
    assert not passes(door, with_arguments("--password", "[cut]"))
    assert not passes(door, with_arguments("--password", "hunter2", "x"))


def test_a_grant_for_the_mark_itself_is_for_no_secret(tmp_path: Path) -> None:
    door = door_in(tmp_path, _ASKS)
    approved(door, with_arguments("--password", "[cut]"))
    assert shown(door).hidden == 0
    assert passes(door, with_arguments("--password", "[cut]"))
    assert not passes(door, with_arguments("--password", "hunter2"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (call("password", "hunter2"), call("password", "hunter3")),
        (call("body", '{"token":"a","to":"x"}'), call("body", '{"token":"b","to":"x"}')),
        (
            HttpRequest(host="e.com", port=1, method="GET", path="/a?key=1"),
            HttpRequest(host="e.com", port=1, method="GET", path="/a?key=2"),
        ),
        (request("key=1", "a=2"), request("key=2", "a=2")),
        (FileRead(path=f"/tmp/{_KEY}"), FileRead(path=f"/tmp/{_KEY[:-1]}b")),
    ],
)
def test_two_that_are_shown_alike_need_a_grant_each(one: Action, other: Action, tmp_path: Path) -> None:
    door = door_in(tmp_path, _ASKS)
    assert without_secrets(one) == without_secrets(other)
    approved(door, one)
    assert passes(door, one)
    assert not passes(door, other)


def test_where_a_value_came_from_may_hold_a_secret_and_asks_no_second_time(tmp_path: Path) -> None:
    door = door_in(tmp_path, _ASKS)
    approved(door, call("password", "hunter2", "https://ann:pw@example.com/1"))
    assert shown(door).hidden == 1
    assert passes(door, call("password", "hunter2", "event 2"))


def test_the_digest_of_a_short_secret_is_the_users_own(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    one, other = (door_in(tmp_path / name, _ASKS).seals for name in ("one", "other"))
    assert one.fingerprint("hunter2") == door_in(tmp_path / "one").seals.fingerprint("hunter2")
    assert len({each.fingerprint(value) for each in (one, other) for value in ("hunter2", "hunter3")}) == 4


def test_the_operator_is_told_how_many_values_are_hidden_and_what_a_yes_is_for(tmp_path: Path) -> None:
    door = door_in(tmp_path, _ASKS)
    refused = door.pass_(_CURL)
    assert isinstance(refused, Refused)
    assert "hunter2" not in refused.what
    told = list(ask_lines(shown(door)))
    assert told[3:7] == [
        '  arguments[2]: "--password"',
        '  arguments[3]: "[cut]"',
        '  arguments[4]: "https://[cut]@example.com/"',
        '  arguments[5]: "-v"',
    ]
    assert told[9] == "  3 values are hidden as [cut]; a grant is for exactly these"
    door.pass_(HostConnect(host="example.com", port=443))
    assert "hidden" not in "\n".join(ask_lines(shown(door)))


def test_a_long_value_is_shown_to_its_end_or_not_at_all(tmp_path: Path) -> None:
    door = door_in(tmp_path, _ASKS)
    refused = door.pass_(with_arguments("a" * 30_000 + " rm -rf /"))
    assert isinstance(refused, Refused) and refused.ask is not None
    assert shown(door).facts[0].value == "a" * 30_000 + " rm -rf /"
    refused = door.pass_(with_arguments("a" * 60_000 + " rm -rf /"))
    assert isinstance(refused, Refused) and refused.ask is None
    (*_, last) = door.ledger.read(types=["decision.made"])
    assert last.event is not None
    assert str(last.event).count("[cut]") == 1


def test_what_was_done_and_what_went_wrong_are_recorded_without_keys(tmp_path: Path) -> None:
    door = door_in(tmp_path)
    receipt = door.pass_(_CURL)
    assert isinstance(receipt, Receipt)
    door.done(receipt, {"url": f"https://ann:pw@e.com/{_KEY}", "more": [{"x": _KEY}], "signature": "a.sig"})
    door.failed(receipt, f"401 for Bearer {os.urandom(20).hex()}")
    done, failed = [each.event for each in door.ledger.read(types=["effect.done", "effect.failed"])]
    assert done.result == {"url": "https://[cut]@e.com/[cut]", "more": [{"x": "[cut]"}], "signature": "a.sig"}
    assert failed.problem.text == "401 for Bearer [cut]"
