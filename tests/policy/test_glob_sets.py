from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.core.actions import FieldKind
from ringfence.core.limits import LIMITS
from ringfence.policy.glob_sets import TooManySteps, covers, witnesses
from ringfence.policy.globs import SEPARATORS, glob

KINDS = (FieldKind.TEXT, FieldKind.NAME, FieldKind.HOST, FieldKind.PATH)
patterns = st.lists(st.sampled_from(["a", "b", "*", "**", "?", "/", "."]), max_size=4).map("".join)
ALL = ["".join(each) for length in range(5) for each in product("abx/.", repeat=length)]


def can_occur(text: str, kind: FieldKind) -> bool:
    separator = SEPARATORS.get(kind)
    if separator is None:
        return True
    if kind is FieldKind.HOST and (text.startswith(".") or text.endswith(".")):
        return False
    return separator * 2 not in text


def fitting(text: str, several: list[str], kind: FieldKind) -> frozenset[str]:
    return frozenset(each for each in several if glob(each, kind).fits(text))


@settings(max_examples=150, deadline=None)
@given(st.lists(patterns, min_size=1, max_size=3), st.sampled_from(KINDS))
def test_there_is_one_witness_for_whatever_a_text_can_fit_at_once(
    several: list[str], kind: FieldKind
) -> None:
    found = witnesses(several, kind)
    combinations = [fitting(each, several, kind) for each in found]
    assert len(set(combinations)) == len(combinations)
    possible = {fitting(text, several, kind) for text in ALL if can_occur(text, kind)}
    assert possible <= set(combinations)


@settings(max_examples=300, deadline=None)
@given(patterns, patterns, st.sampled_from(KINDS))
def test_what_covers_leaves_nothing_out(wide: str, narrow: str, kind: FieldKind) -> None:
    outside = [
        text
        for text in ALL
        if can_occur(text, kind) and glob(narrow, kind).fits(text) and not glob(wide, kind).fits(text)
    ]
    if covers(wide, narrow, kind):
        assert outside == []
    else:
        assert any(
            frozenset({narrow}) == fitting(each, [wide, narrow], kind)
            for each in witnesses([wide, narrow], kind)
        )


def test_hosts_are_told_apart_by_hosts() -> None:
    assert witnesses(["*.example.com", "**.example.com", "api.example.com"], FieldKind.HOST) == (
        "y",
        "example.com",
        "y.example.com",
        "api.example.com",
    )


def test_ten_thousand_names_are_told_apart() -> None:
    names = [f"org{number}/model" for number in range(10_000)]
    assert len(witnesses(names, FieldKind.NAME)) == 10_001


def test_too_many_ways_are_told_and_some_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ringfence.policy.glob_sets.LIMITS", replace(LIMITS, policy_pattern_steps=50_000))
    with pytest.raises(TooManySteps) as told:
        witnesses([f"*{a}*{b}*{a}*" for a, b in product("abcdefgh", repeat=2)], FieldKind.TEXT)
    assert "aba" in told.value.found
    assert not covers("*a" + "?" * 30, "*a" + "?" * 31, FieldKind.NAME)
    assert covers("*a*", "a" + "?" * 31, FieldKind.NAME)
