"""The vault has forgotten a credential."""

from ringfence.core.dataclass import dataclass

__all__ = ["CredentialRemoved"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialRemoved:
    """Which one, and the first state of the vault without it."""

    TYPE = "credential.removed/1"

    credential: str
    kind: str
    generation: int
