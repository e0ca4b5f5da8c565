"""What the lines around the lists say: how much there is, what is looked for, what became of answers."""

from rich.text import Text

from ringfence.app.watching.answering import Answered
from ringfence.app.watching.log import Log
from ringfence.app.watching.watch import Looked
from ringfence.core.ids import session_name
from ringfence.tui.text import spelled
from ringfence.tui.words import TABS

__all__ = ["found", "state", "told"]

_PROBLEMS = 3  # that are told of many answers


def state(looked: Looked | None, tab: int) -> Text:
    """The lists with their counts, the chosen one marked; how many sessions run."""
    counts = (len(looked.asks), looked.seen, len(looked.sessions)) if looked else (0, 0, 0)
    line = Text().append(" ringfence ", "bold")
    for number, name in enumerate(TABS):
        count = f" {counts[number]:,}" if number < len(counts) else ""
        style = "reverse" if number == tab else "bold yellow" if not number and counts[0] else ""
        line.append(" ").append(f" {number + 1} {name}{count} ", style)
    if looked:
        line.append(f"  {looked.running} running", "dim")
    return line


def found(log: Log, *, follows: bool, is_behind: bool) -> Text:
    """How many events are shown of how many, and by what they were chosen."""
    chosen, shown = log.filter, len(log.shown)
    many = f"{shown:,} of {log.kept:,} events" if shown < log.kept else f"{log.kept:,} events"
    said = (
        many + (", still reading" if is_behind else ""),
        "following" if follows else "stopped: f or G follows",
        chosen.kind or "",
        f"session {spelled(session_name(chosen.session))}" if chosen.session else "",
        "denied only" if chosen.refusals else "",
        f'"{spelled(chosen.text)}"' if chosen.text else "",
    )
    return Text(f" {' · '.join(filter(None, said))}")


def told(done: Answered) -> str:
    """What became of answers."""
    counts = ((done.granted, "approved"), (done.refused, "denied"))
    said = [f"{count} {word}" for count, word in counts if count]
    return " · ".join([*said, *done.problems[:_PROBLEMS]]) or "nothing was answered"
