"""What another policy lets agents' boxes use beyond the first: more of something, tracing, variables, a home.

Agents and variables are told apart by the patterns of both policies, so that it does not matter how these are
written; each difference is found for one agent that it holds for.
"""

from collections.abc import Callable, Iterator, Sequence

from ringfence.core.actions import FieldKind
from ringfence.core.dataclass import dataclass
from ringfence.core.decisions import Place
from ringfence.policy.document import Document
from ringfence.policy.glob_sets import witnesses
from ringfence.policy.sandbox_sentences import bound_words, published_words
from ringfence.policy.sandboxing import Sandboxing, sandboxing
from ringfence.policy.sentences import Sentence, Value, backquoted
from ringfence.policy.values import BOUNDS, Handed, Profile, Switch

__all__ = ["BoxGain", "box_gains"]

_SWITCHES = {  # fields, each with what is said without it and with it
    "debug": ("'s programs may not be traced", "'s programs may trace their own children"),
    "hides_starts": ("'s programs are recorded as they start", "'s programs start unrecorded"),
    "keeps_home": ("'s home is new for each session", "'s home is kept from run to run"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxGain:
    """One thing that an agent's box has more of. Places: None where no line says so."""

    before: str
    after: str
    before_at: Place | None
    after_at: Place | None


def box_gains(before: Document, after: Document, *, count: Callable[[int], None]) -> Iterator[BoxGain]:
    """Each difference once, for the first agent that it is found for. `count` is told of steps beforehand."""
    old, new = _profiles(before), _profiles(after)
    is_same = [(each.tier, each.sandbox) for each in old] == [(each.tier, each.sandbox) for each in new]
    if is_same and _agents(old) == _agents(new) and before.joined.ceiling == after.joined.ceiling:
        return
    told: set[tuple[Place | None, Place | None, str]] = set()
    names = _variables([*old, *new])
    for agent in witnesses(_agents([*old, *new]), FieldKind.NAME):
        count((len(old) + len(new)) * (1 + len(names)))
        for what, gain in _of_agent(agent, sandboxing(before, agent), sandboxing(after, agent), names):
            key = (gain.before_at, gain.after_at, what)
            if key not in told:
                told.add(key)
                yield gain


def _of_agent(
    agent: str, was: Sandboxing, will: Sandboxing, names: Sequence[str]
) -> Iterator[tuple[str, BoxGain]]:
    for field in BOUNDS:
        old, new = was.bounds.get(field), will.bounds.get(field)
        if old is not None and (new is None or new.amount > old.amount):
            yield (
                field,
                BoxGain(
                    before=_said(agent, f"'s box has at most {bound_words(field, old.amount)}"),
                    after=_said(agent, f"'s box has at most {bound_words(field, new.amount)}")
                    if new
                    else backquoted(("nothing bounds ", Value(agent), f": {bound_words(field, old.amount)}")),
                    before_at=old.at,
                    after_at=new.at if new else None,
                ),
            )
    for field, (without, with_it) in _SWITCHES.items():
        had, has = getattr(was.said, field), getattr(will.said, field)
        if _is_on(has) and not _is_on(had):
            yield (
                field,
                BoxGain(
                    before=_said(agent, without),
                    after=_said(agent, with_it),
                    before_at=had.at if had else None,
                    after_at=has.at,
                ),
            )
    yield from _newly_published(agent, was, will)
    for name in names:
        handed = _newly_handed(name, was, will)
        if handed is not None:
            yield (
                handed.names,
                BoxGain(
                    before=backquoted((Value(name), " is not handed to ", Value(agent))),
                    after=backquoted((Value(name), " is handed to ", Value(agent))),
                    before_at=None,
                    after_at=handed.at,
                ),
            )


def _newly_published(agent: str, was: Sandboxing, will: Sandboxing) -> Iterator[tuple[str, BoxGain]]:
    published = {each.host_port: each for each in was.said.publish}
    for each in will.said.publish:
        old = published.get(each.host_port)
        if old is None or old.port != each.port:
            nothing = f"nothing of its box is at port {each.host_port} of the machine"
            gain = BoxGain(
                before=_said(agent, f": {published_words(old) if old else nothing}"),
                after=_said(agent, f": {published_words(each)}"),
                before_at=old.at if old else None,
                after_at=each.at,
            )
            yield f"port {each.host_port}", gain


def _is_on(switch: Switch | None) -> bool:
    return switch is not None and switch.is_on


def _newly_handed(name: str, was: Sandboxing, will: Sandboxing) -> Handed | None:
    """The entry that hands it in, or hands it in although it looks secret, as none did."""
    for by_name in (False, True):
        handed = will.handed(name, by_name=by_name)
        if handed is not None and was.handed(name, by_name=by_name) is None:
            return handed
    return None


def _said(agent: str, rest: str) -> str:
    about: Sentence = (Value(agent), rest)
    return backquoted(about)


def _profiles(document: Document) -> list[Profile]:
    return [*document.profiles, *document.tree_profiles]


def _agents(profiles: Sequence[Profile]) -> tuple[str, ...]:
    return tuple(each.agent for each in profiles)


def _variables(profiles: Sequence[Profile]) -> tuple[str, ...]:
    patterns = tuple(one.names for each in profiles for one in each.sandbox.environment or ())
    return witnesses(patterns, FieldKind.NAME) if patterns else ()
