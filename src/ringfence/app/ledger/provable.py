"""Events with all that it takes to check them elsewhere, one JSON object to a line.

| key | what it is |
|-|-|
| `stream`, `seq`, `type`, `at` | as in the header; `at` in microseconds since 1970, UTC |
| `header` | the exact text whose SHA-256 is the event's hash; `prev` in it is the hash before |
| `hash` | SHA-256 of the header, hexadecimal |
| `salt` | hexadecimal; null when the body was pruned |
| `body` | base64 of the exact bytes; SHA-256(salt ‖ body) is the header's `commitment`; null when pruned |
"""

import base64
import json

from ringfence.ledger.chain import START, Row, header_of
from ringfence.ledger.ledger import Ledger

__all__ = ["Links"]


class Links:
    """Knows which hash comes before each event of the rows that it is shown in order."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._ends: dict[str, tuple[int, bytes]] = {}

    def line(self, row: Row, *, wanted: bool) -> str | None:
        """The event as JSON, if it is wanted.

        Raises:
            LedgerError: the event before it cannot be read.
        """
        prev = self._before(row) if wanted else b""
        self._ends[row.stream] = (row.seq, row.hash)
        if not wanted:
            return None
        header = header_of(
            stream=row.stream, seq=row.seq, at=row.at, type_=row.type, commitment=row.commitment, prev=prev
        )
        told = {
            "stream": row.stream,
            "seq": row.seq,
            "type": row.type,
            "at": row.at,
            "header": header.decode(),
            "hash": row.hash.hex(),
            "salt": None if row.salt is None else row.salt.hex(),
            "body": None if row.body is None else base64.b64encode(row.body).decode(),
        }
        return json.dumps(told)

    def _before(self, row: Row) -> bytes:
        seq, hash_ = self._ends.get(row.stream, (0, b""))
        if row.seq == 1:
            return START.hash
        if seq == row.seq - 1:
            return hash_
        before = self._ledger.event(row.stream, row.seq - 1)  # outside of the time that was asked for
        return START.hash if before is None else before.position.hash
