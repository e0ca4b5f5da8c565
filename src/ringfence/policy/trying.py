"""Tries rules on their own examples."""

from ringfence.core.action_types import ActionType, type_of
from ringfence.core.actions import Action
from ringfence.core.decisions import Effect
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip
from ringfence.policy.conditions import Check, check, reader
from ringfence.policy.facts import BadFacts, partial_action
from ringfence.policy.rule import Example, Rule, asked_of

__all__ = ["matches", "what_came_out"]


def matches(rule: Rule, action: Action) -> bool:
    """Whether all conditions fit, as in a decision; the rule's own end is left out of account."""
    return not _unmet(rule, action, type_of(action))


def what_came_out(rule: Rule, example: Example) -> str | None:
    """What is wrong with an example of the rule, in words; None when it comes out as it says."""
    try:
        action = partial_action(example.action_type, example.facts)
    except BadFacts as error:
        return error.what
    unmet = _unmet(rule, action, type_of(action))
    if example.matches == (not unmet):
        return None
    if not unmet:
        return f"rule {rule.id} matches this {example.action_type}, and should not"
    fields = clip(", ".join(dict.fromkeys(each.fact.name for each in unmet)), chars=LIMITS.evidence_chars)
    return f"rule {rule.id} does not match this {example.action_type}, because of {fields}"


def _unmet(rule: Rule, action: Action, of: ActionType) -> list[Check]:
    """The conditions that do not fit."""
    checks = [check(each, of, allows=rule.effect is Effect.ALLOW) for each in asked_of(rule, of.name)]
    values = reader([each.fact for each in checks])(action)
    found = []
    for each, value in zip(checks, values, strict=True):
        met = None if value is None else each.judge(value)
        if not (each.unknown_matches if met is None else met):
            found.append(each)
    return found
