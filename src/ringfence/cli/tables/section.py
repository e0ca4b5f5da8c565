"""The one look that all sections share: a heading with a count, then aligned columns without lines."""

from rich.table import Table

from ringfence.core.findings import Finding, Severity

__all__ = ["SEVERITY_STYLE", "finding_line", "section"]

SEVERITY_STYLE = {
    Severity.INFO: "dim",
    Severity.LOW: "dim",
    Severity.MEDIUM: "yellow",
    Severity.HIGH: "red",
    Severity.CRITICAL: "bold red",
}


def section(heading: str, count: str) -> Table:
    """A table titled `heading` with `count` beside it, to which the caller adds columns and rows."""
    return Table(
        title=f"\n[bold]{heading}[/bold]  [dim]{count}[/dim]",
        title_justify="left",
        title_style="",
        box=None,
        show_header=False,
        padding=(0, 2, 0, 0),
        pad_edge=False,
    )


def finding_line(finding: Finding) -> str:
    """One finding in one line: what, where, and the first piece of evidence."""
    evidence = f": {finding.evidence[0]}" if finding.evidence else ""
    return f"{finding.severity} {finding.check}  {finding.subject}{evidence}"
