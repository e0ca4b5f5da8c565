"""Section `retention`: how long records are kept, what nobody may prune, and what is never collected."""

from collections.abc import Iterator

from ringfence.core.actions import FieldKind
from ringfence.core.decisions import Effect, Section
from ringfence.policy.rule import AtLeast, AtMost, Condition, Like, Rule, Unlike
from ringfence.policy.sections.making import Maker
from ringfence.policy.sections.rule_form import MODE, rules_key, rules_of
from ringfence.policy.shapes.amounts import DAYS, MOMENT
from ringfence.policy.shapes.tables import Entry, Key, ListOf, Table
from ringfence.policy.shapes.texts import LINE, Patterns
from ringfence.policy.values import Hold, Keep, Retention

__all__ = ["TABLE", "never_collected", "retention", "rules"]

_TYPES = Key(
    "types", Patterns((FieldKind.TEXT,)), "types of events such as decision.*; `*` for all", needed=True
)
_KEEP = Table(
    "kept-events",
    "How long events are kept. Of several entries that fit an event, the first holds. Whatever its age, "
    "pruning keeps the last event of each thing that is still there: the next scan compares with it.",
    (_TYPES, Key("days", DAYS, "how many days", needed=True)),
)
_HOLD = Table(
    "legal-hold",
    "Events that nobody may prune, whatever their age.",
    (
        Key("streams", Patterns((FieldKind.TEXT,)), "which streams of the ledger; `*` for all", needed=True),
        _TYPES,
        Key("until", MOMENT, "when it ends; default: never"),
        Key("why", LINE, "which case it is for", needed=True),
    ),
)

TABLE = Table(
    "retention",
    "How long records are kept, and what is never collected.",
    (
        MODE,
        Key("events", ListOf(_KEEP), "how long events are kept; what nothing here fits is kept for ever"),
        Key("legal_hold", ListOf(_HOLD), "what nobody may prune"),
        Key("never_collected", ListOf(LINE), "what is never recorded, in words for the people it is about"),
        rules_key(Section.RETENTION),
    ),
)


def rules(entry: Entry, maker: Maker) -> Iterator[Rule]:
    """What the section comes down to: rules on record.prune, which forgets events of one entry at a time."""
    before: list[str] = []
    for each in entry.get("events") or ():
        types = tuple(pattern.text for pattern in each.get("types"))
        fits = [Condition(field="event_types", test=Like(types))]
        if before:
            fits.append(Condition(field="event_types", test=Unlike(tuple(before))))
        days: int = each.get("days")
        old = Condition(field="older_than_days", test=AtLeast(days))
        yield maker.rule(each, types=_PRUNE, conditions=(*fits, old), effect=Effect.ALLOW, part="old")
        if days:
            young = Condition(field="older_than_days", test=AtMost(days - 1))
            yield maker.rule(
                each,
                types=_PRUNE,
                conditions=(*fits, young),
                effect=Effect.DENY,
                part="young",
                why=f"kept for {days} days",
            )
        before += types
    yield from rules_of(entry.get("rules"), maker)


_PRUNE = ("record.prune",)


def retention(entry: Entry, maker: Maker) -> Retention:
    """The section as values."""
    return Retention(
        events=tuple(
            Keep(types=pattern.text, days=each.get("days"), at=maker.place(each))
            for each in entry.get("events") or ()
            for pattern in each.get("types")
        ),
        holds=tuple(
            Hold(
                streams=stream.text,
                types=pattern.text,
                until=each.get("until"),
                why=each.get("why"),
                at=maker.place(each),
            )
            for each in entry.get("legal_hold") or ()
            for stream in each.get("streams")
            for pattern in each.get("types")
        ),
    )


def never_collected(entry: Entry) -> tuple[str, ...]:
    """In words."""
    return tuple(entry.get("never_collected") or ())
