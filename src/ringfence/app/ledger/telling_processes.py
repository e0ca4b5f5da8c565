"""Programs that started in boxes, in words: what of an event is ours, and what is anybody's."""

from ringfence.core.ids import session_name
from ringfence.ledger.events.process_started import ProcessStarted
from ringfence.ledger.events.process_untold import ProcessUntold, UntoldWhy

__all__ = ["UNTOLD_BECAUSE", "process_words"]

UNTOLD_BECAUSE = {
    UntoldWhy.POLICY: "a profile says that they are not recorded",
    UntoldWhy.KERNEL: "this kernel cannot tell of them: Linux 5.19 can",
    UntoldWhy.NESTED: "another box around it hears of all",
}
"""Why programs that start in a box are not told."""


def process_words(event: ProcessStarted | ProcessUntold) -> tuple[str, str]:
    """What is said of it, and what it is about: how often, the program, its arguments, who started it."""
    name = session_name(event.session)
    if isinstance(event, ProcessUntold):
        return f"programs that start in box {name} are not told", UNTOLD_BECAUSE[event.why]
    what = f"program started in box {name}"
    often = f"{event.times}x " if event.times > 1 else ""
    if event.program is None:
        return what, f"{often}others"
    line = " ".join([event.program.text, *(each.text for each in event.arguments or ())])
    more = " …" if event.more_arguments else ""
    by = f" by {event.by.text}" if event.by else ""
    return what, f"{often}{line}{more}{by}"
