"""All that was recorded so far was signed."""

from ringfence.core.dataclass import dataclass

__all__ = ["CheckpointMade"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointMade:
    """The signed note over the first `size` events, and what the next one goes on from."""

    TYPE = "checkpoint.made/1"

    note: str
    key: str  # the public key that the signer says is its own
    size: int
    ordinal: int  # of the last event that it covers
    subtrees: tuple[str, ...]  # roots of the whole subtrees, hexadecimal, the largest first
