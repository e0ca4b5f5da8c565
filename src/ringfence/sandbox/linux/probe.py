"""Tries, in the very process that becomes the command, what it must not be able to do.

Nothing is taken on trust from the layers before: each attempt is the kernel's own answer, to a process that
has what the command will have. Who calls it starts nothing where one attempt worked.
"""

from collections.abc import Iterator

from ringfence.sandbox.linux.attempts.calls import calls
from ringfence.sandbox.linux.attempts.places import places
from ringfence.sandbox.linux.attempts.surroundings import (
    NAMESPACES,
    namespace,
    network,
    privileges,
    processes,
)
from ringfence.sandbox.linux.kernel import MACHINE
from ringfence.sandbox.linux.proofs import Attempt, NotHeld, Outside, Proof
from ringfence.sandbox.plan import Plan

__all__ = ["NotHeld", "Outside", "Proof", "look_outside", "prove"]


def look_outside(beacon: str) -> Outside:
    """Call it in the launcher; `beacon` is the name of what listens there."""
    return Outside(namespaces={kind: namespace(kind) for _, kind in NAMESPACES}, beacon=beacon)


def prove(plan: Plan, outside: Outside, *, quiet: int) -> tuple[Proof, ...]:
    """All that was tried.

    Call it after all layers. `quiet` is what the filter was loaded with: it refuses these calls alone, so
    nobody has to answer. A layer that the plan may lack has no proof where it lacks.

    Raises:
        NotHeld: one worked.
    """
    proofs: list[Proof] = []
    for attempt in _attempts(plan, outside, quiet):
        try:
            proofs.append(attempt.prove())
        except NotHeld:
            if attempt.layer not in plan.may_lack:
                raise
    return tuple(proofs)


def _attempts(plan: Plan, outside: Outside, quiet: int) -> Iterator[Attempt]:
    yield from privileges(plan, outside)
    yield from calls(MACHINE, quiet)
    yield from processes()
    yield from network(outside, answered=plan.network is not None)
    yield from places(plan)
