"""Section `licenses`: which licenses are good enough for which use."""

from collections.abc import Iterator

from ringfence.core.actions import FieldKind, Purpose
from ringfence.core.decisions import Effect, Section
from ringfence.policy.rule import Rule
from ringfence.policy.sections.making import Maker
from ringfence.policy.sections.pattern_lists import pattern_keys, pattern_rules
from ringfence.policy.sections.rule_form import MODE, rules_key, rules_of
from ringfence.policy.shapes.conditions import like
from ringfence.policy.shapes.tables import Entry, Key, Table

__all__ = ["TABLE", "rules"]

_LISTS = {
    "allowed": "licenses that are good enough",
    "review": "licenses that an operator is asked about",
    "forbidden": "licenses that are not; a model of unknown license or use counts as one of them",
}
_EFFECTS = {"allowed": Effect.ALLOW, "review": Effect.ASK, "forbidden": Effect.DENY}

_USE = Table(
    "license-use", "Patterns on SPDX expressions, for one use.", pattern_keys(FieldKind.TEXT, _LISTS)
)

TABLE = Table(
    "licenses",
    "Which licenses are good enough for which use of a model.",
    (
        MODE,
        *(Key(each.value, _USE, f"models for the use `{each}`") for each in Purpose),
        rules_key(Section.LICENSES),
    ),
)


def rules(entry: Entry, maker: Maker) -> Iterator[Rule]:
    """What the section comes down to."""
    for purpose in Purpose:
        use: Entry | None = entry.get(purpose.value)
        if use is not None:
            yield from pattern_rules(
                use,
                maker,
                effects=_EFFECTS,
                types=("model.use", "model.pull"),
                field="license",
                also=(like("purpose", purpose.value),),
            )
    yield from rules_of(entry.get("rules"), maker)
