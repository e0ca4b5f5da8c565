from dataclasses import replace
from datetime import timedelta

import pytest

from deciding import DIGEST, NOW, engine, exemption, rule, ruling
from ringfence.core.actions import (
    Action,
    HostConnect,
    ModelUse,
)
from ringfence.core.decisions import (
    Decision,
    Effect,
    Mode,
    Obligation,
    ObligationKind,
    Place,
    Reason,
    Section,
)
from ringfence.policy.rule import Rule, Tier

ALLOW, ASK, DENY = Effect.ALLOW, Effect.ASK, Effect.DENY
OBSERVE, WARN, ENFORCE = Mode.OBSERVE, Mode.WARN, Mode.ENFORCE
CONNECT = HostConnect(agent="claude", host="api.example.com", port=443)
MODEL = ModelUse(name="org/m", formats=("gguf",))


def effect_of(*rules: Rule, action: Action = CONNECT, mode: Mode = ENFORCE) -> tuple[str, str]:
    decision = engine(ruling(*rules, modes=mode)).decide(action, now=NOW)
    return decision.effect.value, decision.mode.value


def test_a_decision_names_the_rule_its_line_and_what_goes_with_it() -> None:
    limit = Obligation(kind=ObligationKind.LIMIT, unit="calls", amount=10, per="hour")
    decides = rule(
        "api",
        ALLOW,
        {"host": "api.*.com"},
        obligations=(limit,),
        why="We use it.",
        controls=("soc2:CC7.2", "a:1"),
    )
    assert engine(ruling(decides)).decide(CONNECT, now=NOW) == Decision(
        effect=ALLOW,
        mode=ENFORCE,
        reasons=(
            Reason(
                section=Section.AGENTS,
                effect=ALLOW,
                mode=ENFORCE,
                rule="api",
                at=Place(file="user.yaml", line=3),
                why="We use it.",
            ),
        ),
        obligations=(limit,),
        controls=("a:1", "soc2:CC7.2"),
        policy_digest=DIGEST,
    )


@pytest.mark.parametrize(
    ("mode", "effect"), [(OBSERVE, ALLOW), (WARN, DENY), (ENFORCE, DENY)], ids=["observe", "warn", "enforce"]
)
def test_what_nothing_matched_falls_to_the_mode(mode: Mode, effect: Effect) -> None:
    decision = engine(ruling(modes=mode)).decide(CONNECT, now=NOW)
    at = Place(file="user.yaml", line=1)
    assert decision.reasons == (Reason(section=Section.AGENTS, effect=effect, mode=mode, rule=None, at=at),)
    assert decision.may_proceed is (mode is not ENFORCE)


def test_a_section_that_no_file_names_observes() -> None:
    decision = engine(ruling(modes={})).decide(CONNECT, now=NOW)
    assert decision.reasons == (
        Reason(section=Section.AGENTS, effect=ALLOW, mode=OBSERVE, rule=None, at=None),
    )


ALLOWS, ASKS, DENIES = rule("a", ALLOW), rule("as", ASK), rule("den", DENY)


@pytest.mark.parametrize(
    ("rules", "section", "outcome"),
    [
        ((ALLOWS, ASKS), ENFORCE, ("ask", "enforce")),
        ((ALLOWS, ASKS, DENIES), ENFORCE, ("deny", "enforce")),
        ((ALLOWS, replace(DENIES, mode=OBSERVE)), ENFORCE, ("deny", "observe")),
        ((ASKS, replace(DENIES, mode=OBSERVE)), ENFORCE, ("ask", "enforce")),
        ((ASKS, replace(DENIES, mode=WARN)), ENFORCE, ("ask", "enforce")),
        ((replace(ASKS, mode=WARN), replace(DENIES, mode=OBSERVE), ALLOWS), ENFORCE, ("ask", "warn")),
        # What is only tried out opens nothing.
        ((replace(ALLOWS, mode=OBSERVE),), ENFORCE, ("deny", "enforce")),
        ((replace(DENIES, mode=OBSERVE),), ENFORCE, ("deny", "enforce")),
        ((replace(ASKS, mode=WARN),), ENFORCE, ("deny", "enforce")),
        ((replace(ALLOWS, mode=OBSERVE),), WARN, ("deny", "warn")),
        ((replace(DENIES, mode=ENFORCE),), OBSERVE, ("deny", "enforce")),
        ((replace(ALLOWS, mode=ENFORCE),), OBSERVE, ("allow", "enforce")),
        ((DENIES,), OBSERVE, ("deny", "observe")),
        ((ASKS,), WARN, ("ask", "warn")),
    ],
)
def test_the_gravest_consequence_decides(
    rules: tuple[Rule, ...], section: Mode, outcome: tuple[str, str]
) -> None:
    assert effect_of(*rules, mode=section) == outcome


def test_each_section_of_an_action_must_agree_and_the_gravest_comes_first() -> None:
    use = ("model.use",)
    rules = (
        rule("m", ALLOW, section=Section.MODELS, types=use),
        rule("so", ASK, section=Section.SOURCES, types=use),
        rule("lic", ALLOW, section=Section.LICENSES, types=use),
    )
    decision = engine(ruling(*rules)).decide(MODEL, now=NOW)
    assert [(each.section, each.rule) for each in decision.reasons] == [
        (Section.SOURCES, "so"),
        (Section.MODELS, "m"),
        (Section.LICENSES, "lic"),
    ]
    assert decision.effect is ASK


def limit(amount: int, unit: str = "calls", per: str = "hour") -> Obligation:
    return Obligation(kind=ObligationKind.LIMIT, unit=unit, amount=amount, per=per)


FULL = Obligation(kind=ObligationKind.RECORD_IN_FULL)
REDACT = Obligation(kind=ObligationKind.REDACT)


@pytest.mark.parametrize(
    ("rules", "mode", "obligations"),
    [
        (
            (rule("a", ALLOW, obligations=(limit(10),)), rule("bb", ALLOW, obligations=(limit(3),))),
            ENFORCE,
            (limit(3),),
        ),
        (
            (rule("a", ALLOW, obligations=(limit(3), limit(9, per="day"), limit(1, "usd-micro"))),),
            ENFORCE,
            (limit(9, per="day"), limit(3), limit(1, "usd-micro")),
        ),
        (
            (rule("a", ALLOW, obligations=(REDACT,)), rule("bb", ALLOW, obligations=(FULL, REDACT))),
            ENFORCE,
            (FULL, REDACT),
        ),
        (
            (rule("a", ALLOW, obligations=(REDACT,)), rule("no", ALLOW, {"port": "80"}, obligations=(FULL,))),
            ENFORCE,
            (REDACT,),
        ),
        ((rule("a", ALLOW), rule("bb", ASK, obligations=(FULL,))), ENFORCE, (FULL,)),
        ((rule("a", ALLOW, obligations=(REDACT, FULL)),), OBSERVE, (FULL,)),
        ((rule("a", ALLOW), rule("bb", DENY, mode=OBSERVE, obligations=(REDACT, FULL))), ENFORCE, (FULL,)),
    ],
)
def test_obligations_of_all_that_matched_and_is_carried_out_count_and_the_smallest_limit(
    rules: tuple[Rule, ...], mode: Mode, obligations: tuple[Obligation, ...]
) -> None:
    assert engine(ruling(*rules, modes=mode)).decide(CONNECT, now=NOW).obligations == obligations


def tree(*rules: Rule, mode: Mode | None = None) -> object:
    modes = {} if mode is None else {Section.AGENTS: mode}
    return ruling(*(replace(each, tier=Tier.WORKING_TREE) for each in rules), modes=modes, file="tree.yaml")


@pytest.mark.parametrize(
    ("joined", "of_tree", "mode", "outcome"),
    [
        ((ALLOWS,), (DENIES,), None, ("deny", "enforce", "den")),
        ((DENIES,), (ALLOWS,), None, ("deny", "enforce", "den")),
        ((), (ALLOWS,), None, ("deny", "enforce", None)),
        ((ALLOWS,), (), None, ("allow", "enforce", "a")),
        ((ALLOWS,), (), OBSERVE, ("allow", "enforce", "a")),
        ((ALLOWS,), (), WARN, ("allow", "enforce", "a")),
        ((ALLOWS,), (), ENFORCE, ("deny", "enforce", None)),
        ((ALLOWS,), (rule("b", ALLOW),), ENFORCE, ("allow", "enforce", "a")),
        ((ALLOWS,), (rule("b", ALLOW, mode=OBSERVE),), ENFORCE, ("deny", "enforce", None)),
    ],
)
def test_a_working_tree_only_restricts(
    joined: tuple[Rule, ...], of_tree: tuple[Rule, ...], mode: Mode | None, outcome: tuple[str, str, str]
) -> None:
    reason = engine(ruling(*joined), tree(*of_tree, mode=mode)).decide(CONNECT, now=NOW).reasons[0]
    assert (reason.effect, reason.mode, reason.rule) == outcome


def test_a_working_tree_that_enforces_makes_rules_hold_that_were_only_observed() -> None:
    lax = ruling(DENIES, modes=OBSERVE)
    assert engine(lax).decide(CONNECT, now=NOW).may_proceed
    reason = engine(lax, tree(rule("b", ALLOW), mode=ENFORCE)).decide(CONNECT, now=NOW).reasons[0]
    assert (reason.effect, reason.mode, reason.rule) == (DENY, ENFORCE, "den")


def test_what_a_working_tree_allows_is_never_the_reason() -> None:
    allows = tree(rule("b", ALLOW, mode=ENFORCE))
    reason = engine(ruling(modes=OBSERVE), allows).decide(CONNECT, now=NOW).reasons[0]
    assert (reason.effect, reason.mode, reason.rule) == (ALLOW, OBSERVE, None)


@pytest.mark.parametrize("amounts", [(3, 10), (10, 3)])
def test_of_two_limits_the_smaller_holds(amounts: tuple[int, int]) -> None:
    rules = (rule("r" * at, ALLOW, obligations=(limit(each),)) for at, each in enumerate(amounts, start=1))
    assert engine(ruling(*rules)).decide(CONNECT, now=NOW).obligations == (limit(3),)


@pytest.mark.parametrize(
    ("rules", "named", "outcome"),
    [
        ((), OBSERVE, ("deny", "enforce", None)),
        ((), WARN, ("deny", "enforce", None)),
        ((ALLOWS,), OBSERVE, ("allow", "enforce", "a")),
        ((replace(ALLOWS, mode=OBSERVE),), OBSERVE, ("allow", "enforce", "a")),
        ((ALLOWS, replace(DENIES, mode=OBSERVE)), OBSERVE, ("deny", "enforce", "den")),
        ((ALLOWS, replace(ASKS, mode=WARN)), WARN, ("ask", "enforce", "as")),
        ((replace(ALLOWS, mode=OBSERVE),), WARN, ("deny", "enforce", None)),
        ((replace(ALLOWS, mode=OBSERVE),), ENFORCE, ("deny", "enforce", None)),
        ((replace(ASKS, mode=OBSERVE),), ENFORCE, ("deny", "enforce", None)),
    ],
)
def test_everything_is_enforced_where_that_is_asked_and_what_is_tried_out_opens_no_stricter_section(
    rules: tuple[Rule, ...], named: Mode, outcome: tuple[str, str, str | None]
) -> None:
    deciding = engine(ruling(*rules, modes=named))
    before = deciding.decide(CONNECT, now=NOW)
    reason = deciding.decide(CONNECT, now=NOW, enforcing=True).reasons[0]
    assert (reason.effect, reason.mode, reason.rule) == outcome
    assert deciding.decide(CONNECT, now=NOW) == before
    if reason.rule is None:  # and no line is named that says something else
        assert reason.at == (Place(file="user.yaml", line=1) if named is ENFORCE else None)


def test_a_working_trees_silence_denies_nothing_where_everything_is_enforced() -> None:
    for mode, effect in ((None, ALLOW), (OBSERVE, ALLOW), (WARN, ALLOW), (ENFORCE, DENY)):
        deciding = engine(ruling(ALLOWS, modes=OBSERVE), tree(mode=mode))
        assert deciding.decide(CONNECT, now=NOW, enforcing=True).effect is effect
    denies = engine(ruling(ALLOWS, modes=OBSERVE), tree(replace(DENIES, mode=OBSERVE)))
    assert denies.decide(CONNECT, now=NOW, enforcing=True).effect is DENY


def test_an_exception_holds_and_is_told_where_everything_is_enforced() -> None:
    excepted = exemption("e", "den", {"host": "api.example.com"}, until=NOW + timedelta(days=1))
    for rules, effect in (((ALLOWS, DENIES), ALLOW), ((DENIES,), DENY)):
        deciding = engine(ruling(*rules, modes=OBSERVE, exemptions=(excepted,)))
        decision = deciding.decide(CONNECT, now=NOW, enforcing=True)
        assert (decision.effect, decision.reasons[0].rule) == (effect, "a" if effect is ALLOW else None)
        assert decision.reasons[0].exception == ("e" if effect is ALLOW else None)
