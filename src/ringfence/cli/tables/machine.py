"""What runs and what is installed: servers, processes, accelerators, runtimes."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from ringfence.cli.console import safe
from ringfence.cli.shortening import Shorten
from ringfence.cli.sizes import show_size
from ringfence.cli.tables.section import SEVERITY_STYLE, finding_line, first_rows, section
from ringfence.core.machine import Accelerator, Listener, Process, Runtime

__all__ = ["accelerators_table", "listeners_table", "processes_table", "runtimes_table"]

_SHOWN_NAMES = 3


def listeners_table(listeners: Sequence[Listener]) -> RenderableType:
    """Local servers: where they listen, what they are and how sure that is."""
    table = section("Servers", str(len(listeners)))
    for _ in range(3):
        table.add_column(no_wrap=True)
    shown, more = first_rows(sorted(listeners, key=lambda each: not each.exposed))
    for each in shown:
        host = f"[{each.address}]" if ":" in each.address else each.address
        table.add_row(
            f"  {host}:{each.port}",
            safe(each.server or "unknown"),
            each.confidence,
            Text("reachable from outside", "red") if each.exposed else Text("this machine only", "dim"),
            safe(_some(each.models)),
        )
    lines = (
        Padding(safe(finding_line(finding), SEVERITY_STYLE[finding.severity]), (0, 0, 0, 4))
        for each in shown
        for finding in each.findings
    )
    return Group(table, *lines, *_rest(more))


def processes_table(processes: Sequence[Process]) -> RenderableType:
    """Processes that hold weights or inference libraries."""
    table = section("Processes", str(len(processes)))
    shown, more = first_rows(processes)
    for each in shown:
        held = [path.name for path in each.models] or list(each.libraries)
        table.add_row(
            f"  {each.pid}",
            safe(each.name, chars=24),
            safe(each.user or "?", chars=16),
            safe(each.runtime or "", chars=16),
            safe(_some(held)),
        )
    return Group(table, *_rest(more))


def accelerators_table(accelerators: Sequence[Accelerator]) -> RenderableType:
    """Accelerators and who uses them now."""
    table = section("Accelerators", str(len(accelerators)))
    for each in accelerators:
        used = "" if each.memory_used_bytes is None else f"{show_size(each.memory_used_bytes)} used"
        busy = "" if each.utilization_percent is None else f"{each.utilization_percent}% busy"
        users = [f"{use.name or '?'} ({use.pid})" for use in each.processes]
        table.add_row(safe(f"  {each.name}"), each.kind, used, busy, safe(_some(users)))
    return table


def runtimes_table(runtimes: Sequence[Runtime], shorten: Shorten = str) -> RenderableType:
    """Installed programs and packages, those of one name and version in one row."""
    places: dict[tuple[str, str, str, str], list[Runtime]] = {}
    for each in runtimes:
        places.setdefault((each.kind, each.name, each.version or "", each.source), []).append(each)
    table = section("Runtimes, converters, front ends, libraries", str(len(runtimes)))
    for _ in range(4):
        table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    table.expand = True
    shown, more = first_rows(tuple(places.items()))
    for (kind, name, version, source), same in shown:
        where = shorten(str(same[0].location)) if len(same) == 1 else f"{len(same)} places"
        table.add_row(safe(f"  {name}", chars=30), safe(version, chars=14), kind, source, safe(where))
    return Group(table, *_rest(more))


def _rest(more: str) -> Iterator[RenderableType]:
    if more:
        yield Text(more, "dim")


def _some(names: Sequence[str]) -> str:
    more = f" +{len(names) - _SHOWN_NAMES}" if len(names) > _SHOWN_NAMES else ""
    return ", ".join(names[:_SHOWN_NAMES]) + more
