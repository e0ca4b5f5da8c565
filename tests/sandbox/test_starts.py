"""Programs that start in a box, counted: nothing is lost, and little is told of much."""

from collections import Counter
from dataclasses import replace
from math import log2

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.core.limits import LIMITS
from ringfence.sandbox import starts as counting
from ringfence.sandbox.linux.starting import Start
from ringfence.sandbox.starts import Started, Starts


def start(program: str, by: str = "/usr/bin/make", *, arguments: tuple[str, ...] | None = None) -> Start:
    return Start(program=program, by=by, pid=7, arguments=arguments, has_more=False)


def test_the_first_start_of_a_pair_is_told_whole_and_later_ones_as_a_number() -> None:
    starts, first = Starts(), start("/bin/cc", arguments=("-c", "a.c"))
    assert starts.is_new("/bin/cc", "/usr/bin/make")
    starts.count(first)
    assert not starts.is_new("/bin/cc", "/usr/bin/make")
    assert starts.is_new("/bin/cc", "/bin/sh")
    assert starts.take() == (Started(program="/bin/cc", by="/usr/bin/make", times=1, first=first),)
    assert starts.take(all_=True) == ()
    starts.count(start("/bin/cc"))
    assert starts.take() == (Started(program="/bin/cc", by="/usr/bin/make", times=1, first=None),)


def test_a_pair_is_told_again_when_it_has_started_as_often_as_was_told() -> None:
    starts, told = Starts(), list[int]()
    for _ in range(100):
        starts.count(start("/bin/cc"))
        told += [each.times for each in starts.take()]
    assert told == [1, 1, 2, 4, 8, 16, 32]
    assert [each.times for each in starts.take(all_=True)] == [36]


def test_past_the_limit_of_pairs_the_rest_count_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "LIMITS", replace(LIMITS, started_pairs=2))
    starts = Starts()
    for name in "abcab":
        starts.count(start(name))
    assert not starts.is_new("d", "/usr/bin/make")
    assert [(each.program, each.by, each.times) for each in starts.take()] == [
        ("a", "/usr/bin/make", 2),
        ("b", "/usr/bin/make", 2),
        ("", "", 1),
    ]


def test_what_nobody_could_read_counts_together_without_a_first() -> None:
    starts = Starts()
    for by in ("/bin/a", "/bin/b"):
        starts.count(start("", by))
    assert starts.take() == (Started(program="", by="", times=2, first=None),)


def test_what_could_not_be_told_is_told_again_with_what_came_since() -> None:
    starts, first = Starts(), start("/bin/cc", arguments=("a",))
    starts.count(first)
    starts.take_back(starts.take())
    starts.count(start("/bin/cc"))
    assert starts.take() == (Started(program="/bin/cc", by="/usr/bin/make", times=2, first=first),)


@settings(deadline=None)
@given(st.lists(st.one_of(st.sampled_from("abcdef"), st.just(None), st.just("lost")), max_size=300))
def test_whenever_it_is_told_and_whatever_is_lost_all_starts_are_told_once(steps: list[str | None]) -> None:
    starts, counted, told = Starts(), Counter[str](), Counter[str]()
    events = Counter[str]()
    for step in steps:
        if step == "lost":
            starts.take_back(starts.take())
        elif step is None:
            taken = starts.take()
            told.update({each.program: each.times for each in taken})
            events.update(each.program for each in taken)
        else:
            starts.count(start(step))
            counted[step] += 1
    rest = starts.take(all_=True)
    told.update({each.program: each.times for each in rest})
    assert told == counted
    assert all(events[name] <= 2 + log2(counted[name]) for name in counted)
