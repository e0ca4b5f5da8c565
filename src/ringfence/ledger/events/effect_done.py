"""What was allowed has happened."""

from ringfence.core.dataclass import dataclass
from ringfence.ledger.values import Facts

__all__ = ["EffectDone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectDone:
    """The decision it rests on, and what came of it."""

    TYPE = "effect.done/1"

    action_type: str
    decision_stream: str
    decision_seq: int
    result: Facts
