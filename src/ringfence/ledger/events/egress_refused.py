"""The way out refused something that no policy is asked about."""

from ringfence.core.dataclass import dataclass
from ringfence.ledger.values import Foreign

__all__ = ["EgressRefused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EgressRefused:
    """What it was, and how often."""

    TYPE = "egress.refused/1"

    session: str
    trouble: str  # our own word: malformed, mismatch, foreign credential, address …
    host: Foreign | None  # that was asked for, if it is known
    what: Foreign
    times: int
