"""Rules made from entries: with their place, and an id that nothing else has."""

from collections.abc import Sequence
from dataclasses import field
from datetime import datetime

from ringfence.core.action_types import ActionType
from ringfence.core.dataclass import dataclass
from ringfence.core.decisions import Effect, Obligation, Place, Section
from ringfence.policy.problems import Placed, Problems, quoted
from ringfence.policy.rule import Condition, Example, Like, Rule, RuleId, Tier, Unlike
from ringfence.policy.shapes.fields import types_of
from ringfence.policy.shapes.tables import Entry, Key, ListOf
from ringfence.policy.shapes.texts import CONTROL, ID, PROSE
from ringfence.policy.words import words_of

__all__ = ["COMMON", "Ids", "Maker", "with_fields"]

COMMON = (
    Key("id", ID, "what the rule is called; unique in all files"),
    Key("why", PROSE, "told to whoever meets the rule"),
    Key("controls", ListOf(CONTROL, or_one=True), "which requirements it serves: iso42001:A.6, soc2:CC7.2"),
)


@dataclass(slots=True)
class Ids:
    """Which ids are taken, in all files."""

    taken: dict[str, Place] = field(default_factory=dict)

    def named(self, name: str, at: Place) -> Place | None:
        """Takes a name; where it stands already, when it does."""
        if name in self.taken:
            return self.taken[name]
        self.taken[name] = at
        return None

    def unnamed(self, at: Place, section: Section, column: int, part: str) -> str:
        """A new id for a rule that has no name: section and line, and more where that is taken."""
        tail = f":{part}" if part else ""
        name = f"{section}:{at.line}{tail}"
        if name in self.taken and self.taken[name].file == at.file:
            name = f"{section}:{at.line}:{column}{tail}"
        number, first = 1, name
        while name in self.taken:
            number += 1
            name = f"{first}/{number}"
        self.taken[name] = at
        return name


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """Makes the rules of one section of one file. `always` is added to every rule's conditions."""

    section: Section
    tier: Tier
    problems: Problems
    ids: Ids
    always: tuple[Condition, ...] = ()

    def place(self, at: Placed) -> Place:
        """Where something stands."""
        return Place(file=self.problems.file, line=at.line)

    def id_of(self, entry: Entry | None, at: Placed, part: str = "") -> str:
        """The entry's own id, or a new one; `part` tells apart what one entry comes down to."""
        place = self.place(at)
        name = entry.get("id") if entry else None
        if name is None:
            return self.ids.unnamed(place, self.section, at.column, part)
        name = f"{name}:{part}" if part else str(name)
        first = self.ids.named(name, place)
        if first is not None and entry is not None:
            key = entry.at("id")
            what = f"the id {quoted(name)} is taken, by {first}"
            self.problems.add(key, what, hint="ids are unique in all files; choose another")
        return name

    def rule(
        self,
        at: Placed,
        *,
        types: Sequence[str],
        conditions: tuple[Condition, ...],
        effect: Effect,
        entry: Entry | None = None,
        part: str = "",
        until: datetime | None = None,
        why: str | None = None,
        obligations: tuple[Obligation, ...] = (),
        examples: tuple[Example, ...] = (),
    ) -> Rule:
        """One rule; `entry` has its id, why, controls and mode, as far as they are given."""
        said = entry.values if entry else {}
        return Rule(
            id=RuleId(self.id_of(entry, at, part)),
            section=self.section,
            tier=self.tier,
            at=self.place(at),
            action_types=frozenset(types),
            conditions=self.always + conditions,
            effect=effect,
            mode=said.get("mode"),
            obligations=obligations,
            until=until,
            why=said.get("why") or why,
            controls=said.get("controls") or (),
            examples=examples,
            refused_as=None if effect is Effect.ALLOW else said.get("refused_as"),
        )


def with_fields(section: Section | None, conditions: Sequence[Condition]) -> tuple[str, ...]:
    """The types of actions of a section that have every field, and every word of one, that these name."""
    wanted = {each.field.partition(".")[0] for each in conditions}
    named = any(each.field.startswith("arguments.") for each in conditions)
    whole = any(each.field == "arguments" for each in conditions)
    return tuple(
        each.name
        for each in types_of(section)
        if wanted <= each.fields.keys()
        and not (named and each.fields["arguments"] != "arguments")
        and not (whole and each.fields["arguments"] == "arguments")
        and all(_has_words(each, condition) for condition in conditions)
    )


def _has_words(of: ActionType, condition: Condition) -> bool:
    """Whether the words that are asked for are those of this type; others have fields of the same name."""
    if condition.field not in of.words or not isinstance(condition.test, Like | Unlike):
        return True
    return set(condition.test.patterns) <= set(words_of(of.words[condition.field]))
