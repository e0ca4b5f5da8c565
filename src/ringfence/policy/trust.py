"""Judges a tool call by what its values are worth and by what its session has read.

The brain is taken for hijacked: a value counts as what its label says it was matched to, never as what it
looks like. What no document says of a tool is taken for the worst: it writes, every argument plays every
role, and nothing is allowed. Trust only restricts, save where a rule says `then: allow`.

A tool is called `server.tool`; a server's name holds no dot, so that no tool passes for another server's. Of
the documents that know a tool the first decides, system before user: there, its name written out beats
patterns, and a longer pattern beats a shorter one.
"""

from collections.abc import Iterator

from ringfence.core.actions import Argument, FieldKind, ToolCall
from ringfence.core.decisions import Effect, Obligation, ObligationKind, Place, Section
from ringfence.core.limits import LIMITS
from ringfence.policy.globs import Glob, glob
from ringfence.policy.outcomes import Hit, Ruled
from ringfence.policy.requirements import Call, is_met, is_met_by_call
from ringfence.policy.rule import Tier
from ringfence.policy.trust_words import Context, Role, ToolEffect, ToolTrust, Trust, TrustRule

__all__ = ["TrustJudge"]

_EVERY_ROLE = frozenset(Role)
_CHANGED = "The tool's description is not the one that was approved."
_LOWERED = "The session has read what is not to be trusted."


class TrustJudge:
    """One group's trust, ready; `tier` is whose it is, a user's where a system's is joined with it.

    Raises:
        BadGlob: a tool's name is no pattern.
    """

    def __init__(self, trust: Trust, *, tier: Tier) -> None:
        files = list(dict.fromkeys(each.at.file for each in trust.tools))
        self._trust = trust
        self._tier = tier
        self._tools = sorted(trust.tools, key=lambda each: (files.index(each.at.file), *_order(each)))
        self._drops = [[_tools_like(each) for each in context.drop] for context in trust.contexts]
        self._hits: dict[tuple[str, Effect | None, tuple[str, ...], bool], Hit] = {}
        self._known: dict[str, ToolTrust | None] = {}

    def judge(self, call: ToolCall) -> Iterator[Hit]:
        """What the rules, the tool's approved description and the session's label say of it."""
        tool = self._tool(call)
        writes = tool is None or tool.effect is ToolEffect.WRITE
        about = Call(action=call, roles={each.name: _roles(each, tool) for each in call.arguments})
        for rule in self._trust.rules:
            if rule.effect is None or (rule.effect is ToolEffect.WRITE) is writes:
                yield from self._by_rule(rule, about, is_known=tool is not None)
        if tool is not None and tool.schema_digest not in {None, call.schema_digest}:
            unknown = ("schema_digest",) if call.schema_digest is None else ()
            yield self._hit(f"agents:{tool.at.line}", tool.at, Effect.ASK, unknown=unknown, why=_CHANGED)
        for context, drops in zip(self._trust.contexts, self._drops, strict=True):
            if call.context is None or call.context.integrity <= context.integrity:
                yield from self._by_context(context, drops, call, writes=writes)

    def _by_rule(self, rule: TrustRule, call: Call, *, is_known: bool) -> Iterator[Hit]:
        values = call.playing(frozenset(rule.roles)) if rule.roles else call.action.arguments
        if rule.roles and not values:
            return
        if not rule.require:
            met = True
        elif values:
            met = all(any(is_met(need, value, call) for need in rule.require) for value in values)
        else:
            met = any(is_met_by_call(need, call) for need in rule.require)
        effect = rule.then if met else rule.otherwise
        if effect is None or (effect is Effect.ALLOW and not is_known):
            return
        asks_plan = any(need.planned is not None for need in rule.require)
        unknown = ("planned",) if not met and asks_plan and call.action.planned is None else ()
        yield self._hit(rule.id, rule.at, effect, unknown=unknown, why=rule.why)

    def _by_context(
        self, context: Context, drops: list[Glob], call: ToolCall, *, writes: bool
    ) -> Iterator[Hit]:
        unknown = ("context",) if call.context is None else ()
        name = f"{call.server}.{call.tool}"
        rule_id = f"agents:{context.at.line}"
        if any(each.fits(name) for each in drops):
            yield self._hit(rule_id, context.at, Effect.DENY, unknown=unknown, why=_LOWERED)
        if writes and context.max_writes is not None:
            limit = Obligation(
                kind=ObligationKind.LIMIT, unit="writes", amount=context.max_writes, per="session"
            )
            yield self._hit(rule_id, context.at, None, unknown=unknown, limit=limit)

    def _tool(self, call: ToolCall) -> ToolTrust | None:
        if not call.server or "." in call.server:
            return None
        name = f"{call.server}.{call.tool}"
        if name not in self._known:
            if len(self._known) >= LIMITS.policy_outcomes:
                self._known.clear()
            fitting = (each for each in self._tools if _tools_like(each.name).fits(name))
            self._known[name] = next(fitting, None)
        return self._known[name]

    def _hit(
        self,
        rule_id: str,
        at: Place,
        effect: Effect | None,
        *,
        unknown: tuple[str, ...],
        why: str | None = None,
        limit: Obligation | None = None,
    ) -> Hit:
        """The same one for the same word, as decisions are kept by it."""
        key = rule_id, effect, unknown, limit is not None
        known = self._hits.get(key)
        if known is None:
            ruled = Ruled(
                id=rule_id,
                section=Section.AGENTS,
                tier=self._tier,
                effect=effect,
                mode=None,
                at=at,
                of_tree=self._tier is Tier.WORKING_TREE,
                why=why,
                obligations=() if limit is None else (limit,),
            )
            known = self._hits.setdefault(key, Hit(rule=ruled, unknown=unknown))
        return known


def _tools_like(pattern: str) -> Glob:
    return glob(pattern, FieldKind.NAME)


def _order(tool: ToolTrust) -> tuple[bool, int, str]:
    """A name written out first, then longer patterns."""
    return _tools_like(tool.name).exact is None, -len(tool.name), tool.name


def _roles(argument: Argument, tool: ToolTrust | None) -> frozenset[Role]:
    """The role its tool gives the argument, or the nearest value that it is a part of; else every role."""
    name = argument.name if tool is not None else ""
    while tool is not None and name:
        if name in tool.args:
            return frozenset({tool.args[name]})
        name = name.rpartition(".")[0]
    return _EVERY_ROLE
