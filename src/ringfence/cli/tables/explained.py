"""What a box would be, for people: places by what the command may do there, then what it may use."""

from collections.abc import Iterator
from pathlib import Path

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from ringfence.app.running.explain import EVERY_BOX, Explained, ExplainedLimit, Part
from ringfence.cli.console import safe
from ringfence.cli.shortening import Shorten, shortener
from ringfence.cli.sizes import show_size
from ringfence.cli.tables.section import section
from ringfence.policy.sentences import duration

__all__ = ["explained"]

_STYLES = {Part.WRITTEN: "yellow", Part.HIDDEN: "green", Part.PROTECTED: "green"}
_SHOWN = 8  # paths of one reason
_SHOWN_CHARS = 1000
_SHOWN_WITHHELD = 20
_SIZES = frozenset({"memory", "file_size"})
_TIMES = frozenset({"cpu", "wall"})


def explained(found: Explained) -> Iterator[RenderableType]:
    """Everything, in a page or so."""
    command = " ".join((str(found.program), *found.arguments))
    yield safe(command, "bold")
    whose = f"as {found.agent}" if found.agent else "as no agent of the policy's"
    host = "" if found.user_id == found.host_user_id else f", {found.host_user_id} to the machine"
    yield safe(f"{whose}; user {found.user} ({found.user_id}{host}), in {found.folder}", "dim")
    yield _files(found, shortener((found.home,)))
    if found.not_given:
        yield _not_given(found)
    yield _use(found)
    yield Text(f"\nNothing was run. No line behind it: {EVERY_BOX}.", "dim")


def _files(found: Explained, shorten: Shorten) -> Table:
    table = _table("Files", str(len(found.places)))
    for part in Part:
        groups: dict[tuple[str, str | None], list[str]] = {}
        for each in found.places:
            if each.part is part:
                groups.setdefault((each.why, each.at), []).append(str(each.path))
        word = part.value
        for (why, at), paths in groups.items():
            shown = safe("  ".join(_some(paths, shorten)), chars=_SHOWN_CHARS)
            table.add_row(Text(word, _STYLES.get(part, "")), shown, _because(why, at))
            word = ""
    return table


def _not_given(found: Explained) -> Table:
    table = _table("Not given", str(len(found.not_given)))
    for each in found.not_given[:_SHOWN_WITHHELD]:
        table.add_row("", safe(each.path), _because(each.reason, each.at))
    rest = len(found.not_given) - _SHOWN_WITHHELD
    if rest > 0:
        table.add_row("", f"and {rest} more: see --json", "")
    return table


def _use(found: Explained) -> Table:
    table = _table("Use", "")
    table.add_row("network", found.network, "")
    for port in found.published:
        leads = f"port {port.host_port} of this machine's localhost leads to {port.port} within"
        table.add_row("published", leads, _because("", port.at))
    word = "tools"
    for tools in found.tools:
        which = f"{tools.effect} {' '.join(tools.tool)} of {' '.join(tools.server)}"
        which += ", on conditions" if tools.more else ""
        table.add_row(word, safe(which, chars=_SHOWN_CHARS), _because("", tools.at))
        word = ""
    calls = ", ".join(f"{each.count} {each.fate}" for each in found.calls)
    table.add_row("system calls", calls, "")
    if found.debug or found.debug_at:
        table.add_row("tracing", "its own children" if found.debug else "none", _because("", found.debug_at))
    for limit in found.limits:
        if limit.amount is not None:
            table.add_row(limit.name.replace("_", " "), _amount(limit), _because("", limit.at))
    free = ", ".join(each.name.replace("_", " ") for each in found.limits if each.amount is None)
    if free:
        table.add_row("no bound", f"{free}: the machine's own", "")
    groups: dict[str | None, list[str]] = {}
    for each in found.environment:
        groups.setdefault(each.at, []).append(each.name)
    word = "environment"
    for at, names in groups.items():
        table.add_row(word, safe(" ".join(names)), _because("", at))
        word = ""
    if found.may_lack:
        table.add_row("may lack", ", ".join(found.may_lack), "--allow-degraded")
    return table


def _table(title: str, count: str) -> Table:
    table = section(title, count)
    table.add_column(no_wrap=True, min_width=13)
    table.add_column(ratio=2, overflow="fold")
    table.add_column(ratio=1, overflow="fold")
    table.expand = True
    return table


def _some(paths: list[str], shorten: Shorten) -> list[str]:
    """All of a few, else the first ones; those that lie in one folder are counted."""
    if len(paths) <= _SHOWN:
        return [shorten(each) for each in paths]
    folders = {str(Path(each).parent) for each in paths}
    if len(folders) == 1:
        return [f"{len(paths)} in {shorten(folders.pop())}"]
    return [*(shorten(each) for each in paths[:_SHOWN]), f"and {len(paths) - _SHOWN} more"]


def _because(why: str, at: str | None) -> Text:
    """The reason and its line, which the id of a rule without a name repeats."""
    if at is not None and why.startswith("rule ") and why.rpartition(":")[2] == at.rpartition(":")[2]:
        why = ""
    return safe(" ".join(each for each in (why, at) if each), "dim", chars=_SHOWN_CHARS)


def _amount(limit: ExplainedLimit) -> str:
    assert limit.amount is not None
    if limit.name in _SIZES:
        return show_size(limit.amount)
    return duration(limit.amount) if limit.name in _TIMES else f"{limit.amount:,}"
