"""Actions as events and messages may hold them: without secrets, and yet no two of them the same.

Command lines, tools' arguments, paths and parameters of requests lose whatever looks secret, names and paths
of files only what is a secret beyond doubt (`core/redaction.py`). Where something is cut of what a grant
compares, an HMAC over the exact value with the user's own key stands beside it, so that a grant is for
exactly that value, and nobody who reads the ledger finds a short one by guessing.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from itertools import zip_longest
from typing import Any, TypeVar, cast

from ringfence.core.action_types import type_of
from ringfence.core.actions import Action, Argument, CommandRun, CredentialUse, HttpRequest, ToolCall
from ringfence.core.dataclass import replace
from ringfence.core.labels import Label
from ringfence.core.limits import LIMITS
from ringfence.core.redaction import CUT, redact, redact_name, redact_value
from ringfence.ledger.values import Facts, Foreign, Json
from ringfence.policy.telling import facts_of

__all__ = [
    "HIDDEN",
    "exact_facts",
    "foreign",
    "hidden_values",
    "recorded_facts",
    "without_keys",
    "without_secrets",
    "without_sources",
]

HIDDEN = "hidden"
"""The fact beside an action's own that tells what was cut: by field how many values, and their digest."""

_LONGEST = LIMITS.ask_chars  # of one text; an operator is shown nothing longer
_PLACES = frozenset({"host", "source"})
_HARMLESS = frozenset({int, bool, type(None)})
_SHORT = 128  # characters of names that are seen again and again: hosts, agents, sessions

ActionT = TypeVar("ActionT", bound=Action)


def without_secrets(action: ActionT) -> ActionT:
    """The same action with `[cut]` in place of each secret; itself where it has none."""
    shown: dict[str, Any] = {}
    for name in type_of(action).fields:
        was = getattr(action, name)
        is_ = was if type(was) in _HARMLESS else _field(name, was, type(action))
        if is_ is not was and is_ != was:
            shown[name] = is_
    return replace(action, **shown) if shown else action


def exact_facts(action: Action) -> Facts:
    """All facts of the action as they are: for whoever carries it out, and never for an event."""
    return cast("Facts", facts_of(action))


def recorded_facts(action: Action, fingerprint: Callable[[object], str]) -> Facts:
    """The action as events hold it: its type as `action`, each field without secrets, and what is hidden.

    `fingerprint` is the keyed digest of a value.
    """
    shown = without_secrets(action)
    facts = exact_facts(shown)
    if shown is action:
        return facts
    exact = exact_facts(action)
    hidden: dict[str, Json] = {}
    for name in type_of(action).compares:
        was, is_ = without_sources(exact[name]), without_sources(facts[name])
        if was != is_:
            told = [type_of(action).name, name, was]
            hidden[name] = {"values": _differing(was, is_), "digest": fingerprint(told)}
    return {**facts, HIDDEN: hidden} if hidden else facts


def hidden_values(facts: Facts) -> int:
    """How many values are cut of these facts."""
    hidden = facts.get(HIDDEN)
    if not isinstance(hidden, Mapping):
        return 0
    counts = (each.get("values") for each in hidden.values() if isinstance(each, Mapping))
    return sum(each for each in counts if isinstance(each, int))


def without_sources(value: Json) -> Json:
    """A fact without where labelled values came from: that differs with each try of the same action."""
    if isinstance(value, Mapping):
        return {key: without_sources(item) for key, item in value.items() if key != "sources"}
    if isinstance(value, list | tuple):
        return [without_sources(each) for each in value]
    return value


def without_keys(facts: Facts) -> Facts:
    """Facts of anything, each text in them without what is a secret beyond doubt."""
    return {redact_name(key): _json(item, is_place=key in _PLACES) for key, item in facts.items()}


def foreign(text: str) -> Foreign:
    """What somebody said or what went wrong, as events hold it."""
    return Foreign(text=redact_name(text))


def _field(name: str, value: object, made: type[Any]) -> object:
    special = _SPECIAL.get((made, name))
    return _plain(value, is_place=name in _PLACES) if special is None else special(value)


def _command_line(arguments: tuple[str, ...]) -> tuple[str, ...]:
    cut = redact(arguments, longest=_LONGEST)
    return tuple(_ended(shown, was) for shown, was in zip(cut, arguments, strict=True))


def _arguments(arguments: tuple[Argument, ...]) -> tuple[Argument, ...]:
    return tuple(map(_argument, arguments))


def _argument(argument: Argument) -> Argument:
    text = redact_value(argument.name, argument.text, longest=_LONGEST)
    return Argument(
        name=redact_name(argument.name), text=_ended(text, argument.text), label=_label(argument.label)
    )


def _path(text: str) -> str:
    return _ended(redact((text,), longest=_LONGEST)[0], text)


def _query(parameters: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return None if parameters is None else tuple(map(_parameter, parameters))


def _parameter(text: str) -> str:
    """A request's `name=value`: its value goes by what it is called and by what it looks like."""
    name, equals, value = text.partition("=")
    shown = redact_value(name, value, longest=_LONGEST)
    return _path(name) + equals + _ended(shown, value)


_SPECIAL: Mapping[tuple[type[Action], str], Callable[[Any], object]] = {
    (CommandRun, "arguments"): _command_line,
    (ToolCall, "arguments"): _arguments,
    (CredentialUse, "path"): _path,
    (HttpRequest, "path"): _path,
    (HttpRequest, "query"): _query,
}


def _ended(shown: str, was: str) -> str:
    """With a mark where the end was not looked at."""
    return shown + CUT if len(was) > _LONGEST and not shown.endswith(CUT) else shown


def _label(label: Label) -> Label:
    if not (label.sources or label.writers or label.readers):
        return label
    return replace(
        label,
        sources=tuple(redact_name(each, is_place=True) for each in label.sources),
        writers=frozenset(map(redact_name, label.writers)),
        readers=None if label.readers is None else frozenset(map(redact_name, label.readers)),
    )


def _plain(value: object, *, is_place: bool = False) -> object:
    if type(value) is str:  # and no word of an enumeration
        if len(value) <= _SHORT:
            return _short_name(value, is_place)
        return _ended(redact_name(value[:_LONGEST], is_place=is_place), value)
    match value:
        case Label():
            return _label(value)
        case tuple() | frozenset():
            return type(value)(_plain(each, is_place=is_place) for each in value)
    return value


@lru_cache(maxsize=1_024)
def _short_name(text: str, is_place: bool) -> str:
    return redact_name(text, is_place=is_place)


def _json(value: Json, *, is_place: bool = False) -> Json:
    if isinstance(value, str):
        return redact_name(value, is_place=is_place)
    if isinstance(value, Mapping):
        return without_keys(value)
    if isinstance(value, list | tuple):
        return [_json(each, is_place=is_place) for each in value]
    return value


def _differing(one: Json, other: Json) -> int:
    """How many values differ."""
    return sum(1 for pair in zip_longest(_leaves(one), _leaves(other)) if pair[0] != pair[1])


def _leaves(value: Json) -> Iterator[Json]:
    if isinstance(value, Mapping):
        for each in value.values():
            yield from _leaves(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _leaves(each)
    else:
        yield value
