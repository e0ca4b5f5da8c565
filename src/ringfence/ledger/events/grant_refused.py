"""An operator said no."""

from ringfence.core.dataclass import dataclass
from ringfence.ledger.values import Foreign

__all__ = ["GrantRefused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantRefused:
    """The question is closed; the action is denied."""

    TYPE = "grant.refused/1"

    ask: str
    operator: str
    waited_s: int
    note: Foreign | None = None
