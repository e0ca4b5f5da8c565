"""Frozen dataclasses that cost next to nothing until they are used.

`dataclasses.dataclass` writes and compiles six functions for each class, which for the hundreds of classes
of this program is half of the time that a command takes to start. Here each function is compiled when it is
called for the first time.
"""

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar, cast

__all__ = ["dataclass"]

_T = TypeVar("_T")
_Any = Any  # a value or class of this kind
_NOT_GIVEN: Final = object()


def _dataclass(
    *,
    frozen: bool,
    slots: bool,
    kw_only: bool = False,
    eq: bool = True,
    repr: bool = True,  # noqa: A002
) -> Callable[[type[_T]], type[_T]]:
    """As `dataclasses.dataclass`, for frozen classes with slots. Those derive from such ones alone."""
    assert frozen
    assert slots

    def made(cls: type[_T]) -> type[_T]:
        return _made(cls, kw_only=kw_only, eq=eq, shown=repr)

    return made


if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    dataclass = _dataclass


def _made(cls: type[_T], *, kw_only: bool, eq: bool, shown: bool) -> type[_T]:
    own = cls.__dict__
    has_init, has_eq, has_hash, has_repr = (
        name in own and own[name] is not None for name in ("__init__", "__eq__", "__hash__", "__repr__")
    )
    cls = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True, kw_only=kw_only)(cls)
    methods: dict[str, Callable[..., _Any]] = {
        "__setattr__": _refuse_to_set,
        "__delattr__": _refuse_to_delete,
        "__getstate__": _state,
        "__setstate__": _set_state,
    }
    if not has_init:
        methods["__init__"] = _at_first(cls, "__init__", _init)
    if eq and not has_eq:
        methods["__eq__"] = _at_first(cls, "__eq__", _eq)
    if eq and not has_hash:
        methods["__hash__"] = _at_first(cls, "__hash__", _hash)
    if shown and not has_repr:
        methods["__repr__"] = _shown
    for name, method in methods.items():
        setattr(cls, name, method)
    return cls


def _refuse_to_set(_self: object, name: str, _value: object) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(_self: object, name: str) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: _Any) -> list[object]:
    return [getattr(self, each.name) for each in dataclasses.fields(self)]


def _set_state(self: _Any, state: list[object]) -> None:
    for each, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, each.name, value)


def _shown(self: _Any) -> str:
    each = (f"{each.name}={getattr(self, each.name)!r}" for each in dataclasses.fields(self) if each.repr)
    return f"{type(self).__qualname__}({', '.join(each)})"


def _at_first(cls: type, name: str, compiled: Callable[[_Any], Callable[..., _Any]]) -> Callable[..., _Any]:
    """A method that puts what is `compiled` for the class in its own place."""

    def method(*args: object, **named: object) -> object:
        made = compiled(cls)
        made.__qualname__ = f"{cls.__qualname__}.{name}"
        setattr(cls, name, made)
        return made(*args, **named)

    return method


def _eq(cls: _Any) -> Callable[..., _Any]:
    return _compiled(
        "__eq__(self, other)",
        f"    if other.__class__ is self.__class__:\n"
        f"        return {_compared(cls, 'self')} == {_compared(cls, 'other')}\n"
        f"    return NotImplemented\n",
    )


def _hash(cls: _Any) -> Callable[..., _Any]:
    return _compiled("__hash__(self)", f"    return hash({_compared(cls, 'self')})\n")


def _compared(cls: _Any, of: str) -> str:
    """What makes two values of the class the same, as a tuple."""
    return f"({''.join(f'{of}.{each.name}, ' for each in dataclasses.fields(cls) if each.compare)})"


def _compiled(head: str, body: str, names: dict[str, object] | None = None) -> Callable[..., _Any]:
    """The function of that text, which holds nothing but the program's own names of fields."""
    made: dict[str, object] = {}
    exec(f"def {head}:\n{body}", names or {}, made)  # noqa: S102
    (function,) = made.values()
    return cast("Callable[..., _Any]", function)


def _init(cls: _Any) -> Callable[..., None]:
    names: dict[str, object] = {"not_given": _NOT_GIVEN}
    places: list[str] = []
    keywords: list[str] = []
    lines: list[str] = []
    for number, each in enumerate(dataclasses.fields(cls)):
        names[f"set_{number}"] = getattr(cls, each.name).__set__  # of the slot
        argument, value = each.name, each.name
        if each.default is not dataclasses.MISSING:
            names[f"default_{number}"] = each.default
            argument, unless_given = f"{each.name}=default_{number}", f"default_{number}"
        elif each.default_factory is not dataclasses.MISSING:
            names[f"make_{number}"] = each.default_factory
            argument, unless_given = f"{each.name}=not_given", f"make_{number}()"
            value = f"{unless_given} if {each.name} is not_given else {each.name}"
        else:
            unless_given = ""
        if each.init:
            (keywords if each.kw_only else places).append(argument)
        else:
            value = unless_given
        if value:  # what is not given and has no default is set by the class itself
            lines.append(f"    set_{number}(self_, {value})\n")
    if hasattr(cls, "__post_init__"):
        lines.append("    self_.__post_init__()\n")
    arguments = ", ".join(["self_", *places, *(["*", *keywords] if keywords else [])])
    return _compiled(f"__init__({arguments})", "".join(lines) or "    pass\n", names)
