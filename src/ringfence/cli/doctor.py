"""`ringfence doctor`: what this machine offers, and what is lost where something is missing."""

import argparse
from datetime import UTC, datetime

from rich.text import Text

from ringfence.app.doctor import Doctor, examine
from ringfence.app.documents import document
from ringfence.cli.console import safe, show
from ringfence.cli.streams import write
from ringfence.cli.tables.section import section

__all__ = ["run"]

_ANSWER = {True: ("yes", "green"), False: ("no", "yellow"), None: ("unknown", "yellow")}


def run(options: argparse.Namespace) -> int:
    """Prints the table or the document."""
    result = examine(started_at=datetime.now(UTC))
    if options.format == "json":
        write(document("ringfence.doctor/1", result) + "\n")
    else:
        _show(result)
    return 0


def _show(result: Doctor) -> None:
    offered = sum(1 for each in result.capabilities if each.available)
    table = section(result.system, f"{offered} of {len(result.capabilities)} capabilities")
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for each in result.capabilities:
        answer, style = _ANSWER[each.available]
        lost = "" if each.available else f"\nwithout it: {each.lost_without}"
        table.add_row(f"  {each.name}", Text(answer, style), safe(each.detail) + Text(lost, "dim"))
    show([table])
