import copy
import dataclasses
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from ringfence.core import values


def _families(dataclass: Callable[..., Any]) -> tuple[Any, Any, Any]:
    @dataclass(frozen=True, slots=True)
    class Place:
        """Positional."""

        x: int
        y: int = 7

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Thing:
        """With all kinds of fields."""

        name: str
        parts: list[int] = dataclasses.field(default_factory=list)
        note: str | None = dataclasses.field(default=None, compare=False, repr=False)
        length: int = dataclasses.field(init=False)

        def __post_init__(self) -> None:
            object.__setattr__(self, "length", len(self.name))

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Special(Thing):
        """Derived."""

        more: tuple[int, ...] = ()

    return Place, Thing, Special


_OURS, _THEIRS = _families(values.dataclass), _families(dataclasses.dataclass)


def _told(work: Callable[[], object]) -> object:
    try:
        return work()
    except (TypeError, AttributeError) as error:
        return type(error), str(error).replace("_families.<locals>.", "")


_USES: tuple[Callable[[Any, Any, Any], object], ...] = (
    lambda place, _, __: repr(place(1)),
    lambda place, _, __: repr(place(1, y=2)),
    lambda place, _, __: place(),
    lambda place, _, __: place(1, 2, 3),
    lambda place, _, __: place.__match_args__,
    lambda _, thing, __: thing.__match_args__,
    lambda _, thing, __: thing("a"),
    lambda _, thing, __: repr(thing(name="a", parts=[1], note="n")),
    lambda _, thing, __: thing(name="abc").length,
    lambda _, thing, __: thing(name="a", length=1),
    lambda _, thing, __: thing(name="a") == thing(name="a", note="other"),
    lambda _, thing, __: thing(name="a") == thing(name="b"),
    lambda _, thing, special: thing(name="a") == special(name="a"),
    lambda place, _, __: place(1) == 1,
    lambda place, _, __: hash(place(1)) == hash(place(1)),
    lambda _, thing, __: hash(thing(name="a")),
    lambda _, thing, __: thing(name="a").parts is thing(name="a").parts,
    lambda _, __, special: repr(special(name="a", more=(1,))),
    lambda _, __, special: [each.name for each in dataclasses.fields(special)],
    lambda place, _, __: dataclasses.asdict(place(1)),
    lambda place, _, __: repr(dataclasses.replace(place(1), y=9)),
    lambda place, _, __: repr(copy.deepcopy(place(1, 2))),
    lambda place, _, __: setattr(place(1), "x", 2),
    lambda place, _, __: delattr(place(1), "x"),
    lambda place, _, __: hasattr(place(1), "__dict__"),
)


@pytest.mark.parametrize("use", _USES)
def test_a_value_is_as_one_of_the_standard_library(use: Callable[..., object]) -> None:
    assert _told(lambda: use(*_OURS)) == _told(lambda: use(*_THEIRS))


def test_a_value_is_found_by_an_equal_one() -> None:
    place = _OURS[0]
    assert {place(1, 2): "here"}[place(1, 2)] == "here"


@values.dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class _Bare:
    """Compared by identity, and shown as objects are."""

    number: int


def test_what_is_not_wanted_is_as_objects_have_it() -> None:
    one = _Bare(number=1)
    assert one != _Bare(number=1)
    assert repr(one) == object.__repr__(one)
    assert pickle.loads(pickle.dumps(one)).number == 1


def test_the_constructor_is_compiled_with_the_first_value() -> None:
    place = _families(values.dataclass)[0]
    before = place.__init__
    place(1)
    assert place.__init__ is not before
    assert place.__init__.__qualname__ == "_families.<locals>.Place.__init__"
