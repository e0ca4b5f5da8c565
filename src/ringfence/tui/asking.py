"""A question as an operator must see it before a yes: each fact whole, its origin, what a yes opens."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from rich.text import Text

from ringfence.app.watching.asking import AskDetail, Origin
from ringfence.app.watching.sessions import WatchedSession
from ringfence.core.ids import session_name
from ringfence.tui.text import fact_lines, only_ascii, prose, spelled, wrapped

__all__ = ["asks_text"]

_SESSIONS = 8  # that are named
_LOWERED = 3  # whose hosts are named

Sessions = Mapping[str, WatchedSession]


def asks_text(
    details: Sequence[AskDetail], sessions: Sessions, tries: Mapping[str, int], *, proposals: bool
) -> Callable[[int], list[Text]]:
    """All of them, one below the other, for a width in cells. `tries`: how often a row held something.

    `proposals`: with the rules that would spare them; whoever answers need not read those.
    """

    def made(cells: int) -> list[Text]:
        lines: list[Text] = []
        for number, detail in enumerate(details, 1):
            if len(details) > 1:
                head = f"── {number} of {len(details)} "
                lines.append(Text(head + "─" * (cells - len(head)), "dim"))
            lines += _lines(detail, sessions, tries.get(detail.row.key, 0), cells)
            lines += _proposal(detail, cells) if proposals else ()
            lines.append(Text())
        return lines[:-1]

    return made


def _lines(detail: AskDetail, sessions: Sessions, tries: int, cells: int) -> Iterator[Text]:
    row, ask = detail.row, detail.ask
    who = f"the agent {only_ascii(row.agent)}" if row.agent else "a person"
    yield from _text(f" {spelled(row.action_type)} by {who}", cells, "bold")
    facts = tuple(each for each in ask.facts if each.name not in ("session", "agent"))
    for line in fact_lines(facts, cells):
        yield Text(line)
    if ask.hidden:
        what = "1 value is" if ask.hidden == 1 else f"{ask.hidden} values are"
        yield from _prose(
            f"   {what} hidden as [cut]; a yes is for exactly what stands there", cells, "yellow"
        )
    yield from _prose(" Asked", cells, "bold")
    yield from _prose(f"   {_who(detail, tries)}", cells)
    yield from _prose(f"   {_sessions(row.sessions, sessions)}", cells)
    yield from _text(f"   by the rules {', '.join(map(spelled, row.rules))}", cells)
    yield from _prose(" Its values came from", cells, "bold")
    for each in detail.origins:
        yield from _text(f"   {_origin(each)}", cells, "yellow" if each.integrity == "untrusted" else "")
    if not detail.origins:
        yield from _prose("   nobody knows where", cells)
    for line in _lowered(row.sessions, sessions):
        yield from _text(f"   {line}", cells, "yellow")
    yield from _prose(" A yes opens", cells, "bold")
    yield from _prose(f"   {_opens(detail)}", cells)


def _proposal(detail: AskDetail, cells: int) -> Iterator[Text]:
    if detail.proposal is not None:
        yield from _prose(" Asked this often, a rule could spare the question; in a policy:", cells, "bold")
        for line in detail.proposal.splitlines():
            yield from _text(f"   {spelled(line)}", cells, "cyan")


def _who(detail: AskDetail, tries: int) -> str:
    row = detail.row
    by = f"by the account {only_ascii(row.asked_by)}" if row.asked_by else "by nobody knows whom"
    since = row.opened_at.astimezone().strftime("since %Y-%m-%d %H:%M:%S")
    tried = f", tried {tries} times" if tries > 1 else ""
    before = f", asked {row.asked_before} times before" if row.asked_before else ""
    return f"{by} {since}{tried}{before}"


def _sessions(ids: tuple[str, ...], sessions: Sessions) -> str:
    if not ids:
        return "in no session"
    names = ", ".join(_session(each, sessions) for each in ids[:_SESSIONS])
    more = f" and {len(ids) - _SESSIONS} more" if len(ids) > _SESSIONS else ""
    return f"in the session {names}" if len(ids) == 1 else f"in {len(ids)} sessions: {names}{more}"


def _session(id_: str, sessions: Sessions) -> str:
    found = sessions.get(id_)
    ended = " (has ended)" if found is not None and found.has_ended else ""
    return only_ascii(session_name(id_)) + ended


def _lowered(ids: tuple[str, ...], sessions: Sessions) -> Iterator[str]:
    found = [sessions[each] for each in ids if each in sessions and sessions[each].integrity]
    for each in found[:_LOWERED]:
        name = only_ascii(session_name(each.id))
        host = only_ascii(each.lowered_by)
        yield f"session {name} counts as {spelled(each.integrity)}, {spelled(each.sensitivity)} since {host}"


def _origin(origin: Origin) -> str:
    of = f"argument {only_ascii(origin.of)}" if origin.of else "all that a session had read"
    where = f", from {', '.join(map(spelled, origin.sources))}" if origin.sources else ""
    return f"{of}: {spelled(origin.integrity)}, {spelled(origin.sensitivity)}{where}"


def _opens(detail: AskDetail) -> str:
    same, free = ", ".join(detail.same), ", ".join(detail.free)
    whatever = f", whatever its {free}" if free else ""
    whose = "for this agent" if not detail.row.sessions else "for this agent in this session"
    if len(detail.row.sessions) > 1:
        whose = "for this agent, in each of these sessions as often"
    return f"the same {same}{whatever}; {whose}"


def _prose(line: str, cells: int, style: str = "") -> Iterator[Text]:
    for each in prose(line, cells):
        yield Text(each, style)


def _text(line: str, cells: int, style: str = "") -> Iterator[Text]:
    for each in wrapped(line, cells):
        yield Text(each, style)
