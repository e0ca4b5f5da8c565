"""A pattern does what `re.compile` would have made, which it asks when it is first used."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from ringfence.core.patterns import pattern


@pytest.mark.parametrize(
    "asked",
    [
        lambda made: made.fullmatch("ab1").groups(),
        lambda made: made.search("AB12").group(),
        lambda made: made.match(" a"),
        lambda made: made.sub("-", "x a1 b2"),
        lambda made: [each.span() for each in made.finditer("a1b2")],
        lambda made: made.split("xa1y"),
        lambda made: (made.pattern, made.flags, made.groups),
    ],
)
def test_it_does_what_a_compiled_one_does(asked: Callable[[Any], object]) -> None:
    given = r"([a-z]+)([0-9])", re.IGNORECASE
    assert asked(pattern(*given)) == asked(re.compile(*given))


def test_it_is_compiled_once_and_only_when_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled, real = [], re.compile
    monkeypatch.setattr(re, "compile", lambda *given: compiled.append(given) or real(*given))
    made = pattern("[a-z]")
    assert compiled == []
    assert (bool(made.match("a")), bool(made.match("1"))) == (True, False)
    assert compiled == [("[a-z]", 0)]


def test_a_pattern_that_is_none_is_a_mistake_when_it_is_used() -> None:
    with pytest.raises(re.error):
        pattern("(").match("a")
