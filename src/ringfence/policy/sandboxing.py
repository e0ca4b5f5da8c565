"""What all documents together say of an agent's box.

Every profile that fits the agent counts. Of bounds the least holds, whosever it is. Tracing is let where the
system's or the user's documents say so and nobody says otherwise. A variable is handed in where they name it,
and every profile of the working tree that names any names it too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ringfence.core.actions import FieldKind
from ringfence.policy.document import Document
from ringfence.policy.globs import glob
from ringfence.policy.values import BOUNDS, Bound, Handed, Profile, Sandbox, Switch

__all__ = ["Sandboxing", "sandboxing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandboxing:
    """What holds for one agent."""

    said: Sandbox  # bounds and tracing; of `environment` what the upper tiers hand in
    narrowed: tuple[tuple[Handed, ...], ...] = ()  # a variable must be in each of these as well

    @property
    def bounds(self) -> dict[str, Bound]:
        """Those that are set, by field."""
        return {name: bound for name in BOUNDS if (bound := getattr(self.said, name)) is not None}

    def handed(self, name: str, *, by_name: bool = False) -> Handed | None:
        """Which entry hands the variable in; None when it is not. `by_name`: patterns do not count."""
        if not all(_names(each, name) for each in self.narrowed):
            return None
        return _names(self.said.environment or (), name, by_name=by_name)


def sandboxing(document: Document, agent: str) -> Sandboxing:
    """What the documents say of the box of an agent of that name."""
    upper, tree = (_of(each, agent) for each in (document.profiles, document.tree_profiles))
    bounds = {field: _least(getattr(each, field) for each in (*upper, *tree)) for field in BOUNDS}
    return Sandboxing(
        said=Sandbox(
            **bounds,
            debug=_debug(upper, tree),
            environment=tuple(one for each in upper for one in each.environment or ()),
        ),
        narrowed=tuple(each.environment for each in tree if each.environment is not None),
    )


def _of(profiles: Iterable[Profile], agent: str) -> list[Sandbox]:
    return [each.sandbox for each in profiles if glob(each.agent, FieldKind.NAME).fits(agent)]


def _least(bounds: Iterable[Bound | None]) -> Bound | None:
    """The smallest, the first of several."""
    return min((each for each in bounds if each is not None), key=lambda each: each.amount, default=None)


def _debug(upper: Sequence[Sandbox], tree: Sequence[Sandbox]) -> Switch | None:
    said = [each.debug for each in (*upper, *tree) if each.debug is not None]
    off = [each for each in said if not each.is_on]
    return next(iter(off or said), None)


def _names(handed: Iterable[Handed], name: str, *, by_name: bool = False) -> Handed | None:
    for each in handed:
        pattern = glob(each.names, FieldKind.NAME)
        if pattern.exact == name or (not by_name and pattern.fits(name)):
            return each
    return None
