"""The registries that this machine's package managers are set to, for a box of the running user."""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from ringfence.core.decisions import Effect
from ringfence.core.registries import Registries
from ringfence.endpoint.homes import own_home
from ringfence.endpoint.registries import Looking, registries
from ringfence.policy.policy import Policy
from ringfence.policy.rule import Like
from ringfence.sandbox.kept_homes import KeptHomes
from ringfence.sandbox.planning.patterns import place_of

__all__ = ["registries_for"]

_ROOT = 0


def registries_for(environment: Mapping[str, str], *, tree: str, policy: Policy) -> Registries:
    """Those that count for a box whose working tree that is: nothing in it says anything.

    Nor does what ringfence keeps, where boxes have their homes; nor do other trees in which agents were whose
    homes are kept, and places that the policy lets any write: they would open hosts to the next box.

    Raises:
        StateRefused: a home that is kept is not as ringfence made it.
    """
    home = own_home(environment)
    state = home.state("ringfence")
    trees = (each.tree for each in KeptHomes(folder=state / "homes").all())
    kept = (state, home.cache("ringfence"), Path(tree), *trees, *_written(policy, tree))
    return registries(
        Looking(
            home=home,
            root=Path("/"),
            never=tuple(os.path.realpath(str(each)) for each in kept),
            owners=frozenset({_ROOT, os.geteuid()}),
            python=sys.base_prefix,
        )
    )


def _written(policy: Policy, tree: str) -> Iterator[str]:
    """Places outside of trees that some agent may write: of patterns the folder that all they fit lies in."""
    for rule in policy.rules:
        if rule.effect is not Effect.ALLOW or "file.write" not in rule.action_types:
            continue
        for each in rule.conditions:
            if each.field == "path" and isinstance(each.test, Like):
                places = (place_of(pattern, tree) for pattern in each.test.patterns)
                yield from (place.fixed for place in places if place is not None and not place.base)
