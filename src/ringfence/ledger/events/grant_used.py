"""A grant let one action through."""

from ringfence.core.dataclass import dataclass
from ringfence.ledger.values import Facts

__all__ = ["GrantUsed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantUsed:
    """One of its uses is spent."""

    TYPE = "grant.used/1"

    grant: str
    use: int  # from 1
    action: Facts
