"""`ringfence ledger anchor`: hands the newest checkpoint to somebody who keeps it."""

import argparse

from ringfence.app.ledger.anchoring import anchored_text, to_file, to_git, to_program, witness_text
from ringfence.cli.streams import write
from ringfence.core.errors import ExitCode
from ringfence.core.text import printable
from ringfence.ledger.checkpoints import sign_all
from ringfence.wiring.ledger import open_own_ledger, own_key

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Makes a checkpoint if events are new, and hands it on."""
    ledger = open_own_ledger()
    signed = sign_all(ledger, own_key())
    text = anchored_text(signed)
    if options.program is not None:
        text = str(signed.note)
    if options.old_size is not None:
        text = witness_text(ledger, signed, options.old_size)
    ledger.close()
    if options.to is not None:
        to_file(options.to, text)
        where = str(options.to)
    elif options.git is not None:
        where = f"commit {to_git(options.git, text, origin=signed.note.checkpoint.origin)}"
    else:
        to_program(options.program, text)
        where = options.program[0]
    write(f"anchored {signed.size} events: {printable(where)}\n")
    return ExitCode.DONE
