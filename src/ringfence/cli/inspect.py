"""`ringfence inspect FILE|DIR`: all about one artifact."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING

from ringfence.app.inspect import Inspection, inspect
from ringfence.app.judging import Allowed
from ringfence.cli.delivering import deliver, refuse_table_in_file
from ringfence.cli.failing import standing_fails, worst_severity_fails, worst_verdict_fails
from ringfence.cli.reporting import as_document
from ringfence.cli.streams import warn
from ringfence.cli.watching import watched
from ringfence.core.errors import ExitCode, UsageError
from ringfence.core.verdicts import Verdict
from ringfence.wiring.here import here

if TYPE_CHECKING:
    from ringfence.app.scan.here import Here
    from ringfence.app.standing.assessor import Assessor
    from ringfence.core.actions import Purpose

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Prints every model there with all that is known of it, or the document."""
    if str(options.path) == "-" and not os.path.lexists("-"):
        raise UsageError(
            "a model is not read in order, so it cannot come from standard input",
            hint="save it to a file and name that",
        )
    refuse_table_in_file(options)
    machine = here(warn)
    with watched() as progress:
        result = inspect(
            options.path,
            machine,
            progress,
            hashed=not options.no_hash,
            allowed=_allowed(options),
            feeds=tuple(options.feed),
            purpose=_purpose(options.purpose),
            assessor=lambda: _assessor(machine, records=not options.no_record),
        )
    if options.format == "table":
        from ringfence.cli.console import show
        from ringfence.cli.tables.details import details

        show(details(result))
    else:
        deliver(as_document(result, options.format, machine), options.output)
    return _exit_code(result, options.fail_on)


def _purpose(named: str | None) -> "Purpose | None":
    if named is None:
        return None
    from ringfence.core.actions import Purpose

    return Purpose(named)


def _assessor(machine: "Here", *, records: bool) -> "Assessor":
    """The policy and the record are loaded while files are judged in other processes."""
    from ringfence.wiring.assessing import assessor

    return assessor(machine, records=records, tell=warn)


def _allowed(options: argparse.Namespace) -> Allowed:
    return Allowed(
        **{each.name: getattr(options, each.name) for each in fields(Allowed) if each.name in options}
    )


def _exit_code(result: Inspection, fail_on: Sequence[str]) -> ExitCode:
    named = worst_verdict_fails((result.verdict,), (*fail_on, Verdict.SUSPICIOUS))
    forbidden = standing_fails((model.standing for model in result.models), fail_on)
    if named or forbidden or worst_severity_fails(result.findings, fail_on):
        return ExitCode.FAILED_AS_ASKED
    if result.verdict is Verdict.INCONCLUSIVE or not result.complete:
        return ExitCode.NOT_EXAMINED
    return ExitCode.DONE
