"""Lines between a tool server and its client: in pieces, held up, held for an operator, and at the end."""

import dataclasses
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from real.running import until
from ringfence.app.approving import Answer, Approving, approve, deny
from ringfence.app.running.lines import Lines
from ringfence.core.limits import LIMITS
from ringfence.gate.operators import Operator
from ringfence.ledger.errors import LedgerUnavailable
from tool_scene import Talk, calling, conversation

_ASKS = "{server: files, tool: read, then: ask}"
_LISTED = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
_SAYS_MUCH = """
import json, sys
sys.stdin.readline()
for number in range(40):
    params = {"n": number, "data": "x" * 100000}
    print(json.dumps({"jsonrpc": "2.0", "method": "notifications/message", "params": params}), flush=True)
sys.stdin.read()
"""
_ANSWERS_LATE = """
import json, sys
first, second = sys.stdin.readline(), sys.stdin.readline()
print(json.dumps({"jsonrpc": "2.0", "id": 1, "result": {"n": 1}}), flush=True)
sys.stdin.readline()
for number in (2, 3):
    print(json.dumps({"jsonrpc": "2.0", "id": number, "result": {"n": number}}), flush=True)
sys.stdin.read()
"""
_NEVER_READS = "import time; time.sleep(600)"


def _answered(talk: Talk, answer: Any, *how: Any) -> None:
    """The one question, by an operator."""
    (ask,) = until(lambda: [one for one in _asks(talk) if one.is_pending(talk.door.now())], "a question")
    who = Approving(door=talk.door, operator=Operator(name="bob", groups=()), check_free=lambda: None)
    answer(ask.id, *how, who)


def _asks(talk: Talk) -> list[Any]:
    talk.door.approvals.look()
    return list(talk.door.approvals.asks.values())


def test_lines_come_out_whole_however_they_went_in() -> None:
    for size in (1, 2, 3, 100):
        lines, data = Lines(5), b"one\n\nlonger than five\nfive5\nrest"
        pieces = [data[at : at + size] for at in range(0, len(data), size)]
        assert [line for piece in pieces for line in lines.feed(piece)] == [b"one", b"", None, b"five5"]
        assert lines.has_rest


def test_a_message_may_come_in_pieces(tmp_path: Path) -> None:
    with conversation(tmp_path) as talk:
        line = json.dumps(calling("read", path="x" * 50_000)).encode() + b"\n"
        for at in range(0, len(line), 9_999):
            talk.say(line[at : at + 9_999])
        assert talk.hear()["result"]["content"][0]["text"] == "read"


def test_a_client_that_reads_late_gets_all_in_its_order(tmp_path: Path) -> None:
    with conversation(tmp_path, server=_SAYS_MUCH) as talk:
        talk.say(_LISTED)
        heard = [talk.hear() for _ in range(40)]
        assert [each["params"]["n"] for each in heard] == list(range(40))


def test_a_server_that_does_not_read_holds_its_client_up_and_takes_no_memory(tmp_path: Path) -> None:
    with conversation(tmp_path, server=_NEVER_READS) as talk:
        os.set_blocking(talk.to, False)
        said = {"jsonrpc": "2.0", "method": "notifications/x", "params": {"data": "x" * 60_000}}
        line, taken = json.dumps(said).encode() + b"\n", 0

        def is_held_up() -> bool:
            nonlocal taken
            try:
                taken += os.write(talk.to, line[taken % len(line) :])
            except BlockingIOError:
                return taken > LIMITS.rpc_queued_bytes
            return False

        until(is_held_up, "the end of what is taken")
        assert taken < LIMITS.rpc_queued_bytes + 1024 * 1024
        talk.process.kill()


def test_a_call_waits_while_others_go_on_and_passes_once_it_is_approved(tmp_path: Path) -> None:
    with conversation(tmp_path, _ASKS) as talk:
        talk.say(calling("read", 1), {"jsonrpc": "2.0", "id": 2, "method": "resources/list"})
        assert talk.hear()["id"] == 2
        assert talk.did == []
        _answered(talk, approve, Answer(uses=1))
        assert talk.hear()["id"] == 1
        assert talk.did == [["read", {}]]


def test_a_call_that_an_operator_refuses_is_an_error(tmp_path: Path) -> None:
    with conversation(tmp_path, _ASKS) as talk:
        talk.say(calling("read", 1))
        _answered(talk, deny, "not this")
        assert talk.hear()["error"]["message"] == "tool.call files read: bob said no (ask them why)"


def test_a_call_that_nobody_answers_is_an_error_that_says_how_to_allow_it(tmp_path: Path) -> None:
    with conversation(tmp_path, _ASKS, asked_s=0.1) as talk:
        talk.say(calling("read", 1))
        (ask,) = until(lambda: _asks(talk), "a question")
        assert (
            f"(to allow: ringfence approve {ask.id[:2]}; then try again)" in talk.hear()["error"]["message"]
        )


def test_a_call_that_is_withdrawn_while_it_waits_uses_nothing_up(tmp_path: Path) -> None:
    with conversation(tmp_path, _ASKS) as talk:
        talk.say(calling("read", 1))
        until(lambda: _asks(talk), "a question")
        talk.say({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}})
        talk.say({"jsonrpc": "2.0", "id": 2, "method": "ping"})
        assert talk.hear()["id"] == 2
        _answered(talk, approve, Answer(uses=1))
        assert [each["id"] for each in talk.end()] == [2]
        assert talk.did == []
        assert [each.used for each in talk.door.approvals.grants.values()] == [0]


def test_no_more_calls_wait_at_one_time_than_the_limit(tmp_path: Path) -> None:
    with conversation(tmp_path, _ASKS, asked_s=1) as talk:
        talk.say(*(calling("read", number, at=str(number)) for number in range(LIMITS.egress_held + 1)))
        assert talk.hear()["id"] == LIMITS.egress_held


def test_what_a_policy_that_changed_meanwhile_refuses_is_refused(tmp_path: Path) -> None:
    with conversation(tmp_path) as talk:
        talk.say(calling("read", 1))
        assert "result" in talk.hear()
        policy = tmp_path / "system.yaml"
        policy.write_text(policy.read_text().replace("tool: read", "tool: write"))
        talk.say(calling("read", 2))
        assert "denied by section agents" in talk.hear()["error"]["message"]


def test_the_answer_to_what_the_policy_refuses_by_now_is_not_delivered(tmp_path: Path) -> None:
    with conversation(tmp_path, server=_ANSWERS_LATE) as talk:
        talk.say(calling("read", 1), calling("read", 2))
        assert talk.hear()["result"] == {"n": 1}
        policy = tmp_path / "system.yaml"
        policy.write_text(policy.read_text().replace("tool: read", "tool: write"))
        talk.say({"jsonrpc": "2.0", "id": 3, "method": "ping"})
        assert talk.hear()["error"]["message"] == "the policy has changed, and refuses this by now"
        assert talk.end()[2:] == [{"jsonrpc": "2.0", "id": 3, "result": {"n": 3}}]


def test_a_server_that_stays_when_its_client_is_gone_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ringfence.app.running.tool_relay.LIMITS", _soon())
    with conversation(tmp_path, server=_NEVER_READS) as talk:
        assert talk.end() == []
        assert talk.process.returncode == -signal.SIGTERM
    (other := tmp_path / "other").mkdir()
    stubborn = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {_NEVER_READS}"
    with conversation(other, server=stubborn) as talk:
        talk.end()
        assert talk.process.returncode in (-signal.SIGKILL, -signal.SIGTERM)  # asked before it could say no


def test_what_cannot_be_recorded_is_not_delivered_and_ends_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise LedgerUnavailable("the disk is full", hint="make room")

    monkeypatch.setattr("ringfence.app.running.tool_calls.lower", full)
    heard: list[Any] = []
    with pytest.raises(LedgerUnavailable), conversation(tmp_path) as talk:
        talk.say(_LISTED)
        talk.process.wait(60)
        heard = talk.end()
    assert heard == []


def _soon() -> Any:
    return dataclasses.replace(LIMITS, rpc_ending_s=0.2)
