"""Opens the ledger that a path or a DSN names."""

import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from ringfence.ledger.ledger import Ledger

__all__ = ["open_ledger"]


def open_ledger(
    where: str | Path, *, clock: Callable[[], datetime], random: Callable[[int], bytes] = secrets.token_bytes
) -> Ledger:
    """The ledger at a path (SQLite), or at a DSN that begins with `postgresql://`.

    Nothing is made, locked or connected before it is needed.
    """
    raise NotImplementedError
