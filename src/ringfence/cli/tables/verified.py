"""What came of verifying a signature, for people."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from ringfence.app.signing import Verification
from ringfence.cli.console import safe
from ringfence.cli.shortening import from_here
from ringfence.cli.tables.section import SEVERITY_STYLE, finding_line, first_rows
from ringfence.cli.tables.summary import skipped_table
from ringfence.core.findings import Finding, Severity

__all__ = ["verified"]


def verified(result: Verification) -> Iterator[RenderableType]:
    """The answer first, then who signed, then what is wrong."""
    wrong = any(each.severity > Severity.INFO for each in result.findings)
    answer, style = ("verified", "green") if result.verified else ("NOT VERIFIED", "bold red")
    if not result.verified and not wrong:
        answer, style = "could not be examined", "yellow"
    yield safe(f"{from_here(result.path)}: ").append(answer, style)
    if result.signer is not None:
        files = "1 file" if result.signed_files == 1 else f"{result.signed_files} files"
        yield Padding(safe(f"signed by {result.signer}, {files}"), (0, 0, 0, 2))
    shown, more = first_rows(result.findings)
    for number, each in enumerate(shown):
        yield from _finding(each, last=number + 1 == len(shown) or shown[number + 1].check != each.check)
    if more:
        yield Text(more, "dim")
    if result.skipped:
        yield skipped_table(result.skipped)


def _finding(each: Finding, *, last: bool) -> Iterator[RenderableType]:
    """The line, and what to do behind the last of its kind."""
    yield Padding(safe(finding_line(each), SEVERITY_STYLE[each.severity]), (0, 0, 0, 2))
    if last:
        yield Padding(safe(each.advice), (0, 0, 0, 4))
