"""Everything that was seen, with what the policy thinks of it."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeVar

from ringfence.app.standing.actions import Seen, use_of
from ringfence.core.action_types import type_of
from ringfence.core.actions import Action, Purpose
from ringfence.core.decisions import Decision
from ringfence.core.inventory import Inventory
from ringfence.core.machine import Agent, Listener, Runtime
from ringfence.core.models import Model
from ringfence.core.standings import Standing, standing_of

__all__ = ["Decide", "inventory_with_standings", "standing_for", "with_standings"]

Decide = Callable[[Action], Decision]
"""A policy's word at this moment."""

_ThingT = TypeVar("_ThingT", Model, Listener, Runtime, Agent)


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
