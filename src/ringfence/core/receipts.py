"""Proof that an action was decided and recorded; what has an effect takes one for its type of action."""

from datetime import datetime
from typing import Generic, TypeVar

from ringfence.core.actions import Action
from ringfence.core.dataclass import dataclass

__all__ = ["Receipt"]

ActionT_co = TypeVar("ActionT_co", bound=Action, covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt(Generic[ActionT_co]):
    """For one action. Nobody but the gate can make a true one: `seal` covers all other fields.

    What a function with an effect does, it reads from `action` once the gate has redeemed the receipt, so
    that what happens is what was decided.
    """

    action: ActionT_co
    stream: str  # where the ledger has the decision
    seq: int
    expires_at: datetime  # UTC
    uses: int  # how often it may be redeemed
    seal: bytes  # HMAC-SHA-256
