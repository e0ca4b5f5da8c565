"""An operator said yes."""

from datetime import datetime

from ringfence.core.dataclass import dataclass
from ringfence.ledger.values import Facts, Foreign

__all__ = ["GrantGiven"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantGiven:
    """For actions that share `compared`, as long as the same rules ask."""

    TYPE = "grant.given/1"

    grant: str
    ask: str | None  # the question it answers; None when given beforehand
    action_type: str
    compared: Facts  # the fields that the action's type compares, with their values
    rules_digest: str  # SHA-256 over the rules that asked, hexadecimal
    operator: str
    asked_by: str | None
    uses: int | None  # None: as many as one likes
    expires_at: datetime | None  # None: no end
    waited_s: int | None  # from ask to answer
    note: Foreign | None = None
