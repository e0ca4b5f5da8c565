"""Values are as the standard library's `dataclass` makes them, though their methods are written later."""

import copy
import dataclasses
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import field
from typing import Any, Generic, TypeVar

import pytest

from ringfence.core.dataclass import asdict, dataclass, fields, is_dataclass, replace
from ringfence.core.dataclass import field as own_field

_T = TypeVar("_T")


def _often(**options: bool) -> Callable[[type], type]:
    """Our own, of a class of which many values have been made."""

    def define(cls: type) -> type:
        made = dataclass(**options)(cls)
        for _ in range(20):
            made(x=1)
        return made

    return define


_MAKERS: tuple[Callable[..., Any], ...] = (dataclasses.dataclass, dataclass, _often)


def _point(maker: Callable[..., Any], **options: bool) -> type:
    @maker(**{"slots": True} | options)
    class Point:
        """A point."""

        x: int
        y: int = 2
        tags: list[str] = field(default_factory=list, compare=False)
        hidden: str = field(default="h", repr=False)
        _kept: dict[str, int] = field(init=False, default_factory=dict, compare=False)

    return Point


def _said(does: Callable[[Any], object], made: type) -> object:
    """What came of it, or the error, without addresses in memory."""
    try:
        return re.sub("0x[0-9a-f]+", "0x", str(does(made)))
    except (TypeError, AttributeError) as error:
        return type(error), str(error)


_DOES: tuple[Callable[[Any], object], ...] = (
    lambda made: repr(made(x=1)),
    lambda made: repr(made(x=1, y=3, tags=["a"], hidden="z")),
    lambda made: made(x=1, tags=["a"]) == made(x=1),
    lambda made: made(x=1) == made(x=2),
    lambda made: made(x=1) == "a point",
    lambda made: made(x=1).tags is made(x=1).tags,
    lambda made: len({*map(hash, [made(x=1), made(x=1, tags=["a"])])}),
    lambda made: len({made(x=1), made(x=1), made(x=2)}),
    lambda made: sorted([made(x=2), made(x=1)])[0].x,
    lambda made: made(x=1) <= made(x=1),
    lambda made: made(1),
    lambda made: made(1, 2).y,
    lambda made: made(1, x=1),
    lambda made: made(1, 2, ["a"], "z", 5),
    lambda made: made(),
    lambda made: made(x=1, z=2),
    lambda made: made(x=1, _kept={}),
    lambda made: setattr(made(x=1), "x", 2),
    lambda made: delattr(made(x=1), "x"),
    lambda made: dataclasses.replace(made(x=1), y=9).y,
    lambda made: dataclasses.asdict(made(x=1)),
    lambda made: [each.name for each in dataclasses.fields(made)],
    lambda made: made.__match_args__,
    lambda made: made.__slots__,
    lambda made: made.__doc__,
)


@pytest.mark.parametrize("does", _DOES)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"frozen": True},
        {"frozen": True, "kw_only": True},
        {"eq": False},
        {"order": True},
        {"repr": False},
        {"slots": False},
        {"slots": False, "frozen": True},
    ],
    ids=str,
)
def test_values_behave_as_the_standard_library_s(
    options: dict[str, bool], does: Callable[[Any], object]
) -> None:
    standard, ours, often = (_said(does, _point(each, **options)) for each in _MAKERS)
    assert (ours, often) == (standard, standard)


def test_methods_that_a_class_has_of_its_own_stay() -> None:
    @dataclass(slots=True, frozen=True)
    class Own:
        name: str

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Own) and self.name.lower() == other.name.lower()

        def __hash__(self) -> int:
            return hash(self.name.lower())

        def __repr__(self) -> str:
            return f"<{self.name}>"

    assert {Own("A")} == {Own("a")}
    assert repr(Own("A")) == "<A>"


def test_what_follows_the_making_of_a_value_is_called() -> None:
    @dataclass(slots=True, frozen=True)
    class Checked:
        count: int

        def __post_init__(self) -> None:
            if self.count < 0:
                raise ValueError("less than none")

    assert Checked(1).count == 1
    with pytest.raises(ValueError, match="less than none"):
        Checked(-1)


def test_a_class_has_the_fields_of_what_it_is_made_from() -> None:
    @dataclass(slots=True, frozen=True, kw_only=True)
    class Above(Generic[_T]):
        held: _T
        who: str = "nobody"

    @dataclass(slots=True, frozen=True, kw_only=True)
    class Below(Above[int]):
        more: int

    made = Below(held=1, more=2)
    assert (made.held, made.who, made.more) == (1, "nobody", 2)
    assert Above(held="x") == Above(held="x")
    assert Below(held=1, more=2) == made != Above(held=1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.more = 3  # type: ignore[misc]


@pytest.mark.parametrize("slots", [True, False])
def test_values_are_copied(*, slots: bool) -> None:
    made = _point(dataclass, frozen=True, slots=slots)(x=1, tags=["a"])
    assert copy.deepcopy(made) == made
    assert copy.deepcopy(made).tags == ["a"]


def test_a_class_without_slots_is_joined_of_several() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Sizes:
        bytes_: int = 10

    @dataclass(frozen=True, kw_only=True)
    class Times:
        wait_s: float = 1.5

    @dataclass(frozen=True, kw_only=True)
    class Both(Sizes, Times):
        depth: int = 3

    made = Both(wait_s=2.0)
    assert (made.bytes_, made.wait_s, made.depth) == (10, 2.0, 3)
    assert dataclasses.replace(made, depth=4) == Both(wait_s=2.0, depth=4) != made
    assert copy.deepcopy(made) == made
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.bytes_ = 11  # type: ignore[misc]


def test_nothing_is_written_for_a_class_of_which_there_are_few_values() -> None:
    @dataclass(slots=True, frozen=True)
    class Used:
        x: int

    before = Used.__init__
    few = [Used(each) for each in range(16)]
    assert (Used.__init__, [each.x for each in few]) == (before, [*range(16)])
    assert [Used(16), Used(17)] == [Used(x=16), Used(x=17)]
    written = Used.__init__
    assert written is not before
    Used(18)
    assert Used.__init__ is written


def test_a_class_that_makes_its_values_itself_can_have_them_made_above() -> None:
    @dataclass(slots=True)
    class Above:
        held: int

    @dataclass(slots=True)
    class Below(Above):
        more: str

        def __init__(self, held: int) -> None:
            super(Below, self).__init__(held)  # noqa: UP008 - a class with slots is another one
            self.more = "more"

    assert (Below(1).held, Below(1).more) == (1, "more")


@dataclass(frozen=True, slots=True)
class _Within:
    number: int
    kept: int = field(init=False, default=3)


@dataclass(frozen=True, slots=True)
class _Around:
    name: str
    within: tuple[_Within, ...]
    by_name: dict[str, _Within] = own_field(default_factory=dict)
    noted: str = own_field(default="n", metadata={"words": None})


@pytest.mark.parametrize(
    "value",
    [_Around("a", (_Within(1), _Within(2)), {"x": _Within(4)}), _Around("b", ()), _Around, _Within(5)],
)
def test_the_functions_beside_it_do_what_the_standard_library_s_do(value: Any) -> None:
    assert fields(value) == dataclasses.fields(value)
    assert (is_dataclass(value), is_dataclass("text"), is_dataclass(str)) == (True, False, False)
    if not isinstance(value, type):
        assert asdict(value) == dataclasses.asdict(value)
        name = fields(value)[0].name
        assert replace(value, **{name: 9}) == dataclasses.replace(value, **{name: 9})


def test_the_standard_library_and_others_find_in_a_field_what_they_expect() -> None:
    missing = dataclasses.MISSING
    assert [(each.default, each.default_factory, dict(each.metadata)) for each in fields(_Around)] == [
        (missing, missing, {}),
        (missing, missing, {}),
        (missing, dict, {}),
        ("n", missing, {"words": None}),
    ]


def test_what_starts_boxes_does_not_wait_for_what_dataclasses_and_their_signatures_are_made_of() -> None:
    script = (
        "import sys, ringfence.wiring.running, ringfence.app.running.homes; print('inspect' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout == "False\n"
