"""Documents in, policy out: read, checked, joined, and tried on their own examples.

All problems of all files are found before any of them is told. A file that is wrong refuses the whole, and
whoever asked keeps the policy that was in force.
"""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ringfence.core.decisions import Effect, Mode, Place, Section
from ringfence.core.limits import LIMITS
from ringfence.policy.built_in import starter
from ringfence.policy.document import Document
from ringfence.policy.files import PolicyFile
from ringfence.policy.joining import Part, joined
from ringfence.policy.language import DOCUMENT, SECTIONS, Judging
from ringfence.policy.nodes import Mapping, Node, Scalar, parse
from ringfence.policy.policy import Policy
from ringfence.policy.problems import PolicyProblem, PolicyRefused, Problems
from ringfence.policy.rule import RuleId, Tier
from ringfence.policy.sections import agents, operators, retention
from ringfence.policy.sections.exceptions import exemptions
from ringfence.policy.sections.making import Ids, Maker
from ringfence.policy.sections.prices import prices
from ringfence.policy.sections.trust import trust_of
from ringfence.policy.shapes.tables import Entry
from ringfence.policy.trying import what_came_out

__all__ = ["load", "read"]

# What a working tree's document may not say, by the keys that lead there; `*` is any key.
_NOT_IN_TREE = (
    ("exceptions",),
    ("retention",),
    ("operators",),
    ("serial",),
    ("prices",),
    ("agents", "profiles", "*", "credentials"),
    ("agents", "profiles", "*", "egress", "connect_to"),
    ("agents", "profiles", "*", "egress", "private"),
)


def load(files: Sequence[PolicyFile]) -> Policy:
    """The policy that these documents are; without the system's and the user's the built-in starter holds.

    Raises:
        PolicyRefused: anything is wrong with any of them.
    """
    with _no_cycles_sought():
        return Policy(read(files))


@contextmanager
def _no_cycles_sought() -> Iterator[None]:
    """Looking for garbage takes a fifth of the time; limits bound what there is, and nothing is in a ring."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def read(files: Sequence[PolicyFile]) -> Document:
    """What these documents say.

    Raises:
        PolicyRefused: anything is wrong with any of them.
    """
    taken = sorted(files, key=lambda each: each.tier)
    if len(taken) > LIMITS.policy_files:
        what, hint = f"more than {LIMITS.policy_files} documents", "put them together"
        raise PolicyRefused((PolicyProblem(file=taken[0].name, line=1, column=1, what=what, hint=hint),))
    if all(each.tier is Tier.WORKING_TREE for each in taken):
        taken = [starter(), *taken]
    parts = [Part(file=each, problems=Problems(file=each.name)) for each in taken]
    ids = Ids()
    entries = [_entry(part) for part in parts]
    for part, entry in zip(parts, entries, strict=True):
        if entry is not None:
            _fill(part, entry, ids)
    _check_operators(parts, entries)
    for part, entry in zip(parts, entries, strict=True):
        if entry is not None and not part.problems.found:
            _except(part, entry, ids, parts)
            _try(part)
    problems = tuple(problem for part in parts for problem in _in_order(part.problems))
    if problems:
        raise PolicyRefused(problems)
    return joined(parts)


def _in_order(problems: Problems) -> list[PolicyProblem]:
    return sorted(problems.found, key=lambda each: (each.line, each.column))


def _entry(part: Part) -> Entry | None:
    """The document as the language reads it; None, with problems added, when it is not even that."""
    tree = parse(part.file.data, part.problems)
    if tree is None:
        return None
    if part.file.tier is Tier.WORKING_TREE:
        for path in _NOT_IN_TREE:
            _refuse_in_tree(tree, path, part.problems)
    return DOCUMENT.read(tree, part.problems)


def _refuse_in_tree(node: Node, path: tuple[str, ...], problems: Problems) -> None:
    if not isinstance(node, Mapping):
        return
    for name, (key, value) in node.entries.items():
        if path[0] not in (name, "*"):
            continue
        if len(path) > 1:
            _refuse_in_tree(value, path[1:], problems)
        else:
            what = f"a working tree's document has no `{name}`"
            hint = "a working tree only restricts; put this into the user's or the system's document"
            problems.add(key, what, hint=hint)


def _fill(part: Part, entry: Entry, ids: Ids) -> None:
    """Adds what each section says, unless the document has problems already."""
    if part.problems.found:
        return
    part.serial = entry.get("serial")
    _fill_prices(part, entry.get("prices"), ids)
    default: Mode | None = entry.get("mode")
    for judging in SECTIONS:
        key = judging.section.value
        said: Entry | None = entry.get(key)
        mode = said.get("mode") if said is not None else None
        if mode is not None or default is not None:
            at = said.at("mode") if said is not None and mode is not None else entry.at("mode")
            place = Place(file=part.file.name, line=at.line)
            part.modes[judging.section] = (mode or default or Mode.OBSERVE, place)
        if said is not None:
            _fill_section(part, judging, said, ids)


def _fill_prices(part: Part, said: Entry | None, ids: Ids) -> None:
    if said is not None:
        maker = Maker(section=SECTIONS[0].section, tier=part.file.tier, problems=part.problems, ids=ids)
        part.prices = tuple(prices(said, maker))


def _fill_section(part: Part, judging: Judging, said: Entry, ids: Ids) -> None:
    maker = Maker(section=judging.section, tier=part.file.tier, problems=part.problems, ids=ids)
    part.rules.extend(judging.rules(said, maker))
    if judging.table is agents.TABLE:
        part.profiles = tuple(agents.profiles(said, maker))
        trust: Entry | None = said.get("trust")
        part.trust = None if trust is None else trust_of(trust, maker)
    elif judging.table is operators.TABLE:
        part.operators = operators.operators(said, maker)
    elif judging.table is retention.TABLE:
        part.retention = retention.retention(said, maker)
        part.never_collected = retention.never_collected(said)


def _check_operators(parts: Sequence[Part], entries: Sequence[Entry | None]) -> None:
    """Where the system's document says who approves, nobody makes an operator of themselves below it.

    One that enforces everything and names nobody says so, too.
    """
    pairs = [(part, entry.get("operators")) for part, entry in zip(parts, entries, strict=True) if entry]
    closed = any(
        part.modes.get(Section.OPERATORS, (None,))[0] is Mode.ENFORCE
        for part in parts
        if part.file.tier is Tier.SYSTEM
    )
    if not closed and not any(said for part, said in pairs if part.file.tier is Tier.SYSTEM):
        return
    for part, said in pairs:
        if said is None or part.file.tier is not Tier.USER:
            continue
        places = [said.at(key) for key in ("approve", "break_glass") if said.get(key)]
        rules = (each for each in said.get("rules") or () if each is not None)
        places += [each.at("then") for each in rules if each.get("then") is Effect.ALLOW]
        for at in places:
            what = "the system's document says who approves"
            part.problems.add(at, what, hint="remove this; a user's document may add four_eyes and denials")


def _except(part: Part, entry: Entry, ids: Ids, parts: Sequence[Part]) -> None:
    """Adds the exceptions: a tier makes them for its own rules only, so that none opens what is above it."""
    said: tuple[Entry, ...] | None = entry.get("exceptions")
    if not said:
        return
    tier = part.file.tier
    of_tier = [each for each in parts if each.file.tier is tier]
    types = {rule.id: rule.action_types for each in of_tier for rule in each.rules}
    for each in of_tier:
        if each.trust is not None:
            types |= {RuleId(rule.id): frozenset({"tool.call"}) for rule in each.trust.rules}
    maker = Maker(section=SECTIONS[0].section, tier=tier, problems=part.problems, ids=ids)
    part.exemptions.extend(exemptions(said, maker, types))


def _try(part: Part) -> None:
    for rule in part.rules:
        for example in rule.examples:
            came_out = what_came_out(rule, example)
            if came_out is not None:
                at = Scalar("", False, example.at.line, 1)
                part.problems.add(at, came_out, hint="mend the example, or the rule")
