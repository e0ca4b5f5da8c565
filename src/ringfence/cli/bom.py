"""`ringfence bom PATH`: a bill of materials that other tools read."""

import argparse

from ringfence.app.bom import BillFormat, make_bill, written
from ringfence.cli.delivering import deliver
from ringfence.cli.watching import watched
from ringfence.core.errors import ExitCode
from ringfence.wiring.here import here

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Writes the document; what could not be examined is in it, and in the exit status."""
    with watched() as progress:
        bill = make_bill(options.path, here(), progress, hashed=not options.no_hash)
    deliver(written(bill, BillFormat(options.format)), options.output)
    return ExitCode.DONE if bill.complete else ExitCode.NOT_EXAMINED
