"""A policy could not be loaded; the last good one stays in force."""

from ringfence.core.dataclass import dataclass
from ringfence.ledger.values import Foreign

__all__ = ["PolicyFault", "PolicyRefused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFault:
    """One thing wrong with it."""

    file: str
    line: int | None
    column: int | None
    what: Foreign


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRefused:
    """Why, and what holds instead."""

    TYPE = "policy.refused/1"

    faults: tuple[PolicyFault, ...]
    in_force: str | None  # digest; None: nothing could be loaded, and everything is denied
