"""Section `models`: which models may be used and fetched, and what is approved."""

from collections.abc import Iterator

from ringfence.core.decisions import Effect, Section
from ringfence.policy.rule import Rule
from ringfence.policy.sections.making import COMMON, Maker
from ringfence.policy.sections.rule_form import MODE, rules_key, rules_of
from ringfence.policy.shapes.amounts import MOMENT
from ringfence.policy.shapes.conditions import conditions_of, match_keys
from ringfence.policy.shapes.tables import Entry, Key, ListOf, Table

__all__ = ["TABLE", "rules"]

_TYPES = ("model.use", "model.pull")
_FACTS = match_keys(_TYPES)

_APPROVED = Table(
    "approved-model",
    "Models that may be used and fetched: all facts given must fit.",
    (*COMMON, Key("until", MOMENT, "how long"), *_FACTS),
)

TABLE = Table(
    "models",
    "Which models may be used and fetched.",
    (
        MODE,
        Key("approved", ListOf(_APPROVED), "models that may be used and fetched"),
        rules_key(Section.MODELS),
    ),
)


def rules(entry: Entry, maker: Maker) -> Iterator[Rule]:
    """What the section comes down to."""
    facts = [each.name for each in _FACTS]
    for each in entry.get("approved") or ():
        conditions = conditions_of(each, facts)
        if not conditions:
            what = "this approves every model"
            maker.problems.add(each, what, hint="give facts, such as `name` and `digest`")
            continue
        until = each.get("until")
        yield maker.rule(
            each, entry=each, types=_TYPES, conditions=conditions, effect=Effect.ALLOW, until=until
        )
    yield from rules_of(entry.get("rules"), maker)
