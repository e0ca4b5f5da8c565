"""`ringfence policy import openshell`: the policy, on standard output or in a file, and the report."""

import argparse
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from ringfence.app.documents import document
from ringfence.app.policy.init import write_new
from ringfence.app.policy.openshell import PolicyImported, import_openshell
from ringfence.cli.console import safe, show, talk_console
from ringfence.cli.streams import write
from ringfence.cli.tables.section import first_rows, heading
from ringfence.core.errors import ExitCode
from ringfence.policy.openshell.report import Came, Line

__all__ = ["run"]

_LONG = 2000
_TITLES = {
    Came.CLOSED: ("Closed: weaker there than here", "green"),
    Came.ASKED: ("An operator is asked: it cannot be said exactly", "yellow"),
    Came.LEFT_OUT: ("Left out: no equivalent, and nothing is granted by it", "yellow"),
    Came.LOOK: ("To be looked at: it means the same, or may", ""),
}
_MOST_PLACES = 8  # of one line; the document has all of them


def run(options: argparse.Namespace) -> int:
    """Imports the files."""
    started_at = datetime.now(UTC)
    result = import_openshell(options.files, agent=options.agent, started_at=started_at)
    in_file = str(options.output) != "-"
    if in_file:
        write_new(options.output, result.policy)
    if options.format == "json":
        write(document("ringfence.policy-import/1", result) + "\n")
    elif in_file:
        show(_told(result))
    else:
        write(result.policy)
        console = talk_console()
        for each in _told(result):
            console.print(each)
    return ExitCode.DONE


def _told(result: PolicyImported) -> Iterator[RenderableType]:
    yield Text(f"{len(result.files)} imported: {result.entries} entries")
    for came, (title, style) in _TITLES.items():
        groups = _together([each for each in result.lines if each.came is came])
        if not groups:
            continue
        yield heading(title, str(len(groups)))
        rows, rest = first_rows(groups)
        for (there, here), lines in rows:
            yield safe(f"  OpenShell: {there}", style, chars=_LONG)
            for text, look in ((f"here: {here}", ""), (_places(lines), "dim")):
                yield Padding(safe(text, look, chars=_LONG), (0, 0, 0, 4), expand=False)
        if rest:
            yield Text(rest)


def _together(lines: Sequence[Line]) -> list[tuple[tuple[str, str], list[Line]]]:
    """Lines that say the same, with all their places."""
    found: dict[tuple[str, str], list[Line]] = {}
    for each in lines:
        found.setdefault((each.there, each.here), []).append(each)
    return list(found.items())


def _places(lines: Sequence[Line]) -> str:
    shown = ", ".join(f"{each.at} {each.key}" for each in lines[:_MOST_PLACES])
    rest = len(lines) - _MOST_PLACES
    return f"{shown}, and {rest} more" if rest > 0 else shown
