"""A question is no longer open, and nobody answered it."""

from ringfence.core.dataclass import dataclass

__all__ = ["AskWithdrawn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AskWithdrawn:
    """Who asked has gone, the time is up, or the rules changed."""

    TYPE = "ask.withdrawn/1"

    ask: str
    why: str  # one of the gate's own words
