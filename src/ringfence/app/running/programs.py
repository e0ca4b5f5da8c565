"""Which programs started in a session's boxes, summed up from its stream of the ledger."""

from collections import Counter
from dataclasses import field

from ringfence.app.ledger.telling_boxes import UNTOLD_BECAUSE
from ringfence.core.dataclass import dataclass
from ringfence.ledger.events.process_started import ProcessStarted
from ringfence.ledger.events.process_untold import ProcessUntold

__all__ = ["ProgramStarted", "Programs"]

_MOST_STARTED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramStarted:
    """One program, as it called itself, and how often it was started."""

    program: str | None  # its path; None: nobody knows which, or of more than were told apart
    times: int


@dataclass(slots=True)
class Programs:
    """Sums, event by event."""

    starts: int = 0
    untold: str | None = None  # why nobody knows, of the last box that did not tell
    _times: Counter[str | None] = field(default_factory=Counter)

    def hear(self, event: ProcessStarted | ProcessUntold) -> None:
        """One more."""
        if isinstance(event, ProcessUntold):
            self.untold = UNTOLD_BECAUSE[event.why]
            return
        self.starts += event.times
        self._times[event.program.text if event.program else None] += event.times

    def most(self) -> tuple[ProgramStarted, ...]:
        """Those that were started most often, by their path where equally often."""
        found = sorted(self._times.items(), key=lambda each: (-each[1], each[0] or ""))
        return tuple(ProgramStarted(program=program, times=times) for program, times in found[:_MOST_STARTED])
