"""Rules written down and read back mean the same."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loading import loaded
from often import examples
from ringfence.core.actions import FieldKind
from ringfence.core.decisions import Effect, Mode, Obligation, ObligationKind, Place, Section
from ringfence.policy.built_in import STARTER, STRICT, text_of
from ringfence.policy.load import load
from ringfence.policy.rule import (
    AtLeast,
    AtMost,
    Before,
    Condition,
    From,
    Is,
    Like,
    Manner,
    Rule,
    RuleId,
    Tier,
    Unlike,
)
from ringfence.policy.shapes.fields import Field, fields_of, types_of
from ringfence.policy.written import CannotWrite, written

EVERYTHING = (Path(__file__).parent / "documents" / "everything.yaml").read_bytes()
WAY_OUT = (Path(__file__).parent / "documents" / "way_out.yaml").read_bytes()


def meaning(rule: Rule) -> tuple[object, ...]:
    return (
        rule.section,
        rule.action_types,
        frozenset(rule.conditions),
        rule.effect,
        rule.mode,
        rule.obligations,
        rule.until,
        rule.why,
        rule.controls,
        rule.refused_as,
        tuple((each.action_type, each.facts, each.matches) for each in rule.examples),
    )


@pytest.mark.parametrize("text", [EVERYTHING, WAY_OUT, text_of(STARTER), text_of(STRICT)])
def test_documents_written_down_mean_the_same(text: bytes) -> None:
    ruling = loaded(text).joined
    modes = {section: mode for section, (mode, _) in ruling.modes.items()}
    again = loaded(written(ruling.rules, modes=modes, exemptions=ruling.exemptions)).joined
    by_section = sorted(ruling.rules, key=lambda rule: list(Section).index(rule.section))
    back = sorted(again.rules, key=lambda rule: list(Section).index(rule.section))
    assert [meaning(each) for each in back] == [meaning(each) for each in by_section]
    assert {section: mode for section, (mode, _) in again.modes.items()} == modes
    assert [(each.rule, each.conditions, each.until) for each in again.exemptions] == [
        (each.rule, each.conditions, each.until) for each in ruling.exemptions
    ]


_PATTERN = st.text("abA0*?/.-_ é:#'\"&!", min_size=1, max_size=8)
_PATTERNS = st.lists(_PATTERN, min_size=1, max_size=3).map(tuple)
_YEAR = datetime.fromisoformat("2000-01-01")
_NUMBERS = st.integers(0, 2**40)


@st.composite
def conditions(draw: st.DrawFn, field: Field) -> Condition:
    kind, name = field.kind, field.name
    patterns = _PATTERNS if kind is not FieldKind.HOST else st.just(("*.example.com", "a?"))
    if kind is FieldKind.LABEL:
        name, kind, words = f"{name}.integrity", FieldKind.RANK, 5
    elif kind is FieldKind.ARGUMENTS:
        name, words = f"{name}.{draw(st.sampled_from(['to', 'options.limit']))}", 0
    else:
        words = len(field.words)
    match kind:
        case FieldKind.NUMBER:
            test = draw(st.builds(AtLeast, _NUMBERS) | st.builds(AtMost, _NUMBERS))
        case FieldKind.RANK:
            test = draw(st.builds(AtLeast, st.integers(0, words - 1)))
        case FieldKind.WORD:
            test = draw(st.builds(Like, st.lists(st.sampled_from(field.words), min_size=1).map(tuple)))
        case FieldKind.YES_NO:
            test = draw(st.builds(Is, st.booleans()))
        case FieldKind.VERSION:
            test = draw(st.builds(Before, st.just("1.0")) | st.builds(From, st.just("0.10")))
        case _:
            test = draw(st.builds(Like, patterns) | st.builds(Unlike, patterns))
    return Condition(field=name, test=test, ignores_unknown=draw(st.booleans()))


_CAPS = st.builds(
    Obligation,
    kind=st.just(ObligationKind.LIMIT),
    unit=st.sampled_from(["calls", "usd-micro", "bytes"]),
    amount=st.integers(1, 10**12),
    per=st.sampled_from(["minute", "hour", "day", "session"]),
)
_PLAIN = st.builds(Obligation, kind=st.sampled_from(list(ObligationKind)[:3]))


@st.composite
def rules(draw: st.DrawFn, number: int) -> Rule:
    section = draw(st.sampled_from(Section))
    of = draw(st.sampled_from(types_of(section)))
    fields = draw(st.lists(st.sampled_from(fields_of((of.name,))), unique_by=lambda each: each.name))
    effect = draw(st.sampled_from(Effect))
    moments = st.datetimes(_YEAR, _YEAR.replace(year=2100), timezones=st.just(UTC))
    return Rule(
        id=RuleId(f"r{number}"),
        section=section,
        tier=Tier.SYSTEM,
        at=Place(file="p.yaml", line=1),
        action_types=frozenset({of.name}),
        conditions=tuple(draw(conditions(each)) for each in fields),
        effect=effect,
        mode=draw(st.none() | st.sampled_from(Mode)),
        obligations=tuple(draw(st.lists(_PLAIN | _CAPS, max_size=2))),
        until=draw(st.none() | moments.map(lambda each: each.replace(microsecond=0)))
        if effect is Effect.ALLOW
        else None,
        why=draw(st.none() | st.text("abc é'\"\n:#\\", min_size=1, max_size=9)),
        controls=tuple(draw(st.lists(st.just("soc2:CC7.2"), max_size=2))),
        refused_as=draw(st.none() | st.sampled_from(Manner))
        if section is Section.AGENTS and effect is not Effect.ALLOW
        else None,
    )


@settings(deadline=None, max_examples=examples(150))
@given(st.data())
def test_any_rules_written_down_mean_the_same(data: st.DataObject) -> None:
    made = [data.draw(rules(number)) for number in range(data.draw(st.integers(0, 4)))]
    text = written(made, modes={})
    again = {each.id: each for each in loaded(text).joined.rules}
    assert {each.id: meaning(each) for each in made} == {name: meaning(each) for name, each in again.items()}


def test_the_same_test_twice_of_one_fact_cannot_be_written() -> None:
    twice = loaded(
        "version: 1\nagents: {profiles: {a*: {rules: [{match: {agent: '*b'}, then: deny}]}}}\n"
    ).joined.rules
    with pytest.raises(CannotWrite):
        written(twice, modes={})


def test_what_is_written_loads_as_a_policy() -> None:
    from loading import of_tier

    ruling = loaded(EVERYTHING).joined
    assert len(load([of_tier(written(ruling.rules, modes={}))]).rules) == len(ruling.rules)
