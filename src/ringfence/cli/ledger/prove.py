"""`ringfence ledger prove STREAM:SEQ`: a short proof that an event is in the record."""

import argparse

from ringfence.app.ledger.naming import named_event
from ringfence.cli.delivering import deliver
from ringfence.core.errors import ExitCode
from ringfence.ledger.checkpoints import sign_all
from ringfence.ledger.proofs import prove
from ringfence.wiring.ledger import open_own_ledger, own_key

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Writes the proof, over a new checkpoint unless the newest covers everything."""
    ledger = open_own_ledger()
    stream, seq = named_event(ledger, options.event)
    signed = sign_all(ledger, own_key())
    proof = prove(ledger, stream, seq, signed=signed, with_body=options.with_body)
    ledger.close()
    deliver(proof.text.removesuffix("\n"), options.output)
    return ExitCode.DONE
