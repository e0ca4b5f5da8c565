"""The whole language of `ringfence.yaml`: its tables, and which sections make rules of theirs.

A key is one line in one table. Validation, the JSON Schema and the documentation come from these tables.
"""

from collections.abc import Callable, Iterator

from ringfence.core.bounded_json import Json
from ringfence.core.dataclass import dataclass
from ringfence.core.decisions import Mode, Section
from ringfence.policy.rule import Rule
from ringfence.policy.sections import (
    agents,
    data,
    licenses,
    models,
    operators,
    retention,
    runtimes,
    sources,
)
from ringfence.policy.sections.exceptions import EXCEPTIONS
from ringfence.policy.sections.making import Maker
from ringfence.policy.sections.prices import PRICES
from ringfence.policy.shapes.amounts import COUNT
from ringfence.policy.shapes.shape import Definitions, Schema
from ringfence.policy.shapes.tables import Entry, Key, Table
from ringfence.policy.shapes.texts import Text, Word

__all__ = ["DOCUMENT", "SECTIONS", "Judging", "json_schema"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """A section that judges actions."""

    section: Section
    table: Table
    rules: Callable[[Entry, Maker], Iterator[Rule]]


SECTIONS = (
    Judging(section=Section.MODELS, table=models.TABLE, rules=models.rules),
    Judging(section=Section.RUNTIMES, table=runtimes.TABLE, rules=runtimes.rules),
    Judging(section=Section.SOURCES, table=sources.TABLE, rules=sources.rules),
    Judging(section=Section.DATA, table=data.TABLE, rules=data.rules),
    Judging(section=Section.AGENTS, table=agents.TABLE, rules=agents.rules),
    Judging(section=Section.LICENSES, table=licenses.TABLE, rules=licenses.rules),
    Judging(section=Section.RETENTION, table=retention.TABLE, rules=retention.rules),
    Judging(section=Section.OPERATORS, table=operators.TABLE, rules=operators.rules),
)


class _One(Text):
    """The number of the language, which editors read as a number."""

    def schema(self, _definitions: Definitions, /) -> Schema:
        return {"const": 1}


DOCUMENT = Table(
    "policy",
    "What may be done with AI on this machine.",
    (
        Key("version", _One("the version of the language, 1", "1"), "of the language: 1", needed=True),
        Key("serial", COUNT, "goes up with every edition of the document, so that an older one is noticed"),
        Key("mode", Word(Mode), "observe, warn or enforce, for every section that says nothing else"),
        *(Key(each.section.value, each.table, each.table.about) for each in SECTIONS),
        Key("exceptions", EXCEPTIONS, "rules that do not count for a while"),
        Key("prices", PRICES, "what models cost, for limits in money"),
    ),
)


def json_schema() -> Schema:
    """The language as a JSON Schema, for editors."""
    definitions: Definitions = {}
    DOCUMENT.schema(definitions)
    root = definitions.pop(DOCUMENT.name)
    ordered: dict[str, Json] = dict(sorted(definitions.items()))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "ringfence.yaml",
        **root,
        "$defs": ordered,
    }
