"""A session has sent and received more of the bytes that its policy bounds."""

from ringfence.core.dataclass import dataclass

__all__ = ["EgressCarried"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EgressCarried:
    """How many since the last such event, in bodies; recorded each second in which there were some."""

    TYPE = "egress.carried/1"

    session: str
    sent_bytes: int
    received_bytes: int
