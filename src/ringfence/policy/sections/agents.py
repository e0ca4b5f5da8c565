"""Section `agents`: what agents may do, by profile and in general, and what values must be worth."""

from collections.abc import Iterator
from dataclasses import replace

from ringfence.core.actions import FieldKind
from ringfence.core.decisions import Section
from ringfence.policy.rule import Rule
from ringfence.policy.sections.making import Maker
from ringfence.policy.sections.profiles import PROFILE, profile_of, profile_rules
from ringfence.policy.sections.rule_form import MODE, rules_key, rules_of
from ringfence.policy.sections.trust import TRUST
from ringfence.policy.shapes.conditions import like
from ringfence.policy.shapes.tables import Entry, Key, MapOf, Table
from ringfence.policy.shapes.texts import Pattern
from ringfence.policy.values import Profile

__all__ = ["TABLE", "profiles", "rules"]


TABLE = Table(
    "agents",
    "What agents may do.",
    (
        MODE,
        rules_key(Section.AGENTS),
        Key("profiles", MapOf(Pattern((FieldKind.NAME,)), PROFILE), "what single agents may do, by name"),
        Key("trust", TRUST, "what values must be worth before a tool is called with them"),
    ),
)


def rules(entry: Entry, maker: Maker) -> Iterator[Rule]:
    """What the section comes down to; profiles before general rules."""
    for name, profile in entry.get("profiles") or ():
        yield from profile_rules(profile, replace(maker, always=(like("agent", name.text),)))
    yield from rules_of(entry.get("rules"), maker)


def profiles(entry: Entry, maker: Maker) -> Iterator[Profile]:
    """The profiles as values."""
    for name, profile in entry.get("profiles") or ():
        yield profile_of(name, profile, maker)
