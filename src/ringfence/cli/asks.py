"""`ringfence asks`: what waits for an operator, each action whole."""

import argparse
from datetime import UTC, datetime

from ringfence.app.approving import Asks, asks
from ringfence.app.documents import document
from ringfence.cli.exact import ask_lines
from ringfence.cli.streams import warn, write
from ringfence.core.errors import ExitCode
from ringfence.wiring.gate import open_door, was_never_used

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Prints the questions."""
    if was_never_used():  # and a question makes no folder
        found = Asks(started_at=datetime.now(UTC), complete=True, asks=())
    else:
        door = open_door(tell=warn)
        found = asks(door.approvals, now=door.now(), settled=options.all)
        door.ledger.close()
    if options.format == "json":
        write(document("ringfence.asks/1", found) + "\n")
    elif found.asks:
        for number, ask in enumerate(found.asks):
            write(("\n" if number else "") + "\n".join(ask_lines(ask)) + "\n")
    else:
        write("nothing waits for an answer\n")
    return ExitCode.DONE
