"""What a policy may come to say, where not all facts are there yet."""

from collections.abc import Mapping
from functools import cache

from ringfence.core.action_types import ACTION_TYPES, ActionType
from ringfence.core.decisions import Effect
from ringfence.policy.conditions import check
from ringfence.policy.policy import Policy
from ringfence.policy.rule import Rule

__all__ = ["fits", "may_be_called"]


def may_be_called(policy: Policy, agent: str, server: str, tool: str) -> bool:
    """Whether a rule lets this agent call the tool, with whatever arguments, and none refuses it with all."""
    call = _call()
    facts = {"agent": agent, "server": server, "tool": tool}
    rules = [each for each in policy.rules if call.name in each.action_types and fits(each, call, facts)]
    return any(each.effect in (Effect.ALLOW, Effect.ASK) for each in rules) and not any(
        each.effect is Effect.DENY and all(condition.field in facts for condition in each.conditions)
        for each in rules
    )


def fits(rule: Rule, action_type: ActionType, facts: Mapping[str, str]) -> bool:
    """Whether the rule's conditions on these facts are met."""
    return all(
        check(condition, action_type, allows=True).judge(facts[condition.field])
        for condition in rule.conditions
        if condition.field in facts
    )


@cache
def _call() -> ActionType:
    return next(each for each in ACTION_TYPES if each.name == "tool.call")
