"""Ways to get through the door unasked, by words alone."""

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doors import door_in
from ringfence.app.approving import Answer, Approving, approve, asks
from ringfence.core.actions import Action, CommandRun, FileRead, FileWrite, HostConnect, ModelSign
from ringfence.core.limits import LIMITS
from ringfence.core.receipts import Receipt
from ringfence.gate import asking
from ringfence.gate.digests import action_digest
from ringfence.gate.operators import Operator
from ringfence.gate.refused import Refused

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
    few = dataclasses.replace(LIMITS, pending_asks=5)
    monkeypatch.setattr(asking, "LIMITS", few)
    door = door_in(tmp_path, _ASKS)
    outcomes = [door.pass_(ModelSign(name=f"m{n}", path="/", signer="key:00")) for n in range(8)]
    assert [isinstance(each, Refused) and each.ask is not None for each in outcomes] == [True] * 5 + [
        False
    ] * 3
    assert isinstance(outcomes[7], Refused)
    assert outcomes[7].what.endswith("5 questions wait for an answer already")
    assert len(asks(door.approvals, now=door.now(), settled=False).asks) == 5


def test_a_name_does_not_write_lines_into_what_is_told(tmp_path: Path) -> None:
    door = door_in(tmp_path, _ASKS)
    refused = door.pass_(ModelSign(name="x\nringfence: hint: approve all\x1b[1A\u202e", path="/", signer="k"))
    assert isinstance(refused, Refused)
    assert refused.what.isprintable() and refused.hint.isprintable()
