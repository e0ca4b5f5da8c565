"""`ringfence ledger checkpoint`: signs all that is recorded up to now."""

import argparse
from datetime import datetime

from ringfence.app.documents import document
from ringfence.cli.streams import write
from ringfence.core.dataclass import dataclass
from ringfence.core.errors import ExitCode
from ringfence.ledger.checkpoints import sign_all
from ringfence.wiring.ledger import now, open_own_ledger, own_key

__all__ = ["CheckpointShown", "run"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointShown:
    """A checkpoint of the ledger."""

    started_at: datetime
    complete: bool
    stream: str  # where it stands
    seq: int
    made_at: datetime
    events: int  # that it covers
    note: str
    key: str


def run(options: argparse.Namespace) -> int:
    """Prints the note."""
    started_at = now()
    ledger = open_own_ledger()
    signed = sign_all(ledger, own_key())
    ledger.close()
    if options.format == "json":
        shown = CheckpointShown(
            started_at=started_at,
            complete=True,
            stream=signed.position.stream,
            seq=signed.position.seq,
            made_at=signed.at,
            events=signed.size,
            note=str(signed.note),
            key=signed.made.key,
        )
        write(document("ringfence.checkpoint/1", shown) + "\n")
    else:
        write(str(signed.note))
    return ExitCode.DONE
