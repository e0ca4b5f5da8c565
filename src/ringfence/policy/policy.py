"""A policy in force: what its documents say, and what follows for an action."""

from bisect import bisect_right
from collections.abc import Mapping
from datetime import datetime
from typing import final

from ringfence.core.actions import Action
from ringfence.core.decisions import Decision, Mode, Place, Section
from ringfence.policy.document import Contribution, Document, Ruling
from ringfence.policy.engine import Engine
from ringfence.policy.rule import Exemption, Rule, Tier
from ringfence.policy.values import Operators, Profile, Retention

__all__ = ["Policy"]


@final
class Policy:
    """Never changes; deciding neither reads a clock nor asks anything but the action it is given.

    Raises:
        BadGlob, KeyError, ValueError: when it decides, and a rule's condition fits no action; `load` has
            found that before.
    """

    __slots__ = ("_ends", "_engine", "document")

    def __init__(self, document: Document) -> None:
        self.document = document
        self._ends: tuple[datetime, ...] | None = None  # of what is over some day, once somebody asks
        self._engine = Engine(document.joined, document.tree, policy_digest=document.digest)

    def decide(self, action: Action, *, now: datetime, enforcing: bool = False) -> Decision:
        """What the policy says of `action` at `now` (UTC, aware).

        `enforcing`: all rules count as enforced, and what none matches is denied.
        """
        return self._engine.decide(action, now=now, enforcing=enforcing)

    def holds_until(self, now: datetime) -> datetime | None:
        """When a rule or an exception that counts at `now` is over, the first of them; None: never."""
        if self._ends is None:
            of_rules = [each.until for each in self.rules if each.until is not None]
            self._ends = tuple(sorted([*of_rules, *(each.until for each in self.exemptions)]))
        at = bisect_right(self._ends, now)
        return self._ends[at] if at < len(self._ends) else None

    @property
    def digest(self) -> str:
        """SHA-256 over all files that took part, hexadecimal."""
        return self.document.digest

    @property
    def files(self) -> tuple[Contribution, ...]:
        """What each file contributed."""
        return self.document.files

    @property
    def rules(self) -> tuple[Rule, ...]:
        """All rules, a working tree's last."""
        return tuple(rule for ruling in self._rulings for rule in ruling.rules)

    @property
    def exemptions(self) -> tuple[Exemption, ...]:
        """All exceptions, expired ones among them."""
        return tuple(each for ruling in self._rulings for each in ruling.exemptions)

    @property
    def modes(self) -> Mapping[Section, tuple[Mode, Place | None]]:
        """Each section's mode, without a working tree's."""
        return self.document.joined.modes

    def opens(self, rule: Rule) -> bool:
        """Whether what the rule allows, or asks about, takes no rule of the system's beside it."""
        joined = self.document.joined
        return rule.tier is not Tier.USER or rule.section not in joined.ceiling

    @property
    def ceiling(self) -> frozenset[Section]:
        """Sections that the system's document enforces: what none of its own rules matches is denied."""
        return self.document.joined.ceiling

    @property
    def retention(self) -> Retention:
        """How long records are kept."""
        return self.document.retention

    @property
    def operators(self) -> Operators:
        """Who approves what."""
        return self.document.operators

    @property
    def profiles(self) -> tuple[Profile, ...]:
        """Agents that somebody answers for."""
        return self.document.profiles

    @property
    def never_collected(self) -> tuple[str, ...]:
        """What is not recorded, whatever happens, in the documents' own words."""
        return self.document.never_collected

    @property
    def _rulings(self) -> tuple[Ruling, ...]:
        document = self.document
        return (document.joined,) if document.tree is None else (document.joined, document.tree)
