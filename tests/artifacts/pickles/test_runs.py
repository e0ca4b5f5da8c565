"""Runs of texts, passed over in one go, leave the memo as one item after the other would."""

import pickle
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.artifacts.budget import Budget
from ringfence.artifacts.pickles import machine as machines
from ringfence.artifacts.pickles.items import LIST, Plain
from ringfence.artifacts.pickles.machine import Machine
from ringfence.artifacts.pickles.runs import Run, passed
from ringfence.artifacts.pickles.seen import Anomaly, Seen
from ringfence.artifacts.reader import Reader

_TEXTS = st.one_of(st.text(max_size=40), st.text("abc\x8c\x94", max_size=40), st.sampled_from("abcdefgh"))
_PLAIN = st.one_of(_TEXTS, st.integers(-5, 70_000), st.floats(), st.none(), st.booleans(), st.just(()))
_FLAT = st.one_of(_PLAIN, st.lists(_PLAIN, max_size=5), st.just(0x94), st.just(0x9494))
_DATA = st.recursive(
    _FLAT, lambda inner: st.one_of(st.lists(inner, max_size=50), st.dictionaries(_TEXTS, inner, max_size=50))
)
_ABOUT = b"\x8c\x02os\x94\x8c\x06system\x94"


def machine_over(data: bytes) -> Machine:
    """A machine that has walked the pickle."""
    machine = Machine(Reader.of_bytes(data), Seen(lambda _module, _name: False))
    machine.pickle(0)
    return machine


def outcome(
    data: bytes, *, one_by_one: bool = False
) -> tuple[list[object], list[tuple[str, str]], list[Anomaly]]:
    """What the memo holds in the end, what was imported, and what was odd."""
    with patch.object(machines, "passed", (lambda *_, **__: None) if one_by_one else passed):
        machine = machine_over(data)
    items = [machine.memo.get(key) for key in range(len(machine.memo))]
    shown = [item if isinstance(item, (int, Plain)) else type(item) for item in items]
    return shown, list(machine.seen.imports), list(machine.seen.anomalies.values())


@given(_DATA, st.sampled_from([3, 4, 5]))
def test_the_memo_is_numbered_as_it_would_be_one_by_one(value: object, protocol: int) -> None:
    data = pickle.dumps(value, protocol=protocol)
    assert outcome(data) == outcome(data, one_by_one=True)


@given(st.lists(st.dictionaries(st.sampled_from("abcdefgh"), _FLAT), min_size=20, max_size=40))
def test_so_it_is_where_keys_come_from_the_memo(value: object) -> None:
    data = pickle.dumps(value, protocol=4)
    assert outcome(data) == outcome(data, one_by_one=True)


@given(
    st.lists(
        st.sampled_from(
            (
                *(bytes([code]) for code in b"](}eu0)Nas\x94"),
                b"K\x94",
                b"M\x94h",
                b"G" + b"\x94h" * 4,
                b"h\x00",
                b"h\x1f",
                b"\x8c\x01h\x94",
                b"\x8c\x00\x94",
                b"]\x94(",
                b"q\x02",
                b"\x8c\x01\xff\x94",
                b"\x93",
            )
        ),
        max_size=40,
    )
)
def test_so_it_is_in_what_no_program_writes(opcodes: list[bytes]) -> None:
    data = b"\x80\x04]\x94(" + _ABOUT * 20 + b"e" + b"".join(opcodes) + b"."
    assert outcome(data) == outcome(data, one_by_one=True)


@pytest.mark.parametrize(
    "run",
    [
        b"](%be" % _ABOUT,
        b"](K\x94M\x94\x94%bG\x94\x94\x94\x94\x94\x94\x94\x94e" % _ABOUT,
        b"](K\x8cM\x02\x8cJ\x02\x8c\x8c\x8cG\x8c\x07abcdefN%be" % _ABOUT,
        b"}(%bu" % _ABOUT,
        b"}(\x8c\x01aK\x94%bu" % _ABOUT,
        b"}(K\x01%bu0](%be" % (_ABOUT[:5], _ABOUT[5:]),
    ],
)
def test_names_within_a_run_are_found_when_somebody_asks_for_them(run: bytes) -> None:
    first = outcome(b"\x80\x04" + run + b"0N.", one_by_one=True)[0]
    at = [number for number, item in enumerate(first) if item is not LIST][-2:]
    assert outcome(b"\x80\x04%b0h%ch%c\x93." % (run, *at))[1] == [("os", "system")]


def test_a_run_is_one_item_in_the_memo_until_somebody_asks() -> None:
    machine = machine_over(b"\x80\x04](%be." % (_ABOUT * 50))
    assert {type(each) for each in machine.memo.near} == {Run}
    assert machine.memo.get(3) == 4 + 5 + 9 + 5
    assert {type(each) for each in machine.memo.near} == {int}


def test_looking_for_what_was_passed_over_is_paid_for() -> None:
    data = b"\x80\x04](%beh\x00." % (_ABOUT * 50)
    machine = Machine(
        Reader.of_bytes(data, budget=Budget(read_bytes=len(data))), Seen(lambda _module, _name: False)
    )
    machine.pickle(0)
    (odd,) = machine.seen.anomalies.values()
    assert odd.over_limit


@pytest.mark.parametrize(
    ("data", "odd"),
    [
        (b"\x80\x04](\x8c\x01\xff\x94e.", "a text that is not UTF-8"),
        (b"\x80\x04}(%b\x8c\x01a\x94u." % _ABOUT, "a dictionary with a key without a value"),
        (b"\x80\x04](%bh\x05e." % _ABOUT, "refers to a memo entry that this pickle never made"),
        (b"\x80\x04](%be0](h\x20e." % (_ABOUT * 16), "refers to a memo entry that this pickle never made"),
    ],
)
def test_what_is_odd_in_a_run_is_said(data: bytes, odd: str) -> None:
    assert odd in {each.detail for each in outcome(data)[2]}


def test_a_run_is_numbered_behind_what_stands_elsewhere_in_the_memo() -> None:
    data = b"\x80\x04K\x01q\x630](%be." % (_ABOUT * 3)
    assert outcome(data) == outcome(data, one_by_one=True)


def test_a_run_ends_with_its_frame() -> None:
    run = b"](" + _ABOUT * 3 + b"e"
    frame = b"\x95" + (len(run) - 4).to_bytes(8, "little")
    (odd,) = outcome(b"\x80\x04" + frame + run + b".")[2]
    assert odd.detail == "an opcode crosses the end of its frame"
