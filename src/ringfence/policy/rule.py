"""Rules: what every section of a policy comes down to, whatever words it is written in.

An action is judged in each section that its type names (`core/action_types.py`), and each must agree.
Within a section a rule matches when all its conditions do. Of what matches, the one with the gravest
consequence decides: deny beats ask beats allow, and what is enforced beats what is told beats what is
observed, so that a rule that is only tried out never hides one that holds. What nothing matched is denied
by a section that enforces, a denial that is told by one that warns, and allowed by one that observes; and so
is what only rules matched that are carried out less strictly than the section.

A fact that is unknown (None) matches a condition in rules that deny or ask, and none in rules that allow. A
condition may ignore the unknown (`unknown: ignore`): then it matches in neither.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import NewType

from ringfence.core.dataclass import dataclass
from ringfence.core.decisions import Effect, Mode, Obligation, Place, Section

__all__ = [
    "AtLeast",
    "AtMost",
    "Before",
    "Condition",
    "Example",
    "Exemption",
    "From",
    "Is",
    "Like",
    "Manner",
    "Rule",
    "RuleId",
    "Test",
    "Tier",
    "Unlike",
    "asked_of",
]

RuleId = NewType("RuleId", str)
"""Unique within all files; what has none in its document is called by section and line: `models:14`."""


class Tier(IntEnum):
    """Whose file it is. System and user are joined; where the system enforces, a user's only restrict.

    A working tree's always do.
    """

    BUILT_IN = 0
    SYSTEM = 1
    USER = 2
    WORKING_TREE = 3


class Manner(StrEnum):
    """How a refusal looks to the program that is refused."""

    HONEST = "honest"  # it is told why, and what would help
    FAILURE = "failure"  # as if nobody could be reached
    EMPTY = "empty"  # as if there were nothing


@dataclass(frozen=True, slots=True)
class Like:
    """The value fits one of the patterns (a glob of the field's kind, or a word).

    Of several values one that fits is enough to deny or ask; to allow, all must fit and there must be one.
    """

    patterns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unlike:
    """The value fits none of the patterns.

    Of several values one that fits none is enough to deny or ask; to allow, none may fit any. Of signatures
    (`signed_by`), one that fits is enough for `Like` and against `Unlike`, whatever the rule's effect.
    """

    patterns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AtLeast:
    """A number, or a rank among an enumeration's words, is this or more."""

    value: int


@dataclass(frozen=True, slots=True)
class AtMost:
    """A number or rank is this or less."""

    value: int


@dataclass(frozen=True, slots=True)
class Before:
    """A version is older than this one (PEP 440, else piece by piece; what cannot be read is unknown)."""

    version: str


@dataclass(frozen=True, slots=True)
class From:
    """A version is this one or newer."""

    version: str


@dataclass(frozen=True, slots=True)
class Is:
    """A yes or no is this."""

    value: bool


Test = Like | Unlike | AtLeast | AtMost | Before | From | Is


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One test on one field. A tool's argument is the field `arguments.NAME`, without a value if absent."""

    field: str
    test: Test
    ignores_unknown: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """An action, as far as it matters, that a rule must match or must not; run when a policy is loaded."""

    action_type: str
    facts: Mapping[str, object]  # as in an action's JSON; fields that are left out are unknown
    matches: bool
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule, ready to be compiled."""

    id: RuleId
    section: Section
    tier: Tier
    at: Place
    action_types: frozenset[str]
    conditions: tuple[Condition, ...]
    effect: Effect
    mode: Mode | None = None  # None: the section's
    obligations: tuple[Obligation, ...] = ()
    until: datetime | None = None  # an allowance that ends; UTC
    why: str | None = None
    controls: tuple[str, ...] = ()
    examples: tuple[Example, ...] = ()
    refused_as: Manner | None = None  # None: honestly


_READ = Condition(field="raw", test=Is(False))


def asked_of(rule: Rule, action_type: str) -> tuple[Condition, ...]:
    """All that the rule asks of an action of this type.

    One that opens a connection, or asks about it, and says nothing of `raw` is for connections that are
    read: what is allowed of requests would hold for nothing otherwise.
    """
    if (
        action_type == "host.connect"
        and rule.effect is not Effect.DENY
        and all(each.field != "raw" for each in rule.conditions)
    ):
        return (*rule.conditions, _READ)
    return rule.conditions


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """An exception that somebody asked for and somebody else reviewed: until then the rule does not count."""

    id: str
    rule: RuleId
    conditions: tuple[Condition, ...]
    asked_by: str
    reviewed_by: str
    why: str
    until: datetime  # UTC; afterwards it counts no more
    at: Place
