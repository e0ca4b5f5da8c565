"""`ringfence diff A B`: what changed between two versions of a model."""

import argparse
import os

from ringfence.app.diff import compare
from ringfence.cli.streams import write
from ringfence.core.errors import ExitCode, UsageError
from ringfence.wiring.here import here

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Prints what changed, the dangerous first, or the document."""
    for path in (options.old, options.new):
        if str(path) == "-" and not os.path.lexists("-"):
            raise UsageError(
                "a model is not read in order, so it cannot come from standard input",
                hint="save it to a file and name that",
            )
    result = compare(options.old, options.new, here())
    if options.format == "json":
        from ringfence.app.documents import document

        write(document("ringfence.diff/1", result) + "\n")
    else:
        from ringfence.cli.console import show
        from ringfence.cli.tables.diff import comparison_tables

        show(comparison_tables(result))
    if not result.same:
        return ExitCode.FAILED_AS_ASKED
    return ExitCode.DONE if result.complete else ExitCode.NOT_EXAMINED
