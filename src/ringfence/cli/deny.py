"""`ringfence deny ASK`: refuses a held action."""

import argparse

from ringfence.app.approving import Asks, deny
from ringfence.app.documents import document
from ringfence.cli.exact import name
from ringfence.cli.streams import warn, write
from ringfence.core.errors import ExitCode
from ringfence.wiring.gate import approving

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Says no."""
    who = approving(tell=warn)
    ask = deny(options.id, options.note, who)
    if options.format == "json":
        answered = Asks(started_at=who.door.now(), complete=True, asks=(ask,))
        write(document("ringfence.asks/1", answered) + "\n")
    else:
        write(f"refused: {ask.id} {name(ask.action_type)}\n")
    who.door.ledger.close()
    return ExitCode.DONE
