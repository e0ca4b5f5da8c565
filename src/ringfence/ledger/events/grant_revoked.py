"""An operator took a grant back."""

from ringfence.core.dataclass import dataclass
from ringfence.ledger.values import Foreign

__all__ = ["GrantRevoked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantRevoked:
    """It lets nothing through any more."""

    TYPE = "grant.revoked/1"

    grant: str
    operator: str
    note: Foreign | None = None
