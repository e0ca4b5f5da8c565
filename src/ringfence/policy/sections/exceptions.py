"""Section `exceptions`: rules that do not count for a while: one asked, another agreed."""

from collections.abc import Iterator, Mapping, Set

from ringfence.policy.problems import Problems, quoted
from ringfence.policy.rule import Exemption, RuleId
from ringfence.policy.sections.making import Maker
from ringfence.policy.shapes.amounts import MOMENT
from ringfence.policy.shapes.conditions import conditions_of, match_table
from ringfence.policy.shapes.fields import fields_of, types_of
from ringfence.policy.shapes.tables import Entry, Key, ListOf, Table
from ringfence.policy.shapes.texts import ID, LINE, Text, nearest

__all__ = ["EXCEPTIONS", "exemptions"]

_ALL = tuple(each.name for each in types_of(None))

_EXCEPTION = Table(
    "exception",
    "A rule that does not count for some actions, for a while.",
    (
        Key("id", ID, "what it is called", needed=True),
        Key("rule", Text("the id of a rule in a file of the same tier"), "the rule", needed=True),
        Key("match", match_table("exception-match", _ALL), "for which actions; default: all"),
        Key("asked_by", LINE, "who asked for it", needed=True),
        Key("reviewed_by", LINE, "who agreed; somebody else", needed=True),
        Key("why", LINE, "the reason", needed=True),
        Key("until", MOMENT, "when it ends", needed=True),
    ),
)
EXCEPTIONS = ListOf(_EXCEPTION)


def exemptions(
    entries: tuple[Entry, ...], maker: Maker, rules: Mapping[RuleId, Set[str]]
) -> Iterator[Exemption]:
    """The exceptions of one file; `rules` are those of its tier, each with the types of actions it is for."""
    for each in entries:
        problems = maker.problems
        exemption_id = maker.id_of(each, each)
        if each.get("asked_by") == each.get("reviewed_by"):
            what = "asked for and reviewed by the same person"
            problems.add(each.at("reviewed_by"), what, hint="let somebody else review it")
        named = RuleId(each.get("rule"))
        match: Entry | None = each.get("match")
        conditions = () if match is None else conditions_of(match)
        if named not in rules:
            what = f"there is no rule {quoted(named)} in a file of this tier"
            problems.add(each.at("rule"), what, hint=nearest(named, rules) if rules else "there are no rules")
            continue
        _check(each, rules[named], problems)
        yield Exemption(
            id=exemption_id,
            rule=named,
            conditions=conditions,
            asked_by=each.get("asked_by"),
            reviewed_by=each.get("reviewed_by"),
            why=each.get("why"),
            until=each.get("until"),
            at=maker.place(each),
        )


def _check(entry: Entry, types: Set[str], problems: Problems) -> None:
    """That some action that the rule is for has every fact of the exception."""
    match: Entry | None = entry.get("match")
    if match is None:
        return
    known = [name for each in fields_of(tuple(sorted(types))) for name in each.spellings]
    for key in match.values:
        if key not in known:
            what = f"no action of the rule has the fact {quoted(key)}"
            problems.add(match.at(key), what, hint=nearest(key, known))
