"""The standard library's `dataclass`, whose methods are written when they are first called.

The standard one writes and compiles all of them for every class as it is defined, which is half of what it
takes to import a module of values. A command imports hundreds of classes, makes values of some, compares few.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import MISSING
from typing import TYPE_CHECKING, Any, NoReturn

__all__ = ["dataclass"]

_Method = Callable[..., Any]
_ORDER = ("__lt__", "__le__", "__gt__", "__ge__")


def _dataclass(
    *,
    slots: bool = False,
    frozen: bool = False,
    kw_only: bool = False,
    repr: bool = True,  # noqa: A002 - as the standard library's
    eq: bool = True,
    order: bool = False,
) -> Callable[[type], type]:
    """As the standard library's, for these options."""

    def define(cls: type) -> type:
        def write(name: str) -> _Method:
            method = _init(made, is_frozen=frozen) if name == "__init__" else _other(made, name)
            method.__qualname__ = f"{made.__qualname__}.{name}"
            setattr(made, name, method)
            return method

        wanted = {"__init__": True, "__repr__": repr, "__eq__": eq, "__hash__": eq and frozen}
        for name, is_wanted in (wanted | dict.fromkeys(_ORDER, order)).items():
            if is_wanted and cls.__dict__.get(name) is None:
                setattr(cls, name, _written_first(name, write))
        if eq and not frozen and "__hash__" not in cls.__dict__:
            cls.__hash__ = None  # type: ignore[assignment]
        if frozen:
            cls.__setattr__, cls.__delattr__ = _not_set, _not_deleted  # type: ignore[assignment]
            if slots:
                cls.__setstate__ = _unpickled  # type: ignore[attr-defined]
        made: type = dataclasses.dataclass(
            cls, init=False, repr=False, eq=False, slots=slots, kw_only=kw_only
        )
        return made

    return define


def _written_first(name: str, write: Callable[[str], _Method]) -> _Method:
    def method(self: object, *args: object, **given: object) -> object:
        return write(name)(self, *args, **given)

    return method


def _init(made: type, *, is_frozen: bool) -> _Method:
    """`__init__`, which takes the fields' values and keeps them."""
    known: dict[str, Any] = {"_put": object.__setattr__, "_missing": MISSING}
    taken, named = ["self"], list[str]()
    lines: list[str] = []
    for each in dataclasses.fields(made):
        name, value, default = each.name, each.name, ""
        if each.default_factory is not MISSING:
            known[f"_make_{name}"], default = each.default_factory, "=_missing"
            value = f"_make_{name}() if {name} is _missing else {name}" if each.init else f"_make_{name}()"
        elif each.default is not MISSING:
            known[f"_default_{name}"], default = each.default, f"=_default_{name}"
            value = name if each.init else f"_default_{name}"
        if each.init:
            (named if each.kw_only else taken).append(name + default)
        if each.init or default:
            lines.append(f"_put(self, {name!r}, {value})" if is_frozen else f"self.{name} = {value}")
    if hasattr(made, "__post_init__"):
        lines.append("self.__post_init__()")
    head = ", ".join([*taken, *["*"][: len(named)], *named])
    body = "\n ".join(lines or ["pass"])
    exec(f"def __init__({head}):\n {body}", known)  # noqa: S102 - of the fields' names alone
    init: _Method = known["__init__"]
    return init


def _other(made: type, name: str) -> _Method:
    """Another method, as the standard library writes it for a class of the same fields."""
    like = dataclasses.make_dataclass(
        made.__name__,
        [(each.name, each.type, each) for each in dataclasses.fields(made)],
        init=False,
        repr=name == "__repr__",
        eq=name != "__repr__",
        unsafe_hash=name == "__hash__",
        order=name in _ORDER,
    )
    method: _Method = getattr(like, name)
    return method


def _unpickled(self: object, state: tuple[None, dict[str, object]]) -> None:
    for name, value in state[1].items():
        object.__setattr__(self, name, value)


def _not_set(_self: object, name: str, _value: object) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _not_deleted(_self: object, name: str) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    dataclass = _dataclass
