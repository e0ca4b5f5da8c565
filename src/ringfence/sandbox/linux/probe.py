"""Tries, in the very process that becomes the command, what it must not be able to do."""

from collections.abc import Mapping
from dataclasses import dataclass

from ringfence.sandbox.plan import Layer, Plan

__all__ = ["NotHeld", "Outside", "Proof", "look_outside", "prove"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One thing that was tried and did not work."""

    layer: Layer
    tried: str
    result: str  # the error's name: EPERM


class NotHeld(Exception):
    """A forbidden thing worked."""

    def __init__(self, layer: Layer, tried: str, result: str) -> None:
        super().__init__(f"{layer}: {tried}: {result}")
        self.layer, self.tried, self.result = layer, tried, result


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What the launcher is in, so that a box can tell that it is elsewhere."""

    namespaces: Mapping[str, int]  # `net` → the number of its namespace
    beacon: str  # the name of an abstract socket that listens there


def look_outside(beacon: str) -> Outside:
    """Call it in the launcher; it opens nothing that stays open. `beacon` is what the launcher listens at."""
    raise NotImplementedError


def prove(plan: Plan, outside: Outside) -> tuple[Proof, ...]:
    """All that was tried.

    Call it after all layers. Calls that the filter tells of wait for an answer at its listener: somebody must
    answer there meanwhile.

    Raises:
        NotHeld: one worked.
    """
    raise NotImplementedError
