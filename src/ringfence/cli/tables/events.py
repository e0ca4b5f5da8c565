"""Events of the ledger as lines that a terminal never wraps, and what became of things."""

import shutil
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from rich.cells import cell_len, set_cell_size

from ringfence.app.ledger.news import News, ThingNews
from ringfence.app.ledger.show import ShownEvent
from ringfence.cli.exact import name as spelled
from ringfence.cli.tables.section import first_rows
from ringfence.core.text import clip

__all__ = ["event_line", "news_lines"]

_NAME_WIDTH = 14
_PART_CHARS = 200  # of what others wrote, where no terminal's edge is in the way


def event_line(event: ShownEvent, name: str, *, home: Path) -> str:
    """Time, name, what happened, to what, what the policy said, and the line that said so."""
    judged = ", ".join(filter(None, (event.effect, event.mode)))
    place = " ".join(filter(None, (_place(event.place, home), event.rule)))
    parts = (
        f"{_time(event.at)}  {spelled(name):<{_NAME_WIDTH}}",
        _part(event.what),
        _part(event.subject),
        f"[{judged}]" if judged else "",
        _part(place),
    )
    return _fitted("  ".join(filter(None, parts)))


def news_lines(news: News) -> Iterator[str]:
    """How much appeared, changed and vanished, and then each."""
    counts = ((news.appeared, "appeared"), (news.changed, "changed"), (news.vanished, "vanished"))
    if not news.things:
        yield "in that time nothing appeared, changed or vanished"
        return
    yield f"in that time {', '.join(f'{count} {word}' for count, word in counts)}:"
    rows, rest = first_rows(news.things)
    for each in rows:
        yield _fitted(_news(each))
    if rest:
        yield rest


def _news(thing: ThingNews) -> str:
    standing = thing.standing or ""
    if thing.standing_before is not None:
        standing = f"{thing.standing_before} before, now {standing or 'unjudged'}"
    changed = f"({', '.join(thing.changed)})" if thing.changed else ""
    parts = (f"  {thing.news.value:<13}", f"{thing.kind:<8}", _part(thing.name), _part(changed), standing)
    return "  ".join(filter(None, parts))


def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def _place(place: str | None, home: Path) -> str:
    if place is None:
        return ""
    return place.replace(f"{home}/", "~/") if home != Path("/") else place


def _part(text: str) -> str:
    return clip(spelled(text), chars=_PART_CHARS)


def _fitted(line: str) -> str:
    """The line, cut at the edge of the terminal if there is one."""
    line = line.rstrip()
    if not sys.stdout.isatty():
        return line
    width = shutil.get_terminal_size((80, 24)).columns
    return line if cell_len(line) <= width else set_cell_size(line, max(1, width - 1)) + "…"
