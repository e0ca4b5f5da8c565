"""Limits: one value of all groups, in which no group takes another's name."""

import dataclasses
from collections import Counter

import pytest

from ringfence.core.limits import LIMITS, Limits


def test_the_limits_are_what_the_groups_say() -> None:
    assert Limits() == LIMITS
    said = {each.name: each.default for group in Limits.__bases__ for each in dataclasses.fields(group)}
    assert {each.name: getattr(LIMITS, each.name) for each in dataclasses.fields(LIMITS)} == said


def test_no_two_groups_have_a_limit_of_one_name() -> None:
    names = Counter(each.name for group in Limits.__bases__ for each in dataclasses.fields(group))
    assert [name for name, count in names.items() if count > 1] == []


def test_a_limit_is_put_otherwise_in_a_copy_alone() -> None:
    less = dataclasses.replace(LIMITS, yaml_bytes=1)
    assert (less.yaml_bytes, less.json_bytes) == (1, LIMITS.json_bytes)
    assert Limits() == LIMITS
    with pytest.raises(dataclasses.FrozenInstanceError):
        LIMITS.yaml_bytes = 1  # type: ignore[misc]
