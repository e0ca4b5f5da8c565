"""What the documents of a policy say, read and checked: rules by group of tiers, and values.

System and user are one group (`joined`); without either of them it is the built-in starter. A working tree's
documents are a group of their own (`tree`): it is judged alone as well, and the stricter of both holds.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ringfence.core.dataclass import dataclass
from ringfence.core.decisions import Mode, Place, Section
from ringfence.policy.prices import HostPrices
from ringfence.policy.rule import Exemption, Rule, Tier
from ringfence.policy.values import Operators, Profile, Retention

if TYPE_CHECKING:  # most policies have none
    from ringfence.policy.trust_words import Trust

__all__ = ["Contribution", "Document", "Ruling"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What one group of tiers says of actions.

    A condition's field is one of an action's, or a part of one: `arguments.NAME` (text), `context.integrity`
    and `context.sensitivity` (ranks). The words of an enumeration are its values, or its names in lower case
    where the values are numbers (`words.words_of`); a rank is the word's position there.
    """

    rules: tuple[Rule, ...]  # as they stand, system before user
    exemptions: tuple[Exemption, ...]  # of rules of this group; expired ones among them
    modes: Mapping[Section, tuple[Mode, Place | None]]  # joined: all, the place None where none is named;
    # tree: those that it names
    trust: "Trust | None"  # of tool calls; None when no document has any
    ceiling: frozenset[Section] = frozenset()  # that the system's document enforces: only its rules open them
    ceiling_trust: "Trust | None" = None  # what that document alone says, where agents are among those


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """One file that took part, and what came of it."""

    tier: Tier
    name: str
    digest: str  # SHA-256, hexadecimal
    size_bytes: int
    serial: int | None  # goes up with every edition, so that an older one is noticed
    modes: Mapping[Section, Mode]  # that the file names, by section or for all
    rules: Mapping[Section, int]  # how many
    exceptions: int
    examples: int
    values: tuple[str, ...]  # parts that are no rules: retention, operators, trust, profiles, prices


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """All files together."""

    digest: str  # SHA-256 over all files that took part, hexadecimal
    files: tuple[Contribution, ...]  # built-in, system, user, working tree
    joined: Ruling
    tree: Ruling | None
    retention: Retention
    operators: Operators
    profiles: tuple[Profile, ...]
    never_collected: tuple[str, ...]
    tree_profiles: tuple[Profile, ...] = ()  # a working tree's, of which only what restricts counts
    prices: tuple[HostPrices, ...] = ()  # of models: the system's, then the user's where these may open
