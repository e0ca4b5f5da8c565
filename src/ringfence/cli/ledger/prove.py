"""`ringfence ledger prove STREAM:SEQ`: a short proof that an event is in the record."""

import argparse

from ringfence.cli.delivering import deliver
from ringfence.core.errors import ExitCode, UsageError
from ringfence.core.text import clip, printable
from ringfence.ledger.checkpoints import sign_all
from ringfence.ledger.proofs import prove
from ringfence.wiring.ledger import open_own_ledger, own_key

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Writes the proof, over a new checkpoint unless the newest covers everything."""
    stream, _, number = options.event.rpartition(":")
    if not (stream and number.isascii() and number.isdecimal() and len(number) < 19):
        raise UsageError(
            f"{clip(printable(options.event), chars=80)} names no event", hint="name one as STREAM:NUMBER"
        )
    ledger = open_own_ledger()
    signed = sign_all(ledger, own_key())
    proof = prove(ledger, stream, int(number), signed=signed, with_body=options.with_body)
    ledger.close()
    deliver(proof.text.removesuffix("\n"), options.output)
    return ExitCode.DONE
