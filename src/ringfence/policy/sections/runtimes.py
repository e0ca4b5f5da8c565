"""Section `runtimes`: which programs that run models may start, and who may reach them."""

from collections.abc import Iterator

from ringfence.core.actions import Exposure, FieldKind
from ringfence.core.decisions import Effect, Section
from ringfence.policy.rule import Before, Condition, From, Like, Rule
from ringfence.policy.sections.making import COMMON, Maker
from ringfence.policy.sections.rule_form import MODE, rules_key, rules_of
from ringfence.policy.shapes.conditions import like
from ringfence.policy.shapes.tables import Entry, Key, ListOf, Table
from ringfence.policy.shapes.texts import LINE, VERSION, Patterns, Word

__all__ = ["TABLE", "rules"]

_VULNERABLE = Table(
    "vulnerable-runtime",
    "Versions of a program that must not run; without `before` and `from` all of them.",
    (
        *COMMON,
        Key("name", Patterns((FieldKind.TEXT,)), "the program", needed=True),
        Key("before", VERSION, "versions older than this"),
        Key("from", VERSION, "this version and newer ones"),
        Key("because", LINE, "what is known of them, such as CVE-2024-37032", needed=True),
    ),
)

TABLE = Table(
    "runtimes",
    "Which programs that run models may start, and who may reach them.",
    (
        MODE,
        Key("vulnerable", ListOf(_VULNERABLE), "versions that must not run"),
        Key("exposed", Word(Effect), "whether other machines may reach a server"),
        rules_key(Section.RUNTIMES),
    ),
)


def rules(entry: Entry, maker: Maker) -> Iterator[Rule]:
    """What the section comes down to."""
    for each in entry.get("vulnerable") or ():
        conditions = [Condition(field="name", test=Like(tuple(name.text for name in each.get("name"))))]
        if each.get("before"):
            conditions.append(Condition(field="version", test=Before(each.get("before"))))
        if each.get("from"):
            conditions.append(Condition(field="version", test=From(each.get("from"))))
        yield maker.rule(
            each,
            entry=each,
            types=("runtime.run",),
            conditions=tuple(conditions),
            effect=Effect.DENY,
            why=each.get("because"),
        )
    if entry.get("exposed"):
        exposed = like("exposure", Exposure.NETWORK.value)
        yield maker.rule(
            entry.at("exposed"),
            types=("listener.serve",),
            conditions=(exposed,),
            effect=entry.get("exposed"),
            why="other machines can reach it",
        )
    yield from rules_of(entry.get("rules"), maker)
