"""Which tools an agent may call, as the policy's rules say it, for whoever asks before a run."""

from collections.abc import Iterator

from ringfence.core.action_types import ACTION_TYPES
from ringfence.core.dataclass import dataclass
from ringfence.policy.policy import Policy
from ringfence.policy.possible import fits
from ringfence.policy.rule import Like, Rule

__all__ = ["ExplainedTools", "tools_of"]

_CALL = next(each for each in ACTION_TYPES if each.name == "tool.call")
_PLAIN = frozenset({"agent", "server", "tool"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedTools:
    """One rule on calls of tools."""

    effect: str  # allow, ask or deny
    server: tuple[str, ...]  # patterns
    tool: tuple[str, ...]  # patterns
    more: bool  # it has conditions on arguments, or on what was read
    at: str


def tools_of(policy: Policy, agent: str, server: str | None) -> Iterator[ExplainedTools]:
    """The rules for this agent, of `server` alone where it is given, as the policy lists them."""
    facts = {"agent": agent} | ({} if server is None else {"server": server})
    for rule in policy.rules:
        if _CALL.name in rule.action_types and rule.effect is not None and fits(rule, _CALL, facts):
            yield ExplainedTools(
                effect=rule.effect.value,
                server=_patterns(rule, "server"),
                tool=_patterns(rule, "tool"),
                more=any(each.field not in _PLAIN for each in rule.conditions),
                at=str(rule.at),
            )


def _patterns(rule: Rule, field: str) -> tuple[str, ...]:
    for each in rule.conditions:
        if each.field == field and isinstance(each.test, Like):
            return each.test.patterns
    return ("**",)
