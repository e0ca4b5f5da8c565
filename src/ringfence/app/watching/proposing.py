"""A rule that would spare operators a question: for exactly that action of that agent, and nothing more.

What is asked stays asked as long as the rule that asks counts, so the text has two parts: a rule that allows,
and an exception to each rule that asks. Somebody must write it into a document, and somebody else agree.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from ringfence.core.action_types import ACTION_TYPES
from ringfence.core.decisions import Effect, Place, Section
from ringfence.core.limits import LIMITS
from ringfence.gate.digests import digest_of
from ringfence.gate.hiding import hidden_values
from ringfence.ledger.values import Facts, Json
from ringfence.policy.rule import AtLeast, AtMost, Condition, Exemption, Is, Like, Rule, RuleId, Tier
from ringfence.policy.written import written

__all__ = ["ASKED_OFTEN", "proposed"]

ASKED_OFTEN = 3
"""How often the same must be asked until a rule is proposed."""

_READING = ("GET", "HEAD", "OPTIONS")
_LASTS = timedelta(days=90)
_TYPES = {each.name: each for each in ACTION_TYPES if each.sections == (Section.AGENTS,)}
_SPECIAL = frozenset("*?\\[]{}!")
_NOWHERE = Place(file="proposed", line=1)


def proposed(facts: Facts, rules: tuple[str, ...], *, asked_by: str | None, now: datetime) -> str | None:
    """The text, for a policy document; None where no rule says exactly this.

    So it is where a value is hidden, unknown, or of letters that could be taken for others.
    """
    kind = _TYPES.get(str(facts.get("action")))
    agent = facts.get("agent")
    if kind is None or hidden_values(facts) or not isinstance(agent, str) or not agent:
        return None
    conditions: list[Condition] = []
    for name in kind.compares:
        if name == "session":
            continue
        found = list(_conditions(name, facts.get(name)))
        if not found and not _may_be_unsaid(name, facts):
            return None
        conditions += found
    name = f"asked-{digest_of([str(each) for each in conditions])[:8]}"
    rule = Rule(
        id=RuleId(name),
        section=Section.AGENTS,
        tier=Tier.USER,
        at=_NOWHERE,
        action_types=frozenset({kind.name}),
        conditions=tuple(conditions),
        effect=Effect.ALLOW,
        until=now + _LASTS,
    )
    exemptions = (
        Exemption(
            id=f"{name}-{number}",
            rule=RuleId(asks),
            conditions=tuple(conditions),
            asked_by=asked_by or "nobody knows whom",
            reviewed_by="whoever agrees",
            why="asked again and again",
            until=now + _LASTS,
            at=_NOWHERE,
        )
        for number, asks in enumerate(rules, 1)
    )
    return written((rule,), modes={}, exemptions=exemptions)


def _may_be_unsaid(field: str, facts: Facts) -> bool:
    """Whether a rule that leaves the field out opens nothing more that matters.

    No parameters, which no rule can ask for, of a request whose body is free anyway; no operations where
    nobody answers any.
    """
    if field == "query":
        return not facts.get(field) and facts.get("method") not in _READING
    return (
        field == "operations" and not facts.get(field) and "graphql" not in str(facts.get("path")).casefold()
    )


def _conditions(field: str, value: Json) -> Iterator[Condition]:
    """That the field has this value; none where that cannot be said."""
    match value:
        case bool():
            yield Condition(field=field, test=Is(value))
        case int():
            yield Condition(field=field, test=AtLeast(value))
            yield Condition(field=field, test=AtMost(value))
        case str() if _is_plain(value):
            yield Condition(field=field, test=Like((_escaped(value),)))
        case list() | tuple() if len(value) == 1 and isinstance(value[0], str) and _is_plain(value[0]):
            yield Condition(field=field, test=Like((_escaped(value[0]),)))


def _is_plain(text: str) -> bool:
    """Whether a pattern can say it, in letters that nobody takes for others."""
    return text.isascii() and text.isprintable() and 0 < len(_escaped(text)) <= LIMITS.policy_pattern_chars


def _escaped(text: str) -> str:
    return "".join(f"\\{c}" if c in _SPECIAL else c for c in text)
