"""Programs started in a box, of one kind and by one program. What they said of themselves is as told."""

from ringfence.core.dataclass import dataclass
from ringfence.ledger.values import Foreign

__all__ = ["ProcessStarted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessStarted:
    """How many since the event before of the same two programs. Nothing was decided by it."""

    TYPE = "process.started/1"

    session: str
    program: Foreign | None  # its path; None: nobody knows which, or of more than are told apart
    by: Foreign | None  # the path of the program that started it; None: ringfence, or nobody knows
    pid: int | None  # of the first, within the box
    arguments: tuple[Foreign, ...] | None  # of the first, without what looks secret; None: it was told before
    more_arguments: bool  # the first had more, or longer ones
    times: int
