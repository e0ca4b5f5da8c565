"""Opens the ledger that a path or a DSN names."""

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from ringfence.ledger.file_ledger import FileLedger
from ringfence.ledger.ledger import Ledger
from ringfence.ledger.writing import MayAppend, anybody

__all__ = ["open_ledger"]


def open_ledger(
    where: str | Path,
    *,
    clock: Callable[[], datetime],
    random: Callable[[int], bytes] = os.urandom,
    may_append: MayAppend = anybody,
) -> Ledger:
    """The ledger at a path (SQLite), or at a DSN that begins with `postgresql://`.

    Nothing is made, locked or connected before it is needed. `clock` gives UTC; `random` gives so many bytes.
    `may_append` is asked about processes that append through this one, where it writes a file.
    """
    if isinstance(where, str) and where.startswith(("postgresql://", "postgres://")):
        from ringfence.ledger.postgresql import ServerLedger

        return ServerLedger(where, clock=clock, random=random)
    return FileLedger(Path(where), clock=clock, random=random, may_append=may_append)
