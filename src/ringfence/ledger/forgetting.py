"""Pruning a file: salt and body leave the rows, the pages they stood on and the log of old pages.

SQLite writes zeros over what is deleted (secure_delete) into new versions of its pages. Old versions are in
the log until all of it is in the file and it is cut to nothing, which takes a moment in which nobody reads.
Copies that a disk or a backup made are not reached. Sources: sqlite.org/pragma.html#pragma_secure_delete,
sqlite.org/wal.html, sqlite.org/pragma.html#pragma_wal_checkpoint.
"""

import itertools
import sqlite3
from collections.abc import Collection
from contextlib import closing
from pathlib import Path

from ringfence.ledger.errors import LedgerUnavailable
from ringfence.ledger.sqlite import connected, sqlite_error

__all__ = ["forget"]

_AT_ONCE = 500  # so that who writes never waits long
_READERS_MS = 3_000  # for who reads to come to an end
_FORGET = "UPDATE events SET salt = NULL, body = NULL WHERE ordinal = ?"


def forget(path: Path, ordinals: Collection[int]) -> None:
    """See `Ledger.forget`. Whoever writes the ledger goes on writing it.

    Raises:
        LedgerError: it was not done.
    """
    try:
        with closing(connected(path, mode="rw")) as database:
            database.execute("PRAGMA secure_delete = ON")
            database.execute("PRAGMA synchronous = FULL")
            left = iter(ordinals)
            while some := [(each,) for each in itertools.islice(left, _AT_ONCE)]:
                database.execute("BEGIN IMMEDIATE")
                database.executemany(_FORGET, some)
                database.execute("COMMIT")
            database.execute(f"PRAGMA busy_timeout = {_READERS_MS}")
            (busy, _, _) = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except (sqlite3.Error, OSError) as error:
        raise sqlite_error(error) from None
    if busy:
        raise LedgerUnavailable(
            "the bodies are forgotten, but somebody reads the ledger, and old copies of its pages remain",
            hint="run ringfence ledger prune again when nobody reads",
        )
