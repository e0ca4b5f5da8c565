"""What holds of every policy and action: drawn by chance from few words, so that much of it meets."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from deciding import NOW, engine, exemption, ruling
from drawn_policies import actions, many, modes, rules
from often import examples
from ringfence.core.action_types import type_of
from ringfence.core.actions import HostConnect, ModelUse
from ringfence.core.decisions import Effect, Mode, Section
from ringfence.policy.document import Ruling
from ringfence.policy.rule import Like, Rule, Tier
from ringfence.policy.trying import matches

_MODES, _EFFECTS = tuple(Mode), tuple(Effect)
often = settings(max_examples=examples(300), deadline=None)


def gravity(policy: tuple[Ruling, Ruling | None], action: HostConnect | ModelUse) -> tuple[int, int]:
    """As the words say it: what is carried out, then what is said."""
    decision = engine(*policy).decide(action, now=NOW)
    if decision.effect is Effect.ALLOW:
        return (0, 0)
    return (_MODES.index(decision.mode) + 1, _EFFECTS.index(decision.effect))


@often
@given(many, rules(effects=(Effect.DENY, Effect.ASK)), modes, actions)
def test_adding_a_denial_or_a_question_never_permits(
    given_rules: list[Rule], added: Rule, named: dict[Section, Mode], action: HostConnect | ModelUse
) -> None:
    before = engine(ruling(*given_rules, modes=named)).decide(action, now=NOW)
    after = engine(ruling(*given_rules, added, modes=named)).decide(action, now=NOW)
    assert after.may_proceed <= before.may_proceed
    assert set(before.controls) <= set(after.controls)
    if added.effect is Effect.DENY:
        plain, more = ruling(*given_rules, modes=named), ruling(*given_rules, added, modes=named)
        assert gravity((more, None), action) >= gravity((plain, None), action)


@often
@given(many, modes, actions, st.randoms(use_true_random=False))
def test_the_order_of_rules_never_matters(
    given_rules: list[Rule], named: dict[Section, Mode], action: HostConnect | ModelUse, chance: object
) -> None:
    shuffled = list(given_rules)
    chance.shuffle(shuffled)
    one, other = (engine(ruling(*each, modes=named)) for each in (given_rules, shuffled))
    assert one.decide(action, now=NOW) == other.decide(action, now=NOW)


@often
@given(many, modes, st.lists(rules(tier=Tier.WORKING_TREE), max_size=5), modes, actions)
def test_a_working_tree_never_widens(
    given_rules: list[Rule],
    named: dict[Section, Mode],
    of_tree: list[Rule],
    tree_modes: dict[Section, Mode],
    action: HostConnect | ModelUse,
) -> None:
    joined, tree = ruling(*given_rules, modes=named), ruling(*of_tree, modes=tree_modes, file="tree.yaml")
    assert gravity((joined, tree), action) >= gravity((joined, None), action)
    alone, with_tree = (engine(joined, each).decide(action, now=NOW) for each in (None, tree))
    assert with_tree.may_proceed <= alone.may_proceed
    for each in alone.obligations:  # a limit may be smaller, nothing falls away
        assert any(
            (other.kind, other.unit, other.per) == (each.kind, each.unit, each.per)
            and (other.amount or 0) <= (each.amount or 0)
            for other in with_tree.obligations
        )


@often
@given(many, modes, actions, st.integers(0, 5), st.sampled_from([NOW, NOW + timedelta(seconds=1)]))
def test_an_exception_is_as_if_its_rule_were_not_there_and_only_until_its_time(
    given_rules: list[Rule],
    named: dict[Section, Mode],
    action: HostConnect | ModelUse,
    which: int,
    until: object,
) -> None:
    if not given_rules:
        return
    of = given_rules[which % len(given_rules)]
    excepted = exemption("e", of.id, {}, until=until)
    with_it = engine(ruling(*given_rules, modes=named, exemptions=(excepted,))).decide(action, now=NOW)
    rest = [each for each in given_rules if each is not of or until == NOW]
    without = engine(ruling(*rest, modes=named)).decide(action, now=NOW)
    bare = tuple(replace(each, exception=None) for each in with_it.reasons)
    order = {each.section: each for each in without.reasons}
    assert {each.section: each for each in bare} == order
    assert (with_it.effect, with_it.obligations) == (without.effect, without.obligations)
    assert until > NOW or with_it == without


@often
@given(many, modes, actions)
def test_what_is_decided_does_not_hang_on_what_was_decided_before(
    given_rules: list[Rule], named: dict[Section, Mode], action: HostConnect | ModelUse
) -> None:
    used = engine(ruling(*given_rules, modes=named))
    for other in (
        ModelUse(name="a/m", formats=("gguf",)),
        ModelUse(name="a/m", formats=("pickle",), license="MIT", source="a/m"),
        HostConnect(host="a.x", port=1),
    ):
        used.decide(other, now=NOW)
    fresh = engine(ruling(*given_rules, modes=named))
    assert used.decide(action, now=NOW) == fresh.decide(action, now=NOW)


@often
@given(many, modes, actions)
def test_the_index_finds_every_rule_that_matches(
    given_rules: list[Rule], named: dict[Section, Mode], action: HostConnect | ModelUse
) -> None:
    """Each rule names a control of its own, so that a decision tells which ones matched."""
    expected = [
        each.id
        for each in given_rules
        if type_of(action).name in each.action_types
        and matches(each, action)
        and (each.until is None or each.until > NOW)
    ]
    decision = engine(ruling(*given_rules, modes=named)).decide(action, now=NOW)
    assert decision.controls == tuple(sorted(expected))


@often
@given(
    many,
    modes,
    st.lists(rules(tier=Tier.WORKING_TREE), max_size=3),
    modes,
    st.lists(st.booleans(), max_size=6),
    actions,
)
def test_what_passes_where_everything_is_enforced_passes_everywhere_and_always_by_a_rule(
    given_rules: list[Rule],
    named: dict[Section, Mode],
    of_tree: list[Rule],
    tree_named: dict[Section, Mode],
    excepted: list[bool],
    action: HostConnect | ModelUse,
) -> None:
    exemptions = tuple(
        exemption(f"e{rule.id}", rule.id, {"agent": Like(("*",))}, until=NOW + timedelta(days=1))
        for rule, is_excepted in zip(given_rules, excepted, strict=False)
        if is_excepted
    )
    deciding = engine(
        ruling(*given_rules, modes=named, exemptions=exemptions),
        ruling(*of_tree, modes=tree_named, file="tree.yaml"),
    )
    lax, strict = (deciding.decide(action, now=NOW, enforcing=each) for each in (False, True))
    assert strict.may_proceed <= lax.may_proceed
    assert strict.mode is Mode.ENFORCE
    assert not strict.may_proceed or all(each.rule is not None for each in strict.reasons)
