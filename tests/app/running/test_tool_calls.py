"""Calls of a tool server on standard streams, judged and recorded; what it says lowers the session."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ringfence.app.running.tool_calls import NotDecided, NotLet, ToolCalls, handed_over
from ringfence.core.labels import Integrity, Label
from ringfence.core.receipts import Receipt
from ringfence.gate.door import Door
from ringfence.gate.lowering import FRESH, lower
from ringfence.gate.seals import ReceiptRefused
from ringfence.protocols.listed_tools import ChangedTool
from ringfence.protocols.mcp_streams import Conversation, Dropped, Judged, Passed, Side
from tool_scene import SESSION, calling, the_door

_READ = "{server: files, tool: read}"


def _calls(door: Door, told: list[str] | None = None) -> ToolCalls:
    tell = (told if told is not None else []).append
    return ToolCalls(
        door=door, session=SESSION, agent="mcp-files", server="files", clock=lambda: 0.0, tell=tell
    )


def _judged(**arguments: str) -> tuple[Conversation, Judged]:
    talk = Conversation(may=lambda _tool: True)
    line = json.dumps(calling("read", **arguments)).encode()
    (judged,) = talk.of_client(line, FRESH)
    assert isinstance(judged, Judged)
    return talk, judged


def _events(door: Door, type_: str) -> list[Any]:
    return [each.event for each in door.ledger.read(stream=door.stream, types=(type_,))]


def test_a_call_that_a_rule_allows_has_a_receipt_and_is_recorded_with_its_arguments(tmp_path: Path) -> None:
    door = the_door(tmp_path, _READ)
    receipt = _calls(door).decide(_judged(path="x")[1])
    assert isinstance(receipt, Receipt)
    (made,) = _events(door, "decision.made")
    facts = {name: made.action[name] for name in ("action", "agent", "server", "tool", "session")}
    assert facts == {
        "action": "tool.call",
        "agent": "mcp-files",
        "server": "files",
        "tool": "read",
        "session": SESSION,
    }
    assert [(each["name"], each["text"]) for each in made.action["arguments"]] == [("path", "x")]
    assert made.proceeds


def test_a_call_that_no_rule_allows_is_refused_with_what_would_help(tmp_path: Path) -> None:
    door = the_door(tmp_path, "{server: other, tool: read}, {server: files.example.com/mcp, tool: read}")
    assert _calls(door).decide(_judged()[1]) == NotLet(
        why="tool.call files read: denied by section agents, which has no rule for it "
        "(a person can grant it: tools of the profile mcp-files in the policy)"
    )


def test_a_call_that_must_be_approved_names_its_question(tmp_path: Path) -> None:
    door = the_door(tmp_path, "{server: files, tool: read, then: ask}")
    calls = _calls(door)
    refused = calls.decide(_judged()[1])
    assert isinstance(refused, NotLet)
    assert refused.ask is not None
    assert f"to allow: ringfence approve {refused.ask[:2]}" in refused.why
    assert calls.is_asked(refused.ask)


def test_a_line_is_handed_over_once_and_only_for_the_call_that_was_decided(tmp_path: Path) -> None:
    door = the_door(tmp_path, _READ)
    talk, judged = _judged(path="x")
    receipt = _calls(door).decide(judged)
    assert isinstance(receipt, Receipt)
    passed = talk.let(judged)
    assert passed is not None
    with pytest.raises(NotDecided):
        handed_over(receipt, _judged(path="y")[1], passed, seals=door.seals)
    with pytest.raises(ReceiptRefused):
        handed_over(receipt, judged, passed, seals=door.seals)
    again = _calls(door).decide(judged)
    assert isinstance(again, Receipt)
    assert handed_over(again, judged, passed, seals=door.seals) == passed.line
    with pytest.raises(ReceiptRefused):
        handed_over(again, judged, Passed(to=Side.SERVER, line=b"x"), seals=door.seals)


def test_what_the_server_says_lowers_the_session_once_and_its_calls_are_judged_by_that(
    tmp_path: Path,
) -> None:
    trusted = "{server: files, tool: read, context: {integrity: {at_least: user}}}"
    door = the_door(tmp_path, trusted)
    calls = _calls(door)
    assert isinstance(calls.decide(_judged()[1]), Receipt)
    calls.hears()
    calls.hears()
    (lowered,) = _events(door, "session.lowered")
    assert (lowered.integrity, lowered.sensitivity, lowered.by.text) == ("untrusted", "public", "files")
    assert isinstance(calls.decide(_judged()[1]), NotLet)
    assert isinstance(_calls(door).decide(_judged()[1]), NotLet)  # also where the session goes on later


def test_what_the_server_says_is_worth_what_origins_say_of_its_name(tmp_path: Path) -> None:
    origin = "egress: {origins: [{host: files, integrity: user, sensitivity: internal}]}"
    door = the_door(tmp_path, f"{_READ}]\n      {origin}\n      network: [")
    calls = _calls(door)
    calls.hears()
    (lowered,) = _events(door, "session.lowered")
    assert (lowered.integrity, lowered.sensitivity) == ("user", "internal")


def test_what_the_server_s_box_has_read_counts_too(tmp_path: Path) -> None:
    trusted = "{server: files, tool: read, context: {integrity: {at_least: user}}}"
    door = the_door(tmp_path, trusted)
    calls = _calls(door)
    lower(door, SESSION, FRESH, Label(integrity=Integrity.UNTRUSTED), "web.example.com")
    assert isinstance(calls.decide(_judged()[1]), NotLet)


def test_a_rule_s_limit_is_counted_and_told(tmp_path: Path) -> None:
    door, told = the_door(tmp_path, "{server: files, tool: read, obligations: {limit: 2 calls/hour}}"), []
    calls = _calls(door, told)
    outcomes = [calls.decide(_judged()[1]) for _ in range(3)]
    assert [isinstance(each, Receipt) for each in outcomes] == [True, True, False]
    assert outcomes[2] == NotLet(
        why="the policy grants 2 calls for each hour, and they are used up (wait, or raise it)"
    )
    (refused,) = _events(door, "egress.refused")
    assert (refused.trouble, refused.host.text) == ("budget", "files")


def test_what_is_dropped_is_recorded_once_of_each_kind_and_counted_at_the_end(tmp_path: Path) -> None:
    door, told = the_door(tmp_path, _READ), list[str]()
    calls = _calls(door, told)
    for _ in range(5):
        calls.drop(Dropped(by=Side.SERVER, what="a message that is too deep"))
    calls.drop(Dropped(by=Side.CLIENT, what="a message that is too deep"))
    calls.close()
    found = [(each.what.text, each.times) for each in _events(door, "egress.refused")]
    server, client = (f"a message that is too deep, from the {side}" for side in ("server", "client"))
    assert found == [(server, 1), (client, 1), (server, 4)]
    assert told == [f"files: dropped: {server}", f"files: dropped: {client}"]


def test_a_tool_that_changed_is_recorded_and_told(tmp_path: Path) -> None:
    door, told = the_door(tmp_path, _READ), list[str]()
    _calls(door, told).change(ChangedTool(tool="read", was="ab", now="cd"))
    (changed,) = _events(door, "tool.changed")
    assert (changed.session, changed.server, changed.tool.text) == (SESSION, "files", "read")
    assert (changed.was, changed.now) == ("ab", "cd")
    assert told == ["files: the tool read is described otherwise than before"]


def test_a_call_that_cannot_be_recorded_does_not_pass(tmp_path: Path) -> None:
    door = the_door(tmp_path, _READ)
    calls = _calls(replace(door, ledger=_Full(door.ledger)))
    refused = calls.decide(_judged()[1])
    assert isinstance(refused, NotLet)
    assert refused.why == "the disk is full (make room)"


class _Full:
    """A ledger on a disk that has no room."""

    def __init__(self, ledger: Any) -> None:
        self._ledger = ledger

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    def append(self, *_: Any, **__: Any) -> None:
        from ringfence.ledger.errors import LedgerUnavailable

        raise LedgerUnavailable("the disk is full", hint="make room")


def test_only_tools_that_a_rule_may_allow_may_be_called_at_all(tmp_path: Path) -> None:
    calls = _calls(
        the_door(
            tmp_path,
            "{server: files, tool: read, arguments: {path: x}}, {server: files, tool: 'mail.*', then: ask},"
            "{server: files, tool: mail.drop, then: deny}, {server: other, tool: write}",
        )
    )
    names = ("read", "mail.send", "mail.drop", "write", "sampling/createMessage")
    assert [calls.may(each) for each in names] == [True, True, False, False, False]
