"""The one look that all sections share: a heading with a count, then aligned columns without lines."""

from collections.abc import Sequence
from typing import TypeVar

from rich.table import Table
from rich.text import Text

from ringfence.cli.console import safe
from ringfence.core.findings import Finding, Severity

__all__ = ["SEVERITY_STYLE", "finding_line", "first_rows", "heading", "section"]

_T = TypeVar("_T")
_MOST_ROWS = 300  # nobody reads on, and laying out thousands takes minutes
_SHOWN_EVIDENCE = 2  # most findings set one thing against another: claimed, is

SEVERITY_STYLE = {
    Severity.INFO: "dim",
    Severity.LOW: "dim",
    Severity.MEDIUM: "yellow",
    Severity.HIGH: "red",
    Severity.CRITICAL: "bold red",
}


def heading(title: str, count: str) -> Text:
    """What stands above a section; the title may be foreign text."""
    return Text("\n").append_text(safe(title, "bold")).append(f"  {count}", "dim")


def section(title: str, count: str) -> Table:
    """A table under its heading, to which the caller adds columns and rows."""
    return Table(
        title=heading(title, count),
        title_justify="left",
        title_style="",
        box=None,
        show_header=False,
        padding=(0, 2, 0, 0),
        pad_edge=False,
    )


def first_rows(items: Sequence[_T]) -> tuple[Sequence[_T], str]:
    """As many as a table may have rows, and a line on the rest; "" when there is none."""
    rest = len(items) - _MOST_ROWS
    return items[:_MOST_ROWS], f"  and {rest} more: see --json" if rest > 0 else ""


def finding_line(finding: Finding) -> str:
    """One finding in one line: what, where, and the first two pieces of evidence."""
    evidence = "; ".join(finding.evidence[:_SHOWN_EVIDENCE])
    return f"{finding.severity} {finding.check}  {finding.subject}{': ' if evidence else ''}{evidence}"
