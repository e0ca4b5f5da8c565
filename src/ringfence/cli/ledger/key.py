"""`ringfence ledger key`: the public key that checkpoints are signed with."""

import argparse

from ringfence.cli.streams import write
from ringfence.core.errors import ExitCode, UnreadableScope
from ringfence.ledger.checkpoints import newest, origin_of
from ringfence.wiring.ledger import open_own_ledger, own_key

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Prints it, in the form of signed notes."""
    ledger = open_own_ledger()
    last, first = newest(ledger), next(ledger.rows(), None)
    ledger.close()
    if first is None:
        raise UnreadableScope(
            "nothing is recorded yet, and keys are named by a ledger's first event",
            hint="do something that is recorded, such as ringfence scan",
        )
    key = own_key(into_keyring=options.keyring)
    write(f"{key.public(last.note.checkpoint.origin if last else origin_of(first))}\n")
    return ExitCode.DONE
