"""`ringfence inspect FILE|DIR`: all about one artifact."""

import argparse
import os

from ringfence.app.inspect import inspect
from ringfence.cli.failing import worst_severity_fails
from ringfence.cli.streams import write
from ringfence.cli.watching import watched
from ringfence.core.errors import ExitCode, UsageError
from ringfence.wiring.here import here

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Prints every model there with all that is known of it, or the document."""
    if str(options.path) == "-" and not os.path.lexists("-"):
        raise UsageError(
            "a model is not read in order, so it cannot come from standard input",
            hint="save it to a file and name that",
        )
    with watched() as progress:
        result = inspect(options.path, here(), progress, hashed=not options.no_hash)
    if options.format == "json":
        from ringfence.app.documents import document

        write(document("ringfence.inspect/1", result) + "\n")
    else:
        from ringfence.cli.console import show
        from ringfence.cli.tables.details import details

        show(details(result))
    if worst_severity_fails((each for model in result.models for each in model.findings), options.fail_on):
        return ExitCode.FAILED_AS_ASKED
    return ExitCode.DONE if result.complete else ExitCode.NOT_EXAMINED
