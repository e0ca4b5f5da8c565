"""Events, sessions and questions as lines of a list: aligned columns, words before colours."""

from datetime import datetime, timedelta

from rich.text import Text

from ringfence.app.watching.asking import AskRow
from ringfence.app.watching.kinds import Kind
from ringfence.app.watching.rows import EventRow
from ringfence.app.watching.sessions import State, WatchedSession
from ringfence.core.ids import session_name
from ringfence.tui.text import fitted, only_ascii, spelled

__all__ = ["ASK_COLUMNS", "EVENT_COLUMNS", "SESSION_COLUMNS", "ask", "event", "headings", "session", "span"]

_KIND, _NAME, _AGENT, _STATE, _SPAN = 7, 8, 10, 10, 5
_KINDS = {
    Kind.BOX: "blue",
    Kind.PROCESS: "blue",
    Kind.CONNECTION: "cyan",
    Kind.REQUEST: "cyan",
    Kind.TOOL: "magenta",
    Kind.CREDENTIAL: "magenta",
    Kind.LABEL: "yellow",
    Kind.ASK: "yellow",
}
_OF_THIS_MACHINE = frozenset(
    {Kind.BOX, Kind.PROCESS, Kind.MODEL, Kind.RECORD}
)  # whose names are of any language
_STATES = {State.RUNNING: "green", State.REFUSED: "red", State.KILLED: "yellow", State.LOST: "yellow"}

EVENT_COLUMNS = (("time", 8), ("kind", _KIND), ("session", _NAME), ("  what happened", 0))
SESSION_COLUMNS = (
    ("session", _NAME),
    ("state", _STATE),
    ("age", _SPAN),
    ("agent", _AGENT),
    ("events", 6),
    ("denied", 6),
    ("starts", 6),
    ("command", 0),
)
ASK_COLUMNS = (("times", 5), ("age", _SPAN), ("agent", _AGENT), ("action", 14), ("to what", 0))


def headings(columns: tuple[tuple[str, int], ...]) -> Text:
    """The names over the columns."""
    return Text("  " + "  ".join(fitted(name, width) if width else name for name, width in columns), "dim")


def event(row: EventRow, cells: int) -> Text:
    """Time of day here, kind, session, whether it was refused, what happened.

    What goes to or comes from elsewhere is in ASCII alone: a host looks like no other.
    """
    line = Text(no_wrap=True).append(row.at.astimezone().strftime("%H:%M:%S"), "dim")
    line.append("  ").append(fitted(row.kind, _KIND), _KINDS.get(row.kind, ""))
    line.append("  ").append(fitted(_session(row.session), _NAME), "dim").append("  ")
    line.append("✗ " if row.is_refusal else "  ", "red")
    color = "red" if row.is_refusal else ""
    letters = spelled if row.kind in _OF_THIS_MACHINE else only_ascii
    subject = letters(row.subject) + (f" … {row.chars:,} characters" if _is_cut(row) else "")
    parts = ((spelled(row.what), color), (subject, ""))
    for text, style in reversed(parts) if row.is_subject_first else parts:
        line.append(f"{text}  " if text else "", style)
    line.append(spelled(row.place), "dim")
    return _within(line, cells)


def session(row: WatchedSession, cells: int, now: datetime) -> Text:
    """Name, state, age, agent, how much, command."""
    state = (
        row.state if row.exit_status is None or row.state is not State.ENDED else f"ended {row.exit_status}"
    )
    age = span(now - (row.started_at or row.last_at))
    line = Text(fitted(_session(row.id), _NAME), no_wrap=True)
    line.append("  ").append(fitted(state, _STATE), _STATES.get(row.state, "dim" if row.has_ended else ""))
    line.append("  ").append(f"{age:>{_SPAN}}", "dim")
    line.append("  ").append(fitted(spelled(row.agent), _AGENT), "cyan")
    line.append(f"  {row.events:>6}  ").append(f"{row.refused:>6}", "red" if row.refused else "dim")
    line.append(f"  {'-' if row.untold else row.starts:>6}", "dim")
    label = f"  [{spelled(row.integrity)}, {spelled(row.sensitivity)}]" if row.integrity else ""
    line.append("  ").append(spelled(row.command)).append(label, "yellow")
    return _within(line, cells)


def ask(row: AskRow, cells: int, now: datetime, tries: int) -> Text:
    """How often, since when, which agent, what; in ASCII alone, so that nothing looks like something else."""
    many = max(tries, len(row.asks))
    line = Text(no_wrap=True).append(f"{many:>4}x", "bold yellow" if many > 1 else "dim")
    line.append(f"  {span(now - row.opened_at):>{_SPAN}}", "dim")
    line.append("  ").append(fitted(only_ascii(row.agent) or "-", _AGENT), "cyan")
    line.append("  ").append(fitted(row.action_type, 14))
    line.append("  ").append(only_ascii(row.subject))
    if len(row.sessions) > 1:
        line.append(f"  in {len(row.sessions)} sessions", "dim")
    return _within(line, cells)


def span(time: timedelta) -> str:
    """As short as can be: 45s, 12m, 3h, 9d."""
    seconds = max(0, int(time.total_seconds()))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= 2 * size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _session(id_: str | None) -> str:
    return spelled(session_name(id_)) if id_ else ""


def _is_cut(row: EventRow) -> bool:
    return row.chars > len(row.subject)


def _within(line: Text, cells: int) -> Text:
    """Cut at the edge, with a mark."""
    if line.cell_len > cells:
        line.truncate(cells, overflow="ellipsis")
    return line
