"""One model with everything that is known of it."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ringfence.app.inspect import Inspection
from ringfence.cli.console import safe
from ringfence.cli.shortening import from_here
from ringfence.cli.sizes import show_size
from ringfence.cli.tables.models import name_of
from ringfence.cli.tables.section import SEVERITY_STYLE, heading
from ringfence.cli.tables.summary import skipped_table
from ringfence.core.facts import FactValue
from ringfence.core.findings import Finding
from ringfence.core.models import Model, ModelFile

__all__ = ["details"]

_SHOWN_FILES = 20
_VALUE_CHARS = 300


def details(result: Inspection) -> Iterator[RenderableType]:
    """Each model in turn, then what was not looked at."""
    if not result.models:
        yield safe(f"{result.path}: no model file of a format that ringfence knows")
    for model in result.models:
        yield heading(name_of(model), f"{model.store or ''} {show_size(model.size_bytes)}".strip())
        yield Text(f"  id  {model.id or 'unknown until every file is hashed'}")
        yield Padding(_about(model), (0, 0, 0, 2))
        for file in model.files[:_SHOWN_FILES]:
            yield from _file(file)
        if len(model.files) > _SHOWN_FILES:
            yield Text(f"  and {len(model.files) - _SHOWN_FILES} more files", "dim")
        for each in sorted(model.findings, key=lambda each: each.severity, reverse=True):
            yield Padding(_finding(each), (0, 0, 0, 2))
    if result.skipped:
        yield skipped_table(result.skipped)


def _columns() -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    return table


def _about(model: Model) -> Table:
    table = _columns()
    table.add_row("location", safe(from_here(model.location)))
    table.add_row("license", safe(model.effective_license or "none stated"))
    for claim in model.licenses:
        table.add_row("  stated", safe(f"{claim.expression} ({claim.source})"))
    for obligation in model.obligations:
        table.add_row("  asks", safe(obligation.text))
    return table


def _file(file: ModelFile) -> Iterator[RenderableType]:
    size = show_size(file.size_bytes)
    yield safe(f"  {file.name}  {file.format or 'no model format'}  {size}", "bold")
    yield _digest(file)
    table = _columns()
    for name, value in file.facts.items():
        table.add_row(name.replace("_", " "), safe(_shown(value), chars=_VALUE_CHARS))
    yield Padding(table, (0, 0, 0, 4), expand=False)


def _shown(value: FactValue) -> str:
    match value:
        case tuple():
            return ", ".join(value)
        case int():
            return f"{value:,}"
        case str():
            return value


def _digest(file: ModelFile) -> Text:
    if file.sha256 is not None:
        return Text(f"    sha256 {file.sha256}")
    claimed = file.sha256_claimed
    return Text(f"    claimed {claimed}" if claimed else "    sha256 not computed", "yellow")


def _finding(each: Finding) -> Group:
    where = f" at byte {each.offset}" if each.offset is not None else ""
    style = SEVERITY_STYLE[each.severity]
    beneath = (*(safe(text, style) for text in each.evidence), safe(each.advice))
    return Group(
        safe(f"{each.severity} {each.check}  {each.subject}{where}", style),
        *(Padding(text, (0, 0, 0, 2)) for text in beneath),
    )
