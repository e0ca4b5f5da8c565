"""`ringfence inspect FILE|DIR`: all about one artifact."""

import argparse

from ringfence.app.inspect import inspect
from ringfence.cli.failing import worst_severity_fails
from ringfence.cli.streams import write
from ringfence.cli.watching import watched
from ringfence.core.errors import ExitCode
from ringfence.wiring.here import here

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Prints every model there with all that is known of it, or the document."""
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
