"""The whole vault was written anew: under another key, or from a copy."""

from enum import StrEnum

from ringfence.core.dataclass import dataclass

__all__ = ["RewrittenWhy", "VaultRewritten"]


class RewrittenWhy(StrEnum):
    """Why."""

    REKEYED = "rekeyed"
    RESTORED = "restored"


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultRewritten:
    """Why, and where its key is now."""

    TYPE = "vault.rewritten/1"

    why: RewrittenWhy
    key: str  # file, keyring or passphrase
    credentials: int
    generation: int
