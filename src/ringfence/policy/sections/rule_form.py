"""The general form of a rule, the same in every section that judges actions."""

from collections.abc import Iterator
from functools import cache

from ringfence.core.bounded_json import Json
from ringfence.core.dataclass import dataclass
from ringfence.core.decisions import Effect, Mode, Obligation, ObligationKind, Section
from ringfence.policy.nodes import Mapping, Node
from ringfence.policy.problems import Problems, quoted
from ringfence.policy.rule import Condition, Example, Manner, Rule
from ringfence.policy.sections.making import COMMON, Maker, with_fields
from ringfence.policy.shapes.amounts import MOMENT, Cap, CapUnit
from ringfence.policy.shapes.conditions import conditions_of, match_table
from ringfence.policy.shapes.examples import facts_table
from ringfence.policy.shapes.fields import fields_of, types_of
from ringfence.policy.shapes.shape import Definitions, Schema, scalar
from ringfence.policy.shapes.tables import Entry, Key, ListOf, Table
from ringfence.policy.shapes.texts import Patterns, Word, Worded, nearest

__all__ = ["MODE", "OBLIGATIONS", "REFUSED_AS", "THEN", "check_refused_as", "rules_key", "rules_of"]

THEN = Key("then", Word(Effect), "what happens: allow, ask or deny", needed=True)
REFUSED_AS = Key("refused_as", Word(Manner), "how a refused program is answered; default: honest")
MODE = Key("mode", Word(Mode), "observe, warn or enforce, for this alone")


@dataclass(frozen=True, slots=True)
class _ObligationShape:
    """A word, or a cap under `limit`."""

    @property
    def says(self) -> str:
        return "record-in-full, redact, route-locally, or a mapping such as {limit: 100 calls/hour}"

    def read(self, node: Node, problems: Problems) -> Obligation | None:
        if isinstance(node, Mapping):
            entry = _LIMIT.read(node, problems)
            return None if entry is None else entry.get("limit")
        text = scalar(node, problems, self.says)
        if text is None:
            return None
        if text not in _PLAIN:
            hint = "write {limit: 100 calls/hour}" if text == "limit" else nearest(text, _PLAIN)
            problems.add(node, f"{quoted(text)} is no obligation", hint=hint)
            return None
        return Obligation(kind=ObligationKind(text))

    def schema(self, definitions: Definitions, /) -> Schema:
        words: list[Json] = [str(each) for each in _PLAIN]
        return {"anyOf": [{"enum": words}, _LIMIT.schema(definitions)]}


_PLAIN = tuple(each for each in ObligationKind if each is not ObligationKind.LIMIT)
_LIMIT = Table("limit", "A cap that is counted.", (Key("limit", Cap(CapUnit.ANY), "how much", needed=True),))
OBLIGATIONS = Key("obligations", ListOf(_ObligationShape(), or_one=True), "what goes with an allowed action")


@cache
def rules_key(section: Section) -> Key:
    """The key `rules` of a section."""
    return Key("rules", ListOf(_rule_table(section)), "rules in the general form")


@cache
def _rule_table(section: Section) -> Table:
    types = tuple(each.name for each in types_of(section))
    facts = facts_table(f"{section}-example", types)
    examples = Table(
        f"{section}-examples",
        "Tried whenever the document is loaded; a wrong one refuses it.",
        (
            Key("match", ListOf(facts), "actions that the rule must match"),
            Key("not_match", ListOf(facts), "actions that it must not match"),
        ),
    )
    keys = (
        *COMMON,
        Key("actions", Patterns((), types), "types of actions; default: all that have every fact of `match`"),
        Key("match", match_table(f"{section}-match", types), "facts, all of which must fit"),
        THEN,
        MODE,
        OBLIGATIONS,
        *((REFUSED_AS,) if section is Section.AGENTS else ()),
        Key("until", MOMENT, "when an allowance ends"),
        Key("examples", examples, "actions that the rule must match, and must not"),
    )
    return Table(f"{section}-rule", f"A rule of section {section}.", keys)


def rules_of(entries: tuple[Entry, ...] | None, maker: Maker) -> Iterator[Rule]:
    """The rules that these entries are."""
    for entry in entries or ():
        made = _rule(entry, maker)
        if made is not None:
            yield made


def _rule(entry: Entry, maker: Maker) -> Rule | None:
    effect: Effect = entry.get("then")
    match: Entry | None = entry.get("match")
    conditions = () if match is None else conditions_of(match)
    types = _types(entry, maker.always + conditions, maker)
    if entry.get("until") and effect is not Effect.ALLOW:
        hint = "remove `until`; what ends a denial is an exception"
        maker.problems.add(entry.at("until"), "only what is allowed can end", hint=hint)
    check_refused_as(entry, effect, maker)
    if not types:
        return None
    return maker.rule(
        entry,
        entry=entry,
        types=types,
        conditions=conditions,
        effect=effect,
        until=entry.get("until"),
        obligations=entry.get("obligations") or (),
        examples=tuple(_examples(entry, types, maker)),
    )


def check_refused_as(entry: Entry, effect: Effect, maker: Maker) -> None:
    """Adds a problem where it says how a refusal looks, and refuses nothing."""
    if entry.get("refused_as") and effect is Effect.ALLOW:
        what, hint = "what is allowed is not refused", "remove `refused_as`, or write `then: deny`"
        maker.problems.add(entry.at("refused_as"), what, hint=hint)


def _types(entry: Entry, conditions: tuple[Condition, ...], maker: Maker) -> tuple[str, ...]:
    """The types of actions that the rule is for; none, with a problem added, when there are none."""
    able = with_fields(maker.section, conditions)
    named: tuple[Worded, ...] | None = entry.get("actions")
    if named is None:
        if not able:
            what = f"no action of section {maker.section} has all of these facts"
            hint = "write a rule for each type of action; docs/policy.md lists their facts"
            maker.problems.add(entry.at("match"), what, hint=hint)
        return able
    for each in named:
        if each.text not in able:
            lacking = _lacking(each.text, conditions, maker.section)
            fields = fields_of((each.text,))
            what = f"{each.text} has no fact {', '.join(lacking)}"
            hint = nearest(lacking[0], (name for field in fields for name in field.spellings))
            for field in fields:
                if field.name == lacking[0] and field.words:
                    what = f"{each.text} has other words for {field.name}"
                    hint = f"known there: {', '.join(field.words)}"
            maker.problems.add(each, what, hint=hint)
    return tuple(each.text for each in named)


def _lacking(action_type: str, conditions: tuple[Condition, ...], section: Section) -> list[str]:
    lacking = (each for each in conditions if action_type not in with_fields(section, (each,)))
    return [each.field.partition(".")[0] for each in lacking]


def _examples(entry: Entry, types: tuple[str, ...], maker: Maker) -> Iterator[Example]:
    examples: Entry | None = entry.get("examples")
    if examples is None:
        return
    for key, matches in (("match", True), ("not_match", False)):
        for facts in examples.get(key) or ():
            canonical = _canonical(facts, maker.section)
            named = facts.get("action")
            fitting = [each for each in types if canonical.keys() <= {f.name for f in fields_of((each,))}]
            if named is not None:
                fitting = [each for each in fitting if each == named]
            if not fitting:
                what = "the rule is for no action with these facts"
                hint = f"give facts of {' or '.join(types)}"
                maker.problems.add(facts, what, hint=hint)
            for each in fitting:
                yield Example(action_type=each, facts=canonical, matches=matches, at=maker.place(facts))


def _canonical(facts: Entry, section: Section) -> dict[str, object]:
    """The facts by the names that actions have."""
    names = _names(section)
    return {names[key]: value for key, value in facts.values.items() if key in names}


@cache
def _names(section: Section) -> dict[str, str]:
    """The name of each spelling of a section's facts."""
    fields = fields_of(tuple(each.name for each in types_of(section)))
    return {spelling: each.name for each in fields for spelling in each.spellings}
