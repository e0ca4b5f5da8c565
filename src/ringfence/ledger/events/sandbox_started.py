"""A box stands: its layers were proved, and its command is about to start."""

from ringfence.core.dataclass import dataclass
from ringfence.ledger.values import Facts, Foreign

__all__ = ["SandboxStarted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxStarted:
    """What holds the command in, and the proof. The command itself is in the decision it rests on."""

    TYPE = "sandbox.started/1"

    session: str
    agent: str
    decision_stream: str
    decision_seq: int
    plan_digest: str  # SHA-256 of the plan's JSON
    layers: tuple[str, ...]
    lacking: Facts  # layers that the box goes without, as --allow-degraded let it: why
    proofs: Facts  # what was tried from within before the start, and how it failed
    masked: tuple[Foreign, ...]  # files with secrets that the box does not show
    resumed: bool
