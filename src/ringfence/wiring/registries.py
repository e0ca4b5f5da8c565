"""The registries that this machine's package managers are set to, for a box of the running user."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from ringfence.core.registries import Registries
from ringfence.endpoint.homes import own_home
from ringfence.endpoint.registries import Looking, registries

__all__ = ["registries_for"]

_ROOT = 0


def registries_for(environment: Mapping[str, str], *, tree: str) -> Registries:
    """Those that count for a box whose working tree that is: nothing in it says anything.

    Nor does what ringfence keeps, where boxes have their homes.
    """
    home = own_home(environment)
    kept = (home.state("ringfence"), home.cache("ringfence"), Path(tree))
    return registries(
        Looking(
            home=home,
            root=Path("/"),
            never=tuple(os.path.realpath(each) for each in kept),
            owners=frozenset({_ROOT, os.geteuid()}),
            python=sys.base_prefix,
        )
    )
