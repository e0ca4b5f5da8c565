"""Sessions of boxes, for people: all in a list, or one with what it refused."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from ringfence.app.running.paid import Paid
from ringfence.app.running.reached import ReachedHost
from ringfence.app.running.report import RefusedThing, SessionReport, SessionState
from ringfence.cli.console import safe
from ringfence.cli.shortening import from_here
from ringfence.cli.tables.section import first_rows, section
from ringfence.ledger.events.sandbox_ended import EndedBy
from ringfence.ledger.events.sandbox_refused import RefusedKind

__all__ = ["session_list", "session_report"]

_STYLES = {SessionState.RUNNING: "green", SessionState.LOST: "yellow"}
_HEADINGS = {
    RefusedKind.LAYER: "could not be had",
    RefusedKind.CALL: "system calls refused",
    RefusedKind.CHANGE: "changes taken out of the working tree",
    RefusedKind.LIMIT: "limits reached",
    RefusedKind.ESCAPE: "kept from the terminal",
}


def session_list(sessions: Sequence[SessionReport]) -> Iterator[RenderableType]:
    """One line each, the newest first."""
    table = section("Sessions", str(len(sessions)))
    for _ in range(4):
        table.add_column()
    shown, more = first_rows(tuple(reversed(sessions)))
    for each in shown:
        started = each.started_at.astimezone().strftime("%Y-%m-%d %H:%M") if each.started_at else ""
        table.add_row(
            each.name,
            Text(_state(each), _STYLES.get(each.state, "")),
            started,
            safe(" ".join(each.command)),
        )
    yield table
    if more:
        yield Text(more, "dim")


def session_report(session: SessionReport) -> Iterator[RenderableType]:
    """Everything that is known of one."""
    yield safe(f"{session.name}  {' '.join(session.command)}", "bold")
    yield from _line(f"{_state(session)}, in {from_here(Path(session.folder))}")
    if session.started_at:
        started = session.started_at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        again = f", {session.starts} starts" if session.starts > 1 else ""
        yield from _line(f"started {started}{again}{_lasted(session)}")
    if session.proofs:
        tried = f"{len(session.layers)} layers; {session.proofs} attempts to get out, all refused"
        yield from _line(f"held by {tried}, before it started")
    if session.lacking:
        yield from _line(f"without {', '.join(session.lacking)}, as --allow-degraded let it", "yellow")
    if session.masked:
        yield from _list("files with secrets, shown empty", session.masked)
    if session.published:
        pairs = ", ".join(f"{host} to {port}" for host, port in session.published)
        yield from _line(f"ports of the machine led into it: {pairs}")
    if session.hosts:
        yield from _list("asked of the world", [_host(each) for each in session.hosts])
    if session.credentials:
        used = [f"{each.name}, {_times(each.times)}" for each in session.credentials]
        yield from _list("credentials used, which it never had", used)
    if session.paid:
        yield from _line(_paid(session.paid))
    yield from _programs(session)
    for kind, title in _HEADINGS.items():
        things = [each for each in session.refused if each.kind is kind]
        if things:
            yield from _list(title, [_thing(each) for each in things])
    if session.kept:
        yield from _line(f"what was taken out is kept in {session.kept}", "yellow")


def _programs(session: SessionReport) -> Iterator[RenderableType]:
    if session.untold:
        yield from _line(f"programs that started in it were not told: {session.untold}", "yellow")
    if session.programs:
        most = [f"{each.program or 'others'}, {_times(each.times)}" for each in session.programs]
        yield from _list(f"programs started, {_times(session.starts_of_programs)} in all; most often", most)


def _state(session: SessionReport) -> str:
    match session.ended_by:
        case EndedBy.OPERATOR:
            took = f" in {session.kill_us / 1000:.1f} ms" if session.kill_us is not None else ""
            return f"killed by {session.operator}{took}"
        case EndedBy.LIMIT:
            return "ended when its time was over"
        case EndedBy.LOST:
            return "lost"
        case EndedBy.ITSELF:
            return f"ended with {session.exit_status}"
    return session.state.value


def _lasted(session: SessionReport) -> str:
    if session.ended_at is None or session.started_at is None:
        return ""
    seconds = (session.ended_at - session.started_at).total_seconds()
    return f", lasted {seconds:.1f} s" if seconds < 120 else f", lasted {seconds / 60:.0f} min"


def _host(host: ReachedHost) -> str:
    said = [f"{host.allowed} request{'s' * (host.allowed > 1)}"] if host.allowed else []
    if host.refused:
        said.append(f"{host.refused} refused: {host.why}")
    return f"{host.host or 'no host'}: {'; '.join(said)}"


def _paid(paid: Paid) -> str:
    by = f"by list prices of {paid.prices_of}" if paid.prices_of else "by what hosts or the policy say"
    most = f", {paid.at_most} of them at most" if paid.at_most else ""
    answers = f"{paid.answers} answer{'s' * (paid.answers > 1)}"
    return f"spent {paid.usd_micro / 1_000_000:.4f} USD {by}: {answers}{most}"


def _times(times: int) -> str:
    return "once" if times == 1 else f"{times} times"


def _thing(thing: RefusedThing) -> str:
    by = f" by {thing.by}" if thing.by else ""
    return f"{thing.what}{by}" + (f", {thing.times} times" if thing.times > 1 else "")


def _line(text: str, style: str = "") -> Iterator[RenderableType]:
    yield Padding(safe(text, style), (0, 0, 0, 2))


def _list(title: str, items: Sequence[str]) -> Iterator[RenderableType]:
    yield from _line(f"{title}:")
    shown, more = first_rows(items)
    for each in shown:
        yield Padding(safe(each), (0, 0, 0, 4))
    if more:
        yield Padding(Text(more, "dim"), (0, 0, 0, 4))
