"""`ringfence bom PATH`: a bill of materials that other tools read."""

import argparse
import os
from pathlib import Path

from ringfence.app.bom import BillFormat, make_bill, written
from ringfence.cli.streams import write
from ringfence.cli.watching import watched
from ringfence.core.errors import ExitCode, UsageError
from ringfence.core.text import printable
from ringfence.wiring.here import here

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Writes the document; what could not be examined is in it, and in the exit status."""
    with watched() as progress:
        bill = make_bill(options.path, here(), progress, hashed=not options.no_hash)
    text = written(bill, BillFormat(options.format)) + "\n"
    if str(options.output) == "-":
        write(text)
    else:
        _save(text, options.output)
    return ExitCode.DONE if bill.complete else ExitCode.NOT_EXAMINED


def _save(text: str, path: Path) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{printable(str(path))}: {os.strerror(error.errno or 0).lower()}",
            hint="name a file in a folder that exists and that you may write to, or `-` for standard output",
        ) from error
