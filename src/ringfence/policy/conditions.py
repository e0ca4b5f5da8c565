"""Conditions made ready: what to read of an action, and a test on it.

A test on what is known gives True, False, or None when the value cannot be read, such as a version that is
none; None counts as unknown. So does what is not canonical: `a/../b` is compared with nothing (`canonical`).

Where a fact has several values, a rule that allows takes none of them on trust: all must fit what it asks
for, and there must be one. A rule that denies or asks needs one that fits, or one that does not fit what it
makes an exception of. Signatures are the other way round: one that is trusted is enough, whoever else signed.
"""

from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from functools import lru_cache
from operator import attrgetter
from typing import Any, get_args, get_origin

from ringfence.core.action_types import ACTION_TYPES, ActionType
from ringfence.core.actions import Action, FieldKind
from ringfence.core.dataclass import dataclass, fields
from ringfence.core.labels import Integrity, Sensitivity
from ringfence.policy.canonical import canonical
from ringfence.policy.globs import glob
from ringfence.policy.license_terms import may_be, must_be
from ringfence.policy.rule import AtLeast, AtMost, Before, Condition, From, Is, Like, Test, Unlike
from ringfence.policy.versions import is_older
from ringfence.policy.words import member_of

__all__ = ["Check", "Fact", "check", "fact", "reader"]

_KNOWN_FACTS = 4096
_ARGUMENTS = "arguments."
_CONTEXT: dict[str, type[Enum]] = {"context.integrity": Integrity, "context.sensitivity": Sensitivity}
_MADE = {each.name: each.made for each in ACTION_TYPES}
_ONE_IS_ENOUGH = frozenset({"signed_by"})
_GLOBS = frozenset({FieldKind.TEXT, FieldKind.NAME, FieldKind.PATH, FieldKind.HOST})

_Judge = Callable[[Any], bool | None]  # of what is known
_Fits = Callable[[Any], bool]  # of one value


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A field of an action, or a part of one that conditions may name."""

    name: str
    kind: FieldKind
    words: type[Enum] | None
    has_several: bool

    @property
    def form(self) -> Callable[[str], str | None] | None:
        """As `canonical`; None where it is read as it stands."""
        return None if self.has_several or "." in self.name else canonical(self.name, self.kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One condition of one rule, for one type of action."""

    fact: Fact
    judge: _Judge
    unknown_matches: bool


def fact(name: str, action_type: ActionType) -> Fact:
    """What a condition's field is in actions of this type.

    Raises:
        KeyError: they have none of this name.
    """
    return _fact(name, action_type.name)


@lru_cache(maxsize=_KNOWN_FACTS)
def _fact(name: str, type_name: str) -> Fact:
    if name in _CONTEXT:
        return Fact(name=name, kind=FieldKind.RANK, words=_CONTEXT[name], has_several=False)
    found = {each.name: each for each in fields(_MADE[type_name])}
    if name.startswith(_ARGUMENTS) and found["arguments"].metadata["kind"] is FieldKind.ARGUMENTS:
        return Fact(name=name, kind=FieldKind.TEXT, words=None, has_several=True)
    field = found[name]
    several = any(get_origin(each) is tuple for each in (field.type, *get_args(field.type)))
    kind, words = field.metadata["kind"], field.metadata["words"]
    return Fact(name=name, kind=kind, words=words, has_several=several)


def reader(facts: Sequence[Fact]) -> Callable[[Action], Sequence[object]]:
    """What reads these facts of an action, in this order and canonical; None is unknown."""
    read = _read_all(facts)
    forms = tuple((at, form) for at, each in enumerate(facts) if (form := each.form) is not None)
    if not forms:
        return read

    def read_canonical(action: Action) -> list[object]:
        values = list(read(action))
        for at, form in forms:
            value = values[at]
            if value is not None:
                values[at] = form(value)
        return values

    return read_canonical


def check(condition: Condition, action_type: ActionType, *, allows: bool) -> Check:
    """The condition, ready for actions of this type.

    `allows`: it stands in a rule that allows, or in an exception.

    Raises:
        BadGlob: a pattern is none.
        KeyError: actions of this type have no such field.
        ValueError: a word or number is none of the field's.
    """
    about = fact(condition.field, action_type)
    return Check(
        fact=about,
        judge=_judge(condition.test, about, allows=allows),
        unknown_matches=not allows and not condition.ignores_unknown,
    )


def _read_all(facts: Sequence[Fact]) -> Callable[[Action], Sequence[Any]]:
    if len(facts) > 1 and all("." not in each.name for each in facts):
        return attrgetter(*(each.name for each in facts))
    readers = tuple(_read(each.name) for each in facts)
    return lambda action: [read(action) for read in readers]


def _read(name: str) -> Callable[[Action], object]:
    if name in _CONTEXT:
        part = attrgetter(name.partition(".")[2])
        return lambda action: None if action.context is None else part(action.context)
    if not name.startswith(_ARGUMENTS):
        return attrgetter(name)
    wanted = name.removeprefix(_ARGUMENTS)
    below = f"{wanted}."

    def of_arguments(action: Any) -> tuple[str, ...] | None:  # noqa: ANN401 - a ToolCall, by its table
        if action.arguments is None:  # of a question that leaves them open
            return None
        return tuple(
            each.text for each in action.arguments if each.name == wanted or each.name.startswith(below)
        )

    return of_arguments


def _judge(test: Test, about: Fact, *, allows: bool) -> _Judge:
    if isinstance(test, Like | Unlike):
        is_like = isinstance(test, Like)
        fits = _fits(test.patterns, about)
        if about.name == "license":
            return _of_license(fits, test.patterns, about, is_like=is_like, allows=allows)
        if about.has_several:
            return _of_several(fits, is_like=is_like, allows=allows, name=about.name)
        return fits if is_like else lambda value: not fits(value)
    return _compared(test, about)


def _of_several(fits: _Fits, *, is_like: bool, allows: bool, name: str) -> _Judge:
    if is_like and allows and name not in _ONE_IS_ENOUGH:
        return lambda values: bool(values) and all(map(fits, values))
    if is_like:
        return lambda values: any(map(fits, values))
    if allows or name in _ONE_IS_ENOUGH:
        return lambda values: not any(map(fits, values))
    return lambda values: not values or not all(map(fits, values))


def _of_license(fits: _Fits, patterns: Iterable[str], about: Fact, *, is_like: bool, allows: bool) -> _Judge:
    """Patterns name single licenses; one without `*` may be a whole expression, and `*` alone is all."""
    written_out = [each for each in patterns if not set("*?") & set(each) or each == "*"]
    whole = _fits(written_out, about) if written_out else None
    follow = may_be if is_like is allows else must_be

    def like(expression: str) -> bool | None:
        fitting = follow(expression, fits)
        return True if not fitting and whole is not None and whole(expression) else fitting

    def unlike(expression: str) -> bool | None:
        fitting = like(expression)
        return None if fitting is None else not fitting

    return like if is_like else unlike


def _fits(patterns: Iterable[str], about: Fact) -> _Fits:
    """Whether a value fits one of the patterns."""
    kind = about.kind
    if kind is FieldKind.NUMBER:
        return frozenset(map(int, patterns)).__contains__
    if about.words is not None:
        return frozenset(member_of(about.words, each) for each in patterns).__contains__
    text_kind = kind if kind in _GLOBS else FieldKind.TEXT
    globs = [glob(each, text_kind) for each in patterns]
    exact = frozenset(each.exact for each in globs if each.exact is not None)
    same = _one_of(exact, tuple(each.matches for each in globs if each.exact is None))
    return (lambda text: same(text.casefold())) if text_kind is FieldKind.TEXT else same


def _one_of(exact: frozenset[str], others: tuple[_Fits, ...]) -> _Fits:
    """Whether a folded text is one of these, or one of these fits."""
    if not others:
        return exact.__contains__
    if len(others) == 1 and not exact:
        return others[0]
    return lambda text: text in exact or any(matches(text) for matches in others)


def _compared(test: AtLeast | AtMost | Before | From | Is, about: Fact) -> _Judge:
    match test:
        case Is(value=value):
            return lambda known: known is value
        case Before(version=version):
            return lambda known: is_older(known, version)
        case From(version=version):

            def is_not_older(known: str) -> bool | None:
                older = is_older(known, version)
                return None if older is None else not older

            return is_not_older
        case AtLeast(value=value):
            return _ranked(about, value.__le__)
        case AtMost(value=value):
            return _ranked(about, value.__ge__)


def _ranked(about: Fact, accepts: Callable[[int], bool]) -> _Judge:
    """For a number whether it is accepted, for a word whether its rank is."""
    if about.words is None:
        return accepts
    return frozenset(member for rank, member in enumerate(about.words) if accepts(rank)).__contains__
