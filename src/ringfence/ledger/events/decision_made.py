"""An action was judged."""

from ringfence.core.dataclass import dataclass
from ringfence.core.decisions import Decision
from ringfence.ledger.values import Facts

__all__ = ["DecisionMade"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionMade:
    """What was about to happen, what the policy said, and whether it went ahead."""

    TYPE = "decision.made/1"

    action: Facts  # with its type as "action"
    decision: Decision
    proceeds: bool  # a receipt was made out
    grant: str | None = None  # id of the grant that turned an ask into a yes
    ask: str | None = None  # id of the ask that was opened
    asked_by: str | None = None  # pseudonym of who runs what asks
