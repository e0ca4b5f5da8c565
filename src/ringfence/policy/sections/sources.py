"""Section `sources`: where a model may come from."""

from collections.abc import Iterator

from ringfence.core.actions import FieldKind
from ringfence.core.decisions import Effect, Section
from ringfence.policy.rule import Rule
from ringfence.policy.sections.making import Maker
from ringfence.policy.sections.pattern_lists import pattern_keys, pattern_rules
from ringfence.policy.sections.rule_form import MODE, rules_key, rules_of
from ringfence.policy.shapes.tables import Entry, Table

__all__ = ["TABLE", "rules"]

_TYPES = ("model.use", "model.pull")
_LISTS = {
    "allow": "sources to take models from: huggingface.co/our-org/**",
    "ask": "sources that an operator is asked about",
    "deny": "sources to take nothing from; a model of unknown source counts as from there",
}

TABLE = Table(
    "sources",
    "Where a model may come from: host and path.",
    (MODE, *pattern_keys(FieldKind.NAME, _LISTS), rules_key(Section.SOURCES)),
)


def rules(entry: Entry, maker: Maker) -> Iterator[Rule]:
    """What the section comes down to."""
    effects = {each.value: each for each in Effect}
    yield from pattern_rules(entry, maker, effects=effects, types=_TYPES, field="source")
    yield from rules_of(entry.get("rules"), maker)
