"""Rules written down again, each in the general form: what is read back means the same.

Shorthands become the rules that they stand for, under ids of their own.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal

from ringfence.core.action_types import ACTION_TYPES
from ringfence.core.actions import FieldKind
from ringfence.core.decisions import Mode, Obligation, ObligationKind, Section
from ringfence.core.labels import Integrity, Sensitivity
from ringfence.policy.rule import (
    AtLeast,
    AtMost,
    Before,
    Condition,
    Example,
    Exemption,
    From,
    Is,
    Like,
    Rule,
    Test,
    Unlike,
)
from ringfence.policy.words import words_of

__all__ = ["CannotWrite", "written"]

_Value = str | int | bool | list["_Value"] | dict[str, "_Value"]

_RANKS = {name: words_of(words) for each in ACTION_TYPES for name, words in each.words.items()}
_RANKS |= {"context.integrity": words_of(Integrity), "context.sensitivity": words_of(Sensitivity)}
_LABELS = frozenset(
    name for each in ACTION_TYPES for name, kind in each.fields.items() if kind is FieldKind.LABEL
)


_COMMAND = {"arguments": "argument"}  # in the plural a mapping is of a tool's arguments


class CannotWrite(ValueError):
    """A rule that asks for the same test of one fact twice, which no document says in one rule."""


def written(
    rules: Iterable[Rule], *, modes: Mapping[Section, Mode], exemptions: Iterable[Exemption] = ()
) -> str:
    """A document with these rules, modes and exceptions.

    Raises:
        CannotWrite: a rule has no general form.
    """
    by_section: dict[Section, list[Rule]] = {}
    for rule in rules:
        by_section.setdefault(rule.section, []).append(rule)
    lines = ["version: 1"]
    for section in Section:
        if section in modes or section in by_section:
            lines.append(f"{section}:")
            lines += [f"  mode: {modes[section]}"] if section in modes else []
            lines += ["  rules:"] if section in by_section else []
            lines += [f"  - {_text(_rule(rule))}" for rule in by_section.get(section, ())]
    exceptions = [f"- {_text(_exemption(each))}" for each in exemptions]
    return "\n".join([*lines, *(["exceptions:", *exceptions] if exceptions else [])]) + "\n"


def _text(value: _Value) -> str:
    """JSON, which YAML reads as it is."""
    return json.dumps(value, ensure_ascii=False)


def _id(name: str) -> str:
    """An id that a document may name."""
    return name.replace(":", ".").replace("/", "-")


def _rule(rule: Rule) -> dict[str, _Value]:
    found: dict[str, _Value] = {"id": _id(rule.id), "actions": [*sorted(rule.action_types)]}
    if rule.conditions:
        found["match"] = _match(rule.conditions)
    found["then"] = rule.effect.value
    if rule.mode is not None:
        found["mode"] = rule.mode.value
    if rule.refused_as is not None:
        found["refused_as"] = rule.refused_as.value
    if rule.obligations:
        found["obligations"] = [_obligation(each) for each in rule.obligations]
    if rule.until is not None:
        found["until"] = _moment(rule.until)
    if rule.why is not None:
        found["why"] = rule.why
    if rule.controls:
        found["controls"] = [*rule.controls]
    if rule.examples:
        found["examples"] = {
            key: [_example(each) for each in rule.examples if each.matches is matches]
            for key, matches in (("match", True), ("not_match", False))
        }
    return found


def _exemption(exemption: Exemption) -> dict[str, _Value]:
    match: dict[str, _Value] = {"match": _match(exemption.conditions)} if exemption.conditions else {}
    return {
        "id": _id(exemption.id),
        "rule": _id(exemption.rule),
        **match,
        "asked_by": exemption.asked_by,
        "reviewed_by": exemption.reviewed_by,
        "why": exemption.why,
        "until": _moment(exemption.until),
    }


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _match(conditions: Iterable[Condition]) -> dict[str, _Value]:
    found: dict[str, _Value] = {}
    for condition in conditions:
        within, name = found, _COMMAND.get(condition.field, condition.field)
        outer, _, part = name.partition(".")
        if part:
            inner = found.setdefault(outer, {})
            assert isinstance(inner, dict)
            within, name = inner, part
        key, value = _test(condition)
        known = within.setdefault(name, {"unknown": "ignore"} if condition.ignores_unknown else {})
        assert isinstance(known, dict)
        if key in known or condition.ignores_unknown is not ("unknown" in known):
            raise CannotWrite(condition.field)
        known[key] = value
    return found


def _test(condition: Condition) -> tuple[str, _Value]:
    test: Test = condition.test
    match test:
        case Like(patterns):
            return "like", [*patterns]
        case Unlike(patterns):
            return "not", [*patterns]
        case AtLeast(value):
            return "at_least", _amount(condition.field, value)
        case AtMost(value):
            return "at_most", _amount(condition.field, value)
        case Before(version):
            return "before", version
        case From(version):
            return "from", version
        case Is(value):
            return "is", value


def _amount(field: str, value: int) -> _Value:
    if field in _RANKS:
        return _RANKS[field][value]
    return f"{value}s" if field == "lasts_s" else value


def _obligation(obligation: Obligation) -> _Value:
    if obligation.kind is not ObligationKind.LIMIT:
        return obligation.kind.value
    assert obligation.amount is not None
    unit, amount = obligation.unit, str(obligation.amount)
    if unit == "usd-micro":
        unit, amount = "USD", f"{Decimal(obligation.amount) / 1_000_000:f}"
    return {"limit": f"{amount} {'B' if unit == 'bytes' else unit}/{obligation.per}"}


def _example(example: Example) -> dict[str, _Value]:
    found: dict[str, _Value] = {"action": example.action_type}
    for name, value in example.facts.items():
        found[name] = _fact(name, value)
    return found


def _fact(name: str, value: object) -> _Value:
    """A fact as examples spell it: a tool's arguments by name."""
    if name == "lasts_s":
        return f"{value}s"
    if name == "arguments" and isinstance(value, list) and value and isinstance(value[0], dict):
        return {str(each["name"]): str(each["text"]) for each in value}
    if isinstance(value, list | tuple):
        return [str(each) for each in value]
    if name in _LABELS and isinstance(value, Mapping):
        return {str(key): str(part) for key, part in value.items()}
    assert isinstance(value, str | int)
    return value
