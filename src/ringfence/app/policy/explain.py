"""Why a policy says what it says of one action, and what would turn it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from ringfence.core.action_types import type_of
from ringfence.core.actions import Action
from ringfence.core.dataclass import dataclass
from ringfence.core.decisions import Effect, Mode, Place, Reason, Section
from ringfence.core.registries import Registry
from ringfence.policy.comparing import level
from ringfence.policy.facts import facts_of
from ringfence.policy.known_agents import for_agent
from ringfence.policy.policy import Policy
from ringfence.policy.rule import Condition, Rule
from ringfence.policy.sentences import (
    backquoted,
    condition_words,
    obligation_words,
    of_actions,
    of_rule,
)
from ringfence.policy.turning import Turn, near, turns

__all__ = [
    "OUTCOMES",
    "Asked",
    "Change",
    "Explanation",
    "NearRule",
    "SectionWord",
    "WouldTurn",
    "explain",
    "known_facts",
]

OUTCOMES = ("happens", "is asked about", "does not happen")
_NEAR = 3  # rules of a section that are told when none decided


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One condition of a rule, and how the action's fact stands to it."""

    fact: str
    asks: str  # in words
    holds: bool
    is_known: bool  # an unknown fact counts against the action
    value: object  # what it is; null when unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class NearRule:
    """A rule that would have decided, had all of this held."""

    rule: str
    at: str
    effect: Effect
    says: str
    lacks: tuple[Asked, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionWord:
    """What one section says, and why."""

    section: Section
    effect: Effect
    mode: Mode
    rule: str | None  # None: no rule decided, and the section's mode did
    at: str | None
    says: str | None  # the rule as a sentence
    conditions: tuple[Asked, ...]  # of the deciding rule
    exception: str | None  # under which a stricter rule did not count
    near: tuple[NearRule, ...]  # where no rule decided: what it would have needed
    overruled: tuple[str, ...]  # there: rules of a user that match, and the system closes


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A fact that would have to be another."""

    fact: str
    before: object
    after: object


@dataclass(frozen=True, slots=True, kw_only=True)
class WouldTurn:
    """A smallest change of facts, and what follows from it."""

    changes: tuple[Change, ...]
    effect: Effect
    outcome: str
    rule: str | None
    at: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One action, explained."""

    started_at: datetime  # UTC; what the policy says then
    complete: bool  # the search for what would turn it left nothing untried
    doing: str  # the type of action in words
    facts: Mapping[str, object]
    effect: Effect
    mode: Mode
    outcome: str  # happens, is asked about, does not happen
    obligations: tuple[str, ...]
    controls: tuple[str, ...]
    policy_digest: str
    sections: tuple[SectionWord, ...]  # the deciding one first
    turns: tuple[WouldTurn, ...]
    tried: int  # decisions made to find those


def known_facts(action: Action) -> dict[str, object]:
    """The facts of an action that say anything."""
    return {name: value for name, value in facts_of(action).items() if value not in (None, "", [])}


def explain(
    policy: Policy,
    action: Action,
    *,
    started_at: datetime,
    in_box: bool = False,
    registries: Sequence[Registry] = (),
) -> Explanation:
    """Everything about what the policy says of the action at `started_at`; `in_box`: as for boxes.

    What is built in of known agents counts there, but for the remotes of the tree that a box is for;
    `registries` are those of packages that this machine is set to.
    """
    if in_box:
        policy = for_agent(policy, getattr(action, "agent", ""), registries=registries)
    decision = policy.decide(action, now=started_at, enforcing=in_box)
    nearest = near(policy, action, now=started_at)
    search = turns(policy, action, now=started_at, enforcing=in_box)
    return Explanation(
        started_at=started_at,
        complete=search.complete,
        doing=of_actions((type_of(action).name,)),
        facts=known_facts(action),
        effect=decision.effect,
        mode=decision.mode,
        outcome=OUTCOMES[level(decision)],
        obligations=tuple(obligation_words(each) for each in decision.obligations),
        controls=decision.controls,
        policy_digest=decision.policy_digest,
        sections=tuple(_section(each, policy, action, nearest) for each in decision.reasons),
        turns=tuple(_turn(each, action) for each in search.found),
        tried=search.tried,
    )


def _section(
    reason: Reason,
    policy: Policy,
    action: Action,
    nearest: Sequence[tuple[Rule, tuple[Condition, ...]]],
) -> SectionWord:
    rule = next((each for each in policy.rules if each.id == reason.rule), None)
    return SectionWord(
        section=reason.section,
        effect=reason.effect,
        mode=reason.mode,
        rule=reason.rule,
        at=_at(reason.at),
        says=reason.why if rule is None else backquoted(of_rule(rule)),
        conditions=() if rule is None else tuple(_asked(rule, rule.conditions, action, (), reason.unknown)),
        exception=reason.exception,
        near=tuple(_near(reason.section, policy, nearest, action)) if reason.rule is None else (),
        overruled=tuple(_overruled(reason.section, policy, nearest)) if reason.rule is None else (),
    )


def _overruled(
    section: Section, policy: Policy, nearest: Sequence[tuple[Rule, tuple[Condition, ...]]]
) -> Iterator[str]:
    for rule, lacking in nearest:
        if rule.section is section and not lacking and not policy.opens(rule):
            yield f"{rule.id} ({rule.at})"


def _near(
    section: Section, policy: Policy, nearest: Sequence[tuple[Rule, tuple[Condition, ...]]], action: Action
) -> Iterator[NearRule]:
    """What allows before what asks, and what lacks least first."""
    able = [
        each
        for each in nearest
        if each[0].section is section
        and each[0].effect is not Effect.DENY
        and each[1]
        and policy.opens(each[0])
    ]
    for rule, lacking in able[:_NEAR]:
        yield NearRule(
            rule=rule.id,
            at=str(rule.at),
            effect=rule.effect,
            says=backquoted(of_rule(rule)),
            lacks=tuple(_asked(rule, lacking, action, lacking, ())),
        )


def _asked(
    rule: Rule,
    conditions: Sequence[Condition],
    action: Action,
    lacking: Sequence[Condition],
    unknown: Sequence[str],
) -> Iterator[Asked]:
    facts = facts_of(action)
    for each in conditions:
        value = _value(facts, each.field)
        yield Asked(
            fact=each.field,
            asks=backquoted(condition_words(each, allows=rule.effect is Effect.ALLOW)),
            holds=each not in lacking,
            is_known=value is not None and each.field not in unknown,
            value=value,
        )


def _value(facts: Mapping[str, object], field: str) -> object:
    """The fact a condition is about; of a tool's argument its texts."""
    outer, _, name = field.partition(".")
    value = facts[outer]
    if isinstance(value, Mapping):
        return value.get(name)
    if name and isinstance(value, list):
        its = [each for each in value if isinstance(each, Mapping)]
        return [str(each["text"]) for each in its if f"{each['name']}.".startswith(f"{name}.")]
    return value


def _turn(turn: Turn, action: Action) -> WouldTurn:
    before, after = facts_of(action), facts_of(turn.action)
    decides = turn.decision.reasons[0]
    return WouldTurn(
        changes=tuple(
            Change(fact=part, before=_value(before, part), after=_value(after, part)) for part in turn.parts
        ),
        effect=turn.decision.effect,
        outcome=OUTCOMES[level(turn.decision)],
        rule=decides.rule,
        at=_at(decides.at),
    )


def _at(place: Place | None) -> str | None:
    return None if place is None else str(place)
