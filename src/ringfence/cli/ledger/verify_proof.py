"""`ringfence ledger verify-proof FILE --key FILE`: whether a proof holds, without the ledger."""

import argparse
from collections.abc import Iterator
from datetime import UTC, datetime

from ringfence.app.documents import document
from ringfence.app.ledger.reading import read_anchors, read_text
from ringfence.cli.exact import exact, moment
from ringfence.cli.streams import write
from ringfence.core.dataclass import dataclass
from ringfence.core.errors import ExitCode
from ringfence.core.limits import LIMITS
from ringfence.ledger.codec import time_of
from ringfence.ledger.proofs import BadProof, Proof, read_proof

__all__ = ["ProofVerified", "run"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofVerified:
    """What a proof says, if it holds."""

    started_at: datetime
    complete: bool
    holds: bool
    why_not: str | None
    stream: str | None
    seq: int | None
    type: str | None
    at: datetime | None
    body: str | None  # JSON; None: it is no part of the proof
    origin: str | None  # which ledger
    events: int | None  # that the checkpoint covers
    key: str | None  # that vouches


def run(options: argparse.Namespace) -> int:
    """Says whether it holds, and for what."""
    started_at = datetime.now(UTC)
    _, keys = read_anchors(options.key)
    text = read_text(options.proof, max_bytes=LIMITS.proof_bytes)
    try:
        proof = read_proof(text)
        result = _shown(proof, str(proof.check(tuple(keys))), started_at)
    except BadProof as error:
        if options.format != "json":
            raise
        result = _not(error.what, started_at)
    if options.format == "json":
        write(document("ringfence.proof-verified/1", result) + "\n")
    else:
        write("\n".join(_lines(result)) + "\n")
    return ExitCode.DONE if result.holds else ExitCode.FAILED_AS_ASKED


def _shown(proof: Proof, key: str, started_at: datetime) -> ProofVerified:
    row = proof.row
    return ProofVerified(
        started_at=started_at,
        complete=True,
        holds=True,
        why_not=None,
        stream=row.stream,
        seq=row.seq,
        type=row.type,
        at=time_of(row.at),
        body=None if row.body is None else row.body.decode(),
        origin=proof.note.checkpoint.origin,
        events=proof.note.checkpoint.size,
        key=key,
    )


def _not(why: str, started_at: datetime) -> ProofVerified:
    return ProofVerified(
        started_at=started_at,
        complete=True,
        holds=False,
        why_not=why,
        stream=None,
        seq=None,
        type=None,
        at=None,
        body=None,
        origin=None,
        events=None,
        key=None,
    )


def _lines(result: ProofVerified) -> Iterator[str]:
    at = moment(result.at) if result.at else ""
    yield f"holds: {result.stream}:{result.seq}, {result.type}, {at}"
    yield f"  in {result.origin}, among the first {result.events} events"
    yield f"  signed with {result.key}"
    if result.body is not None:
        yield f"  says {exact(result.body)}"
