"""A tool server describes a tool otherwise than before, or has one more than it began with."""

from ringfence.core.dataclass import dataclass
from ringfence.ledger.values import Foreign

__all__ = ["ToolChanged"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolChanged:
    """Which, by the digests of what was said of it."""

    TYPE = "tool.changed/1"

    session: str
    server: str  # as policies name it
    tool: Foreign
    was: str | None  # SHA-256 of the tool as it was listed, in RFC 8785 JSON; None: it was not there
    now: str
