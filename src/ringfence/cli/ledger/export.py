"""`ringfence ledger export`: the record for other tools."""

import argparse
import os

from ringfence.app.ledger.choosing import chosen
from ringfence.app.ledger.export import Export, Exporting
from ringfence.cli.ledger.wanted import wanted
from ringfence.cli.streams import tell, write
from ringfence.core.errors import ExitCode, UsageError
from ringfence.core.text import clip, printable
from ringfence.wiring.ledger import named_ledger

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Writes the events, and says how many, and what was left out."""
    ledger = named_ledger()
    exporting = Exporting(ledger, chosen(wanted(options, ledger)), Export(options.format))
    try:
        if str(options.output) == "-":
            write(exporting.lines())
        else:
            _write_file(exporting, options)
    finally:
        tell(_summary(exporting))
    return ExitCode.DONE


def _write_file(exporting: Exporting, options: argparse.Namespace) -> None:
    try:
        with options.output.open("w", encoding="utf-8") as file:
            file.writelines(exporting.lines())
    except OSError as error:
        raise UsageError(
            f"{printable(str(options.output))}: {os.strerror(error.errno or 0).lower()}",
            hint="name a file in a folder that exists and that you may write to, or `-` for standard output",
        ) from error


def _summary(exporting: Exporting) -> str:
    written = f"{exporting.written} event{'' if exporting.written == 1 else 's'} exported"
    if not exporting.left_out:
        return written
    left_out = ", ".join(
        f"{count} {clip(printable(why), chars=100)}" for why, count in sorted(exporting.left_out.items())
    )
    return f"{written}; this format has no place for {left_out}"
