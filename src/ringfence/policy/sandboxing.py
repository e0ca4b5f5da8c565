"""What all documents together say of an agent's box.

Every profile that fits the agent counts. Of bounds the least holds, whosever it is. Tracing is let, a home
kept, and what starts left out of the record, where the system's or the user's documents say so and nobody
says otherwise. A variable is handed
in where they name it, and every profile that only restricts and names any names it too. Ports are published
by them alone. A working tree's only restrict, and so do a user's where the system's document enforces what
agents may do.
"""

from collections.abc import Iterable, Sequence

from ringfence.core.actions import FieldKind
from ringfence.core.dataclass import dataclass
from ringfence.core.decisions import Section
from ringfence.policy.document import Document
from ringfence.policy.globs import glob
from ringfence.policy.rule import Tier
from ringfence.policy.values import BOUNDS, Bound, Handed, Profile, Published, Sandbox, Switch

__all__ = ["Sandboxing", "sandboxing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandboxing:
    """What holds for one agent."""

    said: Sandbox  # bounds, tracing, the home; of `environment` and `publish` what the upper tiers give
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
    is_closed = Section.AGENTS in document.joined.ceiling
    said = [*document.profiles, *document.tree_profiles]
    narrowing = [
        each for each in said if each.tier is Tier.WORKING_TREE or (is_closed and each.tier is Tier.USER)
    ]
    upper = _of((each for each in said if each not in narrowing), agent)
    lower = _of(narrowing, agent)
    bounds = {field: _least(getattr(each, field) for each in (*upper, *lower)) for field in BOUNDS}
    return Sandboxing(
        said=Sandbox(
            **bounds,
            debug=_switch([each.debug for each in upper], [each.debug for each in lower]),
            keeps_home=_switch([each.keeps_home for each in upper], [each.keeps_home for each in lower]),
            hides_starts=_switch(
                [each.hides_starts for each in upper], [each.hides_starts for each in lower]
            ),
            environment=tuple(one for each in upper for one in each.environment or ()),
            publish=_published(upper),
        ),
        narrowed=tuple(each.environment for each in lower if each.environment is not None),
    )


def _of(profiles: Iterable[Profile], agent: str) -> list[Sandbox]:
    return [each.sandbox for each in profiles if glob(each.agent, FieldKind.NAME).fits(agent)]


def _least(bounds: Iterable[Bound | None]) -> Bound | None:
    """The smallest, the first of several."""
    return min((each for each in bounds if each is not None), key=lambda each: each.amount, default=None)


def _published(upper: Iterable[Sandbox]) -> tuple[Published, ...]:
    """Each of the machine's ports once: where the first that names it says."""
    first: dict[int, Published] = {}
    for each in (one for said in upper for one in said.publish):
        first.setdefault(each.host_port, each)
    return tuple(first.values())


def _switch(upper: Sequence[Switch | None], lower: Sequence[Switch | None]) -> Switch | None:
    """The first that says no, else the first of the upper ones."""
    off = [each for each in (*upper, *lower) if each is not None and not each.is_on]
    on = [each for each in upper if each is not None]
    return next(iter(off or on), None)


def _names(handed: Iterable[Handed], name: str, *, by_name: bool = False) -> Handed | None:
    for each in handed:
        pattern = glob(each.names, FieldKind.NAME)
        if pattern.exact == name or (not by_name and pattern.fits(name)):
            return each
    return None
