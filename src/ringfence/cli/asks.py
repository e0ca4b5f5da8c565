"""`ringfence asks`: what waits for an operator, each action whole."""

import argparse

from ringfence.app.approving import asks
from ringfence.app.documents import document
from ringfence.cli.exact import ask_lines
from ringfence.cli.streams import warn, write
from ringfence.core.errors import ExitCode
from ringfence.wiring.gate import open_door

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Prints the questions."""
    door = open_door(tell=warn)
    found = asks(door.approvals, now=door.now(), settled=options.all)
    if options.format == "json":
        write(document("ringfence.asks/1", found) + "\n")
    elif found.asks:
        for number, ask in enumerate(found.asks):
            write(("\n" if number else "") + "\n".join(ask_lines(ask)) + "\n")
    else:
        write("nothing waits for an answer\n")
    door.ledger.close()
    return ExitCode.DONE
