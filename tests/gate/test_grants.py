"""Operators who answer the same question differently."""

import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from doors import door_in, doors_closed
from ringfence.app.approving import Answer, Approving, approve, asks, deny, grants
from ringfence.core.actions import Action, ModelSign
from ringfence.core.receipts import Receipt
from ringfence.gate.door import Door
from ringfence.gate.grants import Answered
from ringfence.gate.operators import Operator
from ringfence.gate.refused import Refused

_SIGN = ModelSign(name="llama", path="/models/llama", signer="key:00")
_POLICY = """
version: 1
models: {mode: enforce, rules: [{id: signing, actions: [model.sign], then: ask}]}
operators:
  break_glass: {who: [pete], lasts: 1h}
"""
_ROUNDS = 20


def _at(door: Door, name: str) -> Approving:
    return Approving(door=door, operator=Operator(name=name, groups=()), check_free=lambda: None)


def _held(door: Door, action: Action = _SIGN) -> str:
    refused = door.pass_(action)
    assert isinstance(refused, Refused)
    assert refused.ask is not None
    return refused.ask


def _passes(door: Door, action: Action = _SIGN) -> bool:
    return isinstance(door.pass_(action), Receipt)


def test_another_operators_no_holds_until_it_is_overruled_by_name(tmp_path: Path) -> None:
    door = door_in(tmp_path, _POLICY)
    ask = _held(door)
    deny(ask, None, _at(door, "olga"))
    for overrules in (None, "", "pete"):
        with pytest.raises(Answered, match=f"^question {ask} was refused by olga$") as told:
            approve(ask, Answer(overrules=overrules), _at(door, "pete"))
        assert told.value.hint == (
            f"ask them; to say yes all the same: ringfence approve {ask} --overrule olga"
        )
    assert grants(door.approvals, now=door.now(), all_=True).grants == ()
    assert not _passes(door)
    approve(ask, Answer(overrules="olga"), _at(door, "pete"))
    assert _passes(door)


def test_who_said_no_may_think_again_and_in_an_emergency_a_no_is_passed(tmp_path: Path) -> None:
    door = door_in(tmp_path, _POLICY)
    again, emergency = _SIGN, replace(_SIGN, path="/models/other")
    for action in (again, emergency):
        deny(_held(door, action), None, _at(door, "olga"))
    first, second = (each.id for each in asks(door.approvals, now=door.now(), settled=True).asks)
    approve(first, Answer(), _at(door, "olga"))
    approve(second, Answer(in_emergency=True, note="the release is down"), _at(door, "pete"))
    assert _passes(door, again)
    assert _passes(door, emergency)


def test_of_a_yes_and_a_no_at_one_time_one_holds_and_the_other_operator_is_told(tmp_path: Path) -> None:
    door = door_in(tmp_path, _POLICY)
    for number in range(_ROUNDS):
        action = replace(_SIGN, path=f"/models/{number}")
        ask = _held(door, action)
        with doors_closed():
            olga, pete = _at(door_in(tmp_path), "olga"), _at(door_in(tmp_path), "pete")
            said = _at_once(partial(approve, ask, Answer(), olga), partial(deny, ask, None, pete))
        (found,) = (
            each for each in asks(door.approvals, now=door.now(), settled=True).asks if each.id == ask
        )
        assert (found.state, said) in (
            ("granted", [f"question {ask} is granted by olga already"]),
            ("refused", [f"question {ask} was refused by pete"]),
        )
        assert _passes(door, action) is (found.state == "granted")


def _at_once(*answers: Callable[[], object]) -> list[str]:
    """What those are told whose answer does not hold."""
    together, said = threading.Barrier(len(answers)), list[str]()

    def say(answer: Callable[[], object]) -> None:
        together.wait()
        try:
            answer()
        except Answered as error:
            said.append(error.what)

    threads = [threading.Thread(target=say, args=(each,)) for each in answers]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    return said
