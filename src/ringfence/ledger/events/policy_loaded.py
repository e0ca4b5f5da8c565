"""Another policy came into force."""

from ringfence.core.dataclass import dataclass

__all__ = ["PolicyLoaded", "PolicyPart"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyPart:
    """One file that took part."""

    tier: str  # built-in, system, user, working-tree
    name: str
    sha256: str
    rules: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyLoaded:
    """Which, from which files."""

    TYPE = "policy.loaded/1"

    digest: str
    files: tuple[PolicyPart, ...]
    before: str | None  # digest of the one it replaces
