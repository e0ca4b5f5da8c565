"""Bounds: the record: its events, checkpoints and readers."""

from ringfence.core.dataclass import dataclass
from ringfence.core.limits.units import MIB

__all__ = ["Ledger"]


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """The record: its events, checkpoints and readers."""

    event_bytes: int = 1 * MIB  # of one event's body
    event_depth: int = 32
    event_foreign_chars: int = 4_000  # of one text that somebody else wrote; what is cut is counted
    ledger_group: int = 1_000  # events in one transaction
    ledger_group_bytes: int = 2 * MIB  # of bodies that one question asks to record together
    ledger_clients: int = 400  # processes and threads that append through the one that writes
    checkpoint_signatures: int = 16  # of one signed checkpoint
    anchors: int = 100_000  # checkpoints and keys in one file of them
    anchor_bytes: int = 64 * MIB
    proof_bytes: int = 8 * MIB  # a body, escaped, and some hashes
    ledger_shown: int = 100_000  # events in one document
    ledger_wait_s: float = 20.0  # for another process that writes, or that just ended
