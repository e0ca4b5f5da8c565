"""The standard library's `dataclass`, whose methods are written when somebody calls them.

The standard one writes and compiles all of them for every class as it is defined, which is half of what it
takes to import a module of values. A command imports hundreds of classes, makes values of some, compares few.
`__init__` is written for those of which many values are made: compiling it takes as long as 30 values do.
What is known of a class's fields is gathered when somebody asks for it, too.

What the standard library's functions do with its dataclasses they do with these. The same functions stand
here because importing that module, with all that it is made of, takes 6 ms.
"""

import sys
from collections.abc import Callable, Mapping
from operator import attrgetter, ge, gt, le, lt
from reprlib import recursive_repr
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn

__all__ = ["asdict", "dataclass", "field", "fields", "is_dataclass", "replace"]

_Method = Callable[..., Any]
_FIELDS = "__dataclass_fields__"  # where the standard library looks for them
_MISSING: Any = object()
_NONE: Mapping[str, Any] = MappingProxyType({})
_FEW = 16  # values of a class, for which no `__init__` is compiled
_ORDER = {"__lt__": lt, "__le__": le, "__gt__": gt, "__ge__": ge}


class _Field:
    """One value of a class."""

    __slots__ = ("compare", "init", "kept", "kw_only", "maker", "metadata", "name", "repr", "type")

    name: str
    type: Any

    def __init__(
        self,
        *,
        default: Any = _MISSING,  # noqa: ANN401 - whatever it is
        default_factory: Any = _MISSING,  # noqa: ANN401
        init: bool = True,
        repr: bool = True,  # noqa: A002 - as the standard library's
        compare: bool = True,
        kw_only: Any = _MISSING,  # noqa: ANN401
        metadata: Mapping[str, Any] = _NONE,
    ) -> None:
        self.kept, self.maker, self.kw_only = default, default_factory, kw_only
        self.init, self.repr, self.compare, self.metadata = init, repr, compare, metadata

    @property
    def default(self) -> object:
        """What the standard library has in its place."""
        return _or_missing(self.kept)

    @property
    def default_factory(self) -> object:
        """What makes it."""
        return _or_missing(self.maker)

    @property
    def _field_type(self) -> object:
        """By which the standard library knows them."""
        from dataclasses import _FIELD  # type: ignore[attr-defined]

        return _FIELD


def _or_missing(value: object) -> object:
    from dataclasses import MISSING

    return MISSING if value is _MISSING else value


def _fields_of(value: object) -> tuple[_Field, ...]:
    """Of a class or of one of its values."""
    found: dict[str, _Field] = getattr(value, _FIELDS)
    return tuple(found.values())


def _replace(value: Any, /, **changes: Any) -> Any:  # noqa: ANN401 - any value
    """Another value of its class, with these changes."""
    kept = {each.name: getattr(value, each.name) for each in _fields_of(value) if each.init}
    return value.__class__(**kept | changes)


def _asdict(value: Any) -> Any:  # noqa: ANN401 - any value
    """With all values within as mappings, too."""
    if hasattr(type(value), _FIELDS):
        return {each.name: _asdict(getattr(value, each.name)) for each in _fields_of(value)}
    if isinstance(value, (list, tuple)):
        return type(value)(map(_asdict, value))
    if isinstance(value, dict):
        return {name: _asdict(each) for name, each in value.items()}
    return value


def _is_dataclass(value: object) -> bool:
    """Whether it is such a class, or a value of one."""
    return hasattr(value if isinstance(value, type) else type(value), _FIELDS)


def _dataclass(
    *,
    slots: bool = False,
    frozen: bool = False,
    kw_only: bool = False,
    repr: bool = True,  # noqa: A002 - as the standard library's
    eq: bool = True,
    order: bool = False,
) -> Callable[[type], type]:
    """As the standard library's, for these options; all that is annotated is a field."""

    def define(cls: type) -> type:
        def write(name: str) -> _Method:
            method = _init(made, is_frozen=frozen) if name == "__init__" else _other(made, name)
            method.__qualname__ = f"{made.__qualname__}.{name}"
            setattr(made, name, method)
            return method

        own: dict[str, Any] = {"__init__": _init_of_few(write, lambda: made, is_frozen=frozen)}
        wanted = {"__repr__": repr, "__eq__": eq, "__hash__": eq and frozen} | dict.fromkeys(_ORDER, order)
        own |= {name: _written_first(name, write) for name, is_wanted in wanted.items() if is_wanted}
        own = {name: method for name, method in own.items() if cls.__dict__.get(name) is None}
        if eq and not frozen and "__hash__" not in cls.__dict__:
            own["__hash__"] = None
        if frozen:
            own |= {"__setattr__": _not_set, "__delattr__": _not_deleted}
            if slots:
                own["__setstate__"] = _unpickled
        own[_FIELDS] = _LaterFields(cls, kw_only=kw_only)
        own["__match_args__"] = _LaterPositional()
        made = _with_slots(cls, own) if slots else _without_slots(cls, own)
        return made

    return define


class _Later:
    """What a class has from the moment when somebody asks it for that."""

    __slots__ = ("_name", "_owner")
    _owner: type
    _name: str

    def __set_name__(self, owner: type, name: str) -> None:
        self._owner, self._name = owner, name

    def __get__(self, _value: object, _cls: type) -> object:
        made = self._made(self._owner)
        setattr(self._owner, self._name, made)
        return made

    def _made(self, cls: type) -> object:
        raise NotImplementedError


class _LaterFields(_Later):
    """Fields of what the class is made from, and its own."""

    __slots__ = ("_defaults", "_kw_only")

    def __init__(self, cls: type, *, kw_only: bool) -> None:
        self._defaults = {name: cls.__dict__[name] for name in cls.__annotations__ if name in cls.__dict__}
        self._kw_only = kw_only

    def _made(self, cls: type) -> object:
        fields: dict[str, _Field] = {}
        for above in cls.__mro__[:0:-1]:
            fields |= getattr(above, _FIELDS, {})
        for name, kind in cls.__annotations__.items():
            field = _field_as_given(self._defaults.get(name, _MISSING))
            field.name, field.type = name, kind
            if field.kw_only is _MISSING:
                field.kw_only = self._kw_only
            fields[name] = field
        return fields


class _LaterPositional(_Later):
    """Names of what may be given by position, and be matched by it."""

    __slots__ = ()

    def _made(self, cls: type) -> object:
        return _positional(cls)


def _field_as_given(given: Any) -> _Field:  # noqa: ANN401 - a default, or what the standard library has of it
    if isinstance(given, _Field):
        return given
    standard = sys.modules.get("dataclasses")
    if standard is None or not isinstance(given, standard.Field):
        return _Field(default=given)
    names = ("default", "default_factory", "init", "repr", "compare", "kw_only", "metadata")
    said = {name: getattr(given, name) for name in names}
    return _Field(**{name: value for name, value in said.items() if value is not standard.MISSING})


def _positional(cls: type) -> tuple[str, ...]:
    return tuple(each.name for each in _fields_of(cls) if each.init and not each.kw_only)


def _with_slots(cls: type, own: dict[str, Any]) -> type:
    """The class anew: slots are nothing that a class can be given."""
    above = cls.__mro__[1:-1]
    fields = (
        dict.fromkeys(name for each in above for name in getattr(each, _FIELDS, ())) | cls.__annotations__
    )
    gone = {"__dict__", "__weakref__", *fields}
    kept = {name: value for name, value in cls.__dict__.items() if name not in gone}
    taken = {slot for each in above for slot in each.__dict__.get("__slots__", ())}
    slots = tuple(name for name in fields if name not in taken)
    return type(cls)(
        cls.__name__, cls.__bases__, {**kept, **own, "__slots__": slots, "__qualname__": cls.__qualname__}
    )


def _without_slots(cls: type, own: dict[str, Any]) -> type:
    for name in cls.__annotations__:
        if name not in cls.__dict__:
            continue
        default = _field_as_given(cls.__dict__[name]).kept
        if default is _MISSING:
            delattr(cls, name)
        elif default is not cls.__dict__[name]:
            setattr(cls, name, default)
    for name, value in own.items():
        setattr(cls, name, value)
        if isinstance(value, _Later):
            value.__set_name__(cls, name)
    return cls


def _written_first(name: str, write: Callable[[str], _Method]) -> _Method:
    def method(self: object, *args: object, **given: object) -> object:
        return write(name)(self, *args, **given)

    return method


def _init_of_few(write: Callable[[str], _Method], cls: Callable[[], type], *, is_frozen: bool) -> _Method:
    """`__init__` for the first values of a class. Who gives it something else is told by the written one."""
    put = object.__setattr__ if is_frozen else setattr
    made = 0
    fields, taken = tuple[_Field, ...](), tuple[str, ...]()
    wanted = needed = frozenset[str]()

    def init(self: Any, *args: Any, **given: Any) -> None:  # noqa: ANN401 - as the fields have it
        nonlocal made, fields, taken, wanted, needed
        if not made:
            fields, taken = _fields_of(cls()), _positional(cls())
            wanted = frozenset(each.name for each in fields if each.init)
            needed = wanted - {each.name for each in fields if each.kept is not each.maker}  # _MISSING
        made += 1
        values = dict(zip(taken, args, strict=False)) | given
        if made > _FEW or len(values) < len(args) + len(given) or not needed <= values.keys() <= wanted:
            write("__init__")(self, *args, **given)
            return
        for each in fields:
            if each.name in values:
                put(self, each.name, values[each.name])
            elif each.maker is not _MISSING:
                put(self, each.name, each.maker())
            elif each.kept is not _MISSING:
                put(self, each.name, each.kept)
        if hasattr(self, "__post_init__"):
            self.__post_init__()

    return init


def _init(made: type, *, is_frozen: bool) -> _Method:
    """`__init__`, which takes the fields' values and keeps them."""
    known: dict[str, Any] = {"_put": object.__setattr__, "_missing": _MISSING}
    taken, named = ["self"], list[str]()
    lines: list[str] = []
    for each in _fields_of(made):
        name, value, default = each.name, each.name, ""
        if each.maker is not _MISSING:
            known[f"_make_{name}"], default = each.maker, "=_missing"
            value = f"_make_{name}() if {name} is _missing else {name}" if each.init else f"_make_{name}()"
        elif each.kept is not _MISSING:
            known[f"_default_{name}"], default = each.kept, f"=_default_{name}"
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
    """Another method, which does what the standard library's does for the same fields."""
    fields = _fields_of(made)
    if name == "__repr__":
        return _repr(tuple(each.name for each in fields if each.repr))
    key = _key([each.name for each in fields if each.compare])
    if name == "__hash__":
        return lambda self: hash(key(self))
    if name == "__eq__":
        return lambda self, other: (
            key(self) == key(other) if other.__class__ is self.__class__ else NotImplemented
        )
    compare = _ORDER[name]
    return lambda self, other: (
        compare(key(self), key(other)) if other.__class__ is self.__class__ else NotImplemented
    )


def _key(names: list[str]) -> Callable[[object], tuple[Any, ...]]:
    """What gives an object's values of these names."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda self: tuple(getattr(self, name) for name in names)


def _repr(names: tuple[str, ...]) -> _Method:
    @recursive_repr()
    def shown(self: object) -> str:
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{self.__class__.__qualname__}({values})"

    return shown


def _unpickled(self: object, state: tuple[None, dict[str, object]]) -> None:
    for name, value in state[1].items():
        object.__setattr__(self, name, value)


def _not_set(_self: object, name: str, _value: object) -> NoReturn:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _not_deleted(_self: object, name: str) -> NoReturn:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot delete field {name!r}")


if TYPE_CHECKING:
    from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
else:
    asdict, dataclass, field = _asdict, _dataclass, _Field
    fields, is_dataclass, replace = _fields_of, _is_dataclass, _replace
