"""An action waits for an operator's word."""

from datetime import datetime

from ringfence.core.dataclass import dataclass
from ringfence.ledger.values import Facts

__all__ = ["AskOpened"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AskOpened:
    """The whole question: what would happen, and which rules ask."""

    TYPE = "ask.opened/1"

    ask: str
    action: Facts
    rules: tuple[str, ...]  # ids of the rules that ask
    rules_digest: str  # SHA-256 over these rules, hexadecimal
    asked_by: str | None  # who runs what asks
    expires_at: datetime | None  # nobody need answer any more
