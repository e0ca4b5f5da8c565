"""Homes that are kept from run to run, for people: one line each."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import RenderableType
from rich.text import Text

from ringfence.app.running.report_homes import HomeReport
from ringfence.cli.console import safe
from ringfence.cli.shortening import from_here
from ringfence.cli.sizes import show_size
from ringfence.cli.tables.section import first_rows, section

__all__ = ["home_list"]


def home_list(homes: Sequence[HomeReport]) -> Iterator[RenderableType]:
    """Nothing where none is kept."""
    if not homes:
        return
    table = section("Homes", str(len(homes)))
    for _ in range(4):
        table.add_column()
    shown, more = first_rows(homes)
    for each in shown:
        size = "large" if each.size_bytes is None else show_size(each.size_bytes)
        used = each.used_at.astimezone().strftime("%Y-%m-%d %H:%M")
        state = Text("in use", "green") if each.in_use else Text(used)
        table.add_row(each.name, state, size, safe(from_here(Path(each.tree))))
    yield table
    if more:
        yield Text(more, "dim")
