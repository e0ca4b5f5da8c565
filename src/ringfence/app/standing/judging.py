"""Everything that was seen, with what the policy thinks of it."""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache
from typing import TypeVar

from ringfence.app.standing.actions import Seen, use_of
from ringfence.core.action_types import type_of
from ringfence.core.actions import Action, Purpose
from ringfence.core.dataclass import replace
from ringfence.core.decisions import Decision, Reason
from ringfence.core.inventory import Inventory
from ringfence.core.limits import LIMITS
from ringfence.core.machine import Agent, Listener, Runtime
from ringfence.core.models import Model
from ringfence.core.standings import Standing, standing_of
from ringfence.core.text import clip
from ringfence.policy.policy import Policy
from ringfence.policy.rule import RuleId
from ringfence.policy.sentences import backquoted, of_rule

__all__ = ["Decide", "inventory_with_standings", "standing_for", "told_by", "with_standings"]

Decide = Callable[[Action], Decision]
"""A policy's word at this moment."""

_ThingT = TypeVar("_ThingT", Model, Listener, Runtime, Agent)


def told_by(policy: Policy, *, now: datetime) -> Decide:
    """The policy's word at `now`; a rule that gives no reason says what it says instead, cut short."""
    rules = {each.id: replace(each, mode=None, obligations=()) for each in policy.rules}

    @cache
    def sentence(id_: RuleId) -> str:
        return clip(backquoted(of_rule(rules[id_])), chars=LIMITS.evidence_chars)

    def told(reason: Reason) -> Reason:
        if reason.rule is None or reason.why is not None:
            return reason
        return replace(reason, why=sentence(RuleId(reason.rule)))

    def decide(action: Action) -> Decision:
        decision = policy.decide(action, now=now)
        return replace(decision, reasons=tuple(map(told, decision.reasons)))

    return decide


def inventory_with_standings(inventory: Inventory, decide: Decide, *, purpose: Purpose | None) -> Inventory:
    """The inventory, every model, listener, runtime and agent of it judged."""
    return replace(
        inventory,
        models=with_standings(inventory.models, decide, purpose=purpose),
        listeners=with_standings(inventory.listeners, decide),
        runtimes=with_standings(inventory.runtimes, decide),
        agents=with_standings(inventory.agents, decide),
    )


def with_standings(
    things: Iterable[_ThingT], decide: Decide, *, purpose: Purpose | None = None
) -> tuple[_ThingT, ...]:
    """The things, each with its standing; `purpose` is what models are asked about for."""
    same: dict[Standing, Standing] = {}  # of which there are few, and of things there may be many

    def judged(thing: _ThingT) -> _ThingT:
        standing = _of(thing, decide, purpose)
        return replace(thing, standing=same.setdefault(standing, standing))

    return tuple(map(judged, things))


def standing_for(action: Action, decide: Decide) -> Standing:
    """Where the thing stands that this action would use."""
    return standing_of(decide(action), own=type_of(action).sections[0])


def _of(thing: Seen, decide: Decide, purpose: Purpose | None) -> Standing:
    return standing_for(use_of(thing, purpose=purpose), decide)
