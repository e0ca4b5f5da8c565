"""A session is about to read what is worth less than all it has read."""

from ringfence.core.dataclass import dataclass
from ringfence.ledger.values import Foreign

__all__ = ["SessionLowered"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLowered:
    """What it counts as from here on, in the words of policies; recorded before the first byte is there."""

    TYPE = "session.lowered/1"

    session: str
    integrity: str  # untrusted, attested, endorsed, user, system
    sensitivity: str  # public, internal, confidential, restricted
    by: Foreign  # the host that answers
