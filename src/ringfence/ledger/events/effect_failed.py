"""What was allowed has not happened, or not wholly."""

from ringfence.core.dataclass import dataclass
from ringfence.ledger.values import Foreign

__all__ = ["EffectFailed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectFailed:
    """The decision it rests on, and what went wrong."""

    TYPE = "effect.failed/1"

    action_type: str
    decision_stream: str
    decision_seq: int
    problem: Foreign
