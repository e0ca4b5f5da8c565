"""A box refused something, or could not be had."""

from enum import StrEnum

from ringfence.core.dataclass import dataclass
from ringfence.ledger.values import Foreign

__all__ = ["RefusedKind", "SandboxRefused"]


class RefusedKind(StrEnum):
    """What kind of thing."""

    LAYER = "layer"  # one that could not be had, so nothing was started
    CALL = "call"  # a system call that no box allows
    CHANGE = "change"  # to a file of the working tree that acts on the host; what was written is kept aside
    LIMIT = "limit"
    ESCAPE = "escape"  # a sequence that would have acted on the terminal


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxRefused:
    """What it was, and how often."""

    TYPE = "sandbox.refused/1"

    session: str
    kind: RefusedKind
    what: Foreign  # the layer, call, path …
    by: Foreign | None  # the program, if it is known
    times: int
