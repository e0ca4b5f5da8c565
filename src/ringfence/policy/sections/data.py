"""Section `data`: which sensitivity may go to which model, and what only a local one may see."""

from collections.abc import Iterator

from ringfence.core.decisions import Effect, Section
from ringfence.core.labels import Sensitivity
from ringfence.policy.rule import AtLeast, AtMost, Condition, Is, Rule
from ringfence.policy.sections.making import COMMON, Maker
from ringfence.policy.sections.rule_form import MODE, OBLIGATIONS, rules_key, rules_of
from ringfence.policy.shapes.conditions import conditions_of, match_keys
from ringfence.policy.shapes.tables import Entry, Key, ListOf, Table
from ringfence.policy.shapes.texts import Word

__all__ = ["TABLE", "rules"]

_TYPE = ("prompt.send",)
_FACTS = tuple(each for each in match_keys(_TYPE) if each.name != "sensitivity")

_MAY_GO_TO = Table(
    "destination",
    "Prompts up to a sensitivity may go to these models: all facts given must fit.",
    (
        *COMMON,
        *_FACTS,
        Key("up_to", Word(Sensitivity), "the highest sensitivity that may go there", needed=True),
        OBLIGATIONS,
    ),
)

TABLE = Table(
    "data",
    "Which sensitivity may go to which model or host.",
    (
        MODE,
        Key("local_only_from", Word(Sensitivity), "from this sensitivity on prompts stay on this machine"),
        Key("may_go_to", ListOf(_MAY_GO_TO), "where prompts may go"),
        rules_key(Section.DATA),
    ),
)


def rules(entry: Entry, maker: Maker) -> Iterator[Rule]:
    """What the section comes down to."""
    least: Sensitivity | None = entry.get("local_only_from")
    if least is not None:
        secret = Condition(field="sensitivity", test=AtLeast(int(least)))
        leaves = Condition(field="local", test=Is(False))
        yield maker.rule(
            entry.at("local_only_from"),
            types=_TYPE,
            conditions=(secret, leaves),
            effect=Effect.DENY,
            why="only a local model may see this",
        )
    for each in entry.get("may_go_to") or ():
        facts = conditions_of(each, [fact.name for fact in _FACTS])
        most = Condition(field="sensitivity", test=AtMost(int(each.get("up_to"))))
        yield maker.rule(
            each,
            entry=each,
            types=_TYPE,
            conditions=(*facts, most),
            effect=Effect.ALLOW,
            obligations=each.get("obligations") or (),
        )
    yield from rules_of(entry.get("rules"), maker)
