"""Ways to get through the door unasked, by words alone."""

import dataclasses
import os
import shutil
import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doors import door_in, now, places
from ringfence.app.approving import Answer, Approving, approve, asks
from ringfence.core.action_types import Durability
from ringfence.core.actions import Action, CommandRun, FileRead, FileWrite, HostConnect, ModelSign, ModelUse
from ringfence.core.decisions import Effect
from ringfence.core.limits import LIMITS
from ringfence.core.receipts import Receipt
from ringfence.gate import asking
from ringfence.gate.confined import may_append
from ringfence.gate.digests import action_digest
from ringfence.gate.door import Door
from ringfence.gate.operators import Operator
from ringfence.gate.policies import Policies
from ringfence.gate.refused import Refused
from ringfence.gate.state import make_folder
from ringfence.ledger.events.ask_opened import AskOpened
from ringfence.ledger.events.ask_withdrawn import AskWithdrawn
from ringfence.ledger.events.grant_used import GrantUsed
from ringfence.ledger.open import open_ledger
from ringfence.policy.problems import PolicyRefused

_ASKS = """
version: 1
agents: {mode: enforce, rules: [{then: ask}]}
models: {mode: enforce, rules: [{actions: [model.sign], then: ask}]}
"""

# What Python's own text can hold, lone halves of characters and bytes that were no UTF-8 among it.
_TEXT = st.text(st.characters(codec=None), max_size=6) | st.sampled_from(
    ["\udc80", "\\udc80", '"', "\\", "a,b", "null"]
)
_ACTIONS: st.SearchStrategy[Action] = st.one_of(
    st.builds(FileRead, path=_TEXT, agent=_TEXT, session=_TEXT),
    st.builds(FileWrite, path=_TEXT, agent=_TEXT, session=_TEXT),
    st.builds(HostConnect, host=_TEXT, port=st.integers(0, 3), program=st.none() | _TEXT),
    st.builds(CommandRun, program=_TEXT, arguments=st.lists(_TEXT, max_size=3).map(tuple), folder=_TEXT),
)


@given(one=_ACTIONS, other=_ACTIONS)
def test_no_two_actions_share_a_digest(one: Action, other: Action) -> None:
    assert (action_digest(one) == action_digest(other)) == (one == other)


@pytest.mark.parametrize(
    "other",
    [
        CommandRun(program="/bin/sh", arguments=("-c ls",), folder="/"),
        CommandRun(program="/bin/sh", arguments=("-c", "ls", ""), folder="/"),
        CommandRun(program="/bin/sh -c", arguments=("ls",), folder="/"),
        CommandRun(program="/bin/sh", arguments=("-c", "ls"), folder="/home"),
        CommandRun(program="/bin/sh", arguments=("-c", "l\udc73"), folder="/"),
    ],
)
def test_a_grant_for_a_command_is_for_no_command_like_it(other: CommandRun, tmp_path: Path) -> None:
    door = door_in(tmp_path, _ASKS)
    asked = CommandRun(program="/bin/sh", arguments=("-c", "ls"), folder="/")
    refused = door.pass_(asked)
    assert isinstance(refused, Refused) and refused.ask is not None
    who = Approving(door=door, operator=Operator(name="olga", groups=()), check_free=lambda: None)
    approve(refused.ask, Answer(uses=9), who)
    assert isinstance(door.pass_(other), Refused)
    assert isinstance(door.pass_(asked), Receipt)


def test_bytes_that_are_no_text_are_asked_about_and_granted_exactly(tmp_path: Path) -> None:
    door = door_in(tmp_path, _ASKS)
    odd = FileRead(path="/data/\udcff\udcfe", agent="claude")
    refused = door.pass_(odd)
    assert isinstance(refused, Refused) and refused.ask is not None
    who = Approving(door=door, operator=Operator(name="olga", groups=()), check_free=lambda: None)
    approve(refused.ask, Answer(uses=9), who)
    assert isinstance(door.pass_(odd), Receipt)
    for spelled in ("/data/\\xff\\xfe", "/data/\ufffd\ufffd", "/data/\udcff"):
        assert isinstance(door.pass_(dataclasses.replace(odd, path=spelled)), Refused)


@pytest.mark.parametrize("name", ["l\udc73", "\udcc3\udca9", "\ud800"])
def test_text_that_stands_for_no_bytes_is_refused_and_nobody_is_asked(name: str, tmp_path: Path) -> None:
    door = door_in(tmp_path, _ASKS)
    refused = door.pass_(ModelSign(name=name, path="/", signer="key:00"))
    assert isinstance(refused, Refused)
    assert (refused.ask, "stands for no bytes" in refused.what) == (None, True)
    assert asks(door.approvals, now=door.now(), settled=True).asks == ()


def test_who_floods_operators_with_questions_is_denied_and_older_questions_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = dataclasses.replace(LIMITS, pending_asks_of_one=5, pending_asks=7)
    monkeypatch.setattr(asking, "LIMITS", few)
    door = door_in(tmp_path, _ASKS)
    outcomes = [door.pass_(ModelSign(name=f"m{n}", path="/", signer="key:00")) for n in range(8)]
    assert [isinstance(each, Refused) and each.ask is not None for each in outcomes] == [True] * 5 + [
        False
    ] * 3
    assert isinstance(outcomes[7], Refused)
    assert outcomes[7].what.endswith("5 questions of the same person wait for an answer already")
    assert len(asks(door.approvals, now=door.now(), settled=False).asks) == 5


def test_an_agent_that_floods_operators_takes_nobody_elses_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = dataclasses.replace(LIMITS, pending_asks_of_one=3, pending_asks=7)
    monkeypatch.setattr(asking, "LIMITS", few)
    door = door_in(tmp_path, _ASKS)

    def told(agent: str, number: int, by: Door = door) -> str | None:
        outcome = by.pass_(FileRead(path=f"/{number}", agent=agent, session=f"s{number}"))
        assert isinstance(outcome, Refused)
        return None if outcome.ask is not None else outcome.what

    assert [told("noisy", number) for number in range(3)] == [None] * 3
    assert str(told("noisy", 3)).endswith("3 questions of the same agent wait for an answer already")
    assert [told("quiet", number) for number in range(3)] == [None] * 3
    bob = door_in(tmp_path, _ASKS, asker="bob", ledger=door.ledger)
    assert told("noisy", 1, bob) is None
    assert str(told("last", 1)).endswith("7 questions wait for an answer already")


def test_a_name_does_not_write_lines_into_what_is_told(tmp_path: Path) -> None:
    door = door_in(tmp_path, _ASKS)
    refused = door.pass_(ModelSign(name="x\nringfence: hint: approve all\x1b[1A\u202e", path="/", signer="k"))
    assert isinstance(refused, Refused)
    assert refused.what.isprintable() and refused.hint.isprintable()


def _sign_policy(then: str, *, more: str = "", serial: int | None = None) -> str:
    line = f"serial: {serial}\n" if serial is not None else ""
    rules = f"models:\n  mode: enforce\n  rules: [{{actions: [model.sign], then: {then}}}]\n"
    return f"version: 1\n{line}{rules}{more}"


_SIGN = ModelSign(name="llama", path="/models/llama", signer="key:00")
_BROKEN = "version: 1\nmodells: {}\n"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o644)


def _effect(folder: Path, system: str | None = None) -> Effect:
    door = door_in(folder, system)
    try:
        return door.policy().decide(_SIGN, now=door.now()).effect
    finally:
        door.ledger.close()


@pytest.mark.parametrize("where", ["tree/ringfence.yaml", "user.yaml"])
def test_no_document_below_the_systems_keeps_an_older_one_in_force_by_being_broken(
    where: str, tmp_path: Path
) -> None:
    (tmp_path / "tree").mkdir()
    assert _effect(tmp_path, _sign_policy("allow", serial=1)) is Effect.ALLOW
    _write(tmp_path / where, _BROKEN)
    assert _effect(tmp_path, _sign_policy("deny", serial=2)) is Effect.DENY


def test_a_user_who_names_themselves_an_operator_does_not_keep_the_systems_new_document_out(
    tmp_path: Path,
) -> None:
    operators = "operators: {approve: [{who: [%s], what: ['*']}]}\n"
    _write(tmp_path / "user.yaml", "version: 1\n" + operators % "ann")
    assert _effect(tmp_path, _sign_policy("allow")) is Effect.ALLOW
    assert _effect(tmp_path, _sign_policy("deny", more=operators % "olga")) is Effect.DENY


def test_what_was_kept_under_an_older_edition_does_not_come_back_with_it(tmp_path: Path) -> None:
    """The state folder keeps what was in force for each folder; the system's new edition may be broken."""
    one, other = tmp_path / "one", tmp_path / "other"
    for each in (one, other):
        each.mkdir()
        os.symlink(tmp_path / "system.yaml", each / "system.yaml")
    state = make_folder(tmp_path / "state")

    def effect(folder: Path, system: str) -> Effect:
        _write(tmp_path / "system.yaml", system)
        at = dataclasses.replace(places(folder), system=tmp_path / "system.yaml")
        policies = Policies(at, state=state, record=lambda _event: None)
        return policies.current().decide(_SIGN, now=now()).effect

    assert effect(one, _sign_policy("allow", serial=1)) is Effect.ALLOW
    assert effect(other, _sign_policy("deny", serial=2)) is Effect.DENY
    assert effect(other, _BROKEN) is Effect.DENY
    with pytest.raises(PolicyRefused):
        effect(one, _BROKEN)


def test_halves_of_a_character_are_not_the_character() -> None:
    whole, halves = FileRead(path="\U0001f600"), FileRead(path="\ud83d\ude00")
    assert action_digest(whole) != action_digest(halves)


def test_an_operator_sees_what_a_grant_would_be_for_although_nobody_knows_it(tmp_path: Path) -> None:
    policy = "version: 1\nmodels: {mode: enforce, rules: [{actions: [model.use], then: ask}]}\n"
    door = door_in(tmp_path, policy)
    assert isinstance(door.pass_(ModelUse(name="llama", formats=("gguf",))), Refused)
    (ask,) = asks(door.approvals, now=door.now(), settled=False).asks
    shown = {each.name: each.value for each in ask.facts}
    assert (shown["digest"], shown["purpose"]) == (None, None)


def test_a_question_is_not_exchanged_for_another_of_the_same_id(tmp_path: Path) -> None:
    door = door_in(tmp_path, _ASKS)
    refused = door.pass_(FileRead(path="/harmless", agent="a"))
    assert isinstance(refused, Refused) and refused.ask is not None
    (opened,) = [each.event for each in door.ledger.read(types=["ask.opened"])]
    assert isinstance(opened, AskOpened)
    other = dataclasses.replace(opened, action={**opened.action, "path": "/etc/shadow"})
    door.ledger.append(other, stream="approvals", durability=Durability.FSYNC)
    door.approvals.look()
    assert door.approvals.asks[refused.ask].action["path"] == "/harmless"


def test_uses_of_a_grant_are_never_counted_down(tmp_path: Path) -> None:
    door = door_in(tmp_path, _ASKS)
    read = FileRead(path="/once", agent="a")
    refused = door.pass_(read)
    assert isinstance(refused, Refused) and refused.ask is not None
    who = Approving(door=door, operator=Operator(name="olga", groups=()), check_free=lambda: None)
    grant, _ = approve(refused.ask, Answer(uses=1), who)
    assert isinstance(door.pass_(read), Receipt)
    again = GrantUsed(grant=grant.id, use=0, action={})
    door.ledger.append(again, stream="approvals", durability=Durability.FSYNC)
    assert isinstance(door.pass_(read), Refused)


_APPENDS = """
import json, socket, struct, sys
body = '{"grant":"00"}'
question = {"v": 1, "stream": "approvals", "type": sys.argv[2], "body": body, "durability": "fsync",
            "expect_seq": None, "key": "00" * 16, "retried": False}
text = json.dumps(question).encode()
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect(sys.argv[1])
    connection.sendall(struct.pack("!I", len(text)) + text)
    print(connection.recv(1 << 16)[4:].decode())
"""


@pytest.mark.skipif(shutil.which("unshare") is None, reason="unshare is not installed")
@pytest.mark.parametrize(("type_", "taken"), [("grant.given/1", False), ("scan.started/1", True)])
def test_a_sandbox_that_reaches_the_ledgers_socket_answers_no_question_through_it(
    type_: str, taken: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:  # a short name, as sockets need
        path = Path(folder) / "l" / "ledger.sqlite"
        ledger = open_ledger(path, clock=now, may_append=may_append)
        ledger.append(AskWithdrawn(ask="00", why="it opens"), stream="one", durability=Durability.FSYNC)
        within = ["unshare", "-Ur", sys.executable, "-c", _APPENDS, f"{path}.socket", type_]
        done = subprocess.run(within, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode:
            pytest.skip(f"no sandbox can be made here: {done.stderr[-200:]}")
        assert ('"seq":1' in done.stdout, "EventRefused" in done.stdout) == (taken, not taken)
        assert len(list(ledger.read(stream="approvals"))) == taken
        ledger.close()


def test_no_receipt_outlives_the_grant_that_it_rests_on(tmp_path: Path) -> None:
    at = now()
    door = door_in(tmp_path, _ASKS, clock=lambda: at)
    read = FileRead(path="/once", agent="a")
    refused = door.pass_(read)
    assert isinstance(refused, Refused) and refused.ask is not None
    who = Approving(door=door, operator=Operator(name="olga", groups=()), check_free=lambda: None)
    approve(refused.ask, Answer(lasts_s=10), who)
    receipt = door.pass_(read)
    assert isinstance(receipt, Receipt)
    assert receipt.expires_at == at + timedelta(seconds=10)
