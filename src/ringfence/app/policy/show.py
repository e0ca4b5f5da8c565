"""Which documents the policy in force is made of, and what each of them contributes."""

from collections.abc import Mapping
from datetime import datetime

from ringfence.core.dataclass import dataclass
from ringfence.core.decisions import Mode, Place, Section
from ringfence.core.errors import RingfenceError
from ringfence.policy.document import Contribution
from ringfence.policy.policy import Policy
from ringfence.policy.rule import Tier

__all__ = ["PolicyShown", "ShownFile", "ShownMode", "show", "tier_word"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFile:
    """One document that took part."""

    tier: str  # built-in, system, user, working-tree
    name: str
    digest: str  # SHA-256, hexadecimal
    size_bytes: int
    serial: int | None
    modes: Mapping[Section, Mode]  # that it names
    rules: Mapping[Section, int]
    exceptions: int
    examples: int
    values: tuple[str, ...]  # what it says that is no rule


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownMode:
    """How a section is carried out."""

    section: Section
    mode: Mode
    ceiling: bool  # the system's document enforces it, so only its own rules allow anything
    at: str | None  # file and line that say so; None where none does
    rules: int  # in all files


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyShown:
    """The policy in force."""

    started_at: datetime  # UTC
    complete: bool  # false when the documents as they are now are not what is in force
    digest: str
    files: tuple[ShownFile, ...]
    modes: tuple[ShownMode, ...]
    never_collected: tuple[str, ...]
    trouble: str | None  # why the documents as they are now are not in force
    hint: str | None


def show(policy: Policy, *, trouble: RingfenceError | None, started_at: datetime) -> PolicyShown:
    """The policy as values."""
    return PolicyShown(
        started_at=started_at,
        complete=trouble is None,
        digest=policy.digest,
        files=tuple(_file(each) for each in policy.files),
        modes=tuple(_mode(policy, section, *said) for section, said in policy.modes.items()),
        never_collected=policy.never_collected,
        trouble=None if trouble is None else trouble.what,
        hint=None if trouble is None else trouble.hint,
    )


def tier_word(tier: Tier) -> str:
    """built-in, system, user or working-tree."""
    return tier.name.lower().replace("_", "-")


def _file(said: Contribution) -> ShownFile:
    return ShownFile(
        tier=tier_word(said.tier),
        name=said.name,
        digest=said.digest,
        size_bytes=said.size_bytes,
        serial=said.serial,
        modes=said.modes,
        rules=said.rules,
        exceptions=said.exceptions,
        examples=said.examples,
        values=said.values,
    )


def _mode(policy: Policy, section: Section, mode: Mode, at: Place | None) -> ShownMode:
    rules = sum(each.rules.get(section, 0) for each in policy.files)
    ceiling = section in policy.ceiling
    return ShownMode(section=section, mode=mode, ceiling=ceiling, at=str(at) if at else None, rules=rules)
