"""How often each receipt was redeemed, on the disk before its effect, for all processes of one user.

What is over is forgotten when the file is opened, and its time remembered, so that a clock that is put back
makes nothing usable again.
"""

import contextlib
import os
import threading
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ringfence.core.text import printable
from ringfence.gate.state import StateRefused

if TYPE_CHECKING:  # a command has it when it has something to count
    import sqlite3

__all__ = ["Uses"]

_INHERITED: list[object] = []  # closing it in a child could take the parent's log away
_WAIT_S = 10.0  # for another process that counts; each takes a millisecond
_SCHEMA = """
CREATE TABLE IF NOT EXISTS uses (
    stream TEXT, seq INTEGER, count INTEGER NOT NULL, expires_us INTEGER NOT NULL, PRIMARY KEY (stream, seq)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS forgotten (only INTEGER PRIMARY KEY CHECK (only = 1), until_us INTEGER NOT NULL);
INSERT OR IGNORE INTO forgotten VALUES (1, 0);
"""


class Uses:
    """The count. The file is opened when it is first needed; threads may share it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._database: sqlite3.Connection | None = None
        self._lock = threading.Lock()
        self._pid = os.getpid()

    def use(self, stream: str, seq: int, *, expires_at: datetime, now: datetime) -> int | None:
        """Which use of that decision's receipts this is, from 1; None when it is too old to be known.

        Raises:
            StateRefused: it cannot be counted, so nothing may be done with the receipt.
        """
        import sqlite3

        self._forget_parent()
        with self._lock:
            try:
                database = self._database or self._open(now)
                self._database = database
                with database:
                    database.execute("BEGIN IMMEDIATE")
                    (until,) = database.execute("SELECT until_us FROM forgotten").fetchone()
                    if _us(expires_at) <= until:
                        return None
                    (count,) = database.execute(
                        "INSERT INTO uses VALUES (?, ?, 1, ?) ON CONFLICT DO UPDATE "
                        "SET count = count + 1, expires_us = max(expires_us, excluded.expires_us) "
                        "RETURNING count",
                        (stream, seq, _us(expires_at)),
                    ).fetchone()
                    return int(count)
            except sqlite3.Error as error:
                raise StateRefused(
                    f"{printable(str(self._path))}: uses of receipts cannot be counted: {error}",
                    hint="make room on the disk; if the file is damaged, stop ringfence and remove it",
                ) from error

    def close(self) -> None:
        """Gives the file back; the next use opens it again."""
        self._forget_parent()
        with self._lock:
            if self._database is not None:
                self._database.close()
            self._database = None

    def _forget_parent(self) -> None:
        """In a child that was forked: its parent's database is not used, nor closed, and opened anew."""
        if self._pid != os.getpid():
            _INHERITED.append(self._database)
            self._database, self._lock, self._pid = None, threading.Lock(), os.getpid()

    def _open(self, now: datetime) -> "sqlite3.Connection":
        import sqlite3

        try:
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        except OSError as error:
            raise StateRefused(
                f"{printable(str(self._path))}: it cannot be opened: {os.strerror(error.errno or 0).lower()}",
                hint="it must be a regular file of your own, on a disk that can be written",
            ) from error
        database = sqlite3.connect(self._path, timeout=_WAIT_S, isolation_level=None, check_same_thread=False)
        with contextlib.ExitStack() as unless_whole:
            unless_whole.callback(database.close)
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")  # what is lost of this is done again
            database.executescript(_SCHEMA)
            with database:
                database.execute("BEGIN IMMEDIATE")
                database.execute("UPDATE forgotten SET until_us = max(until_us, ?)", (_us(now),))
                database.execute("DELETE FROM uses WHERE expires_us <= (SELECT until_us FROM forgotten)")
            database.execute("PRAGMA synchronous = FULL")
            unless_whole.pop_all()
        return database


def _us(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000)
