"""The ledger's file: one SQLite database in WAL mode, written by one process, read by any.

A group that holds an event of *fsync* durability is on the disk when its transaction ends (synchronous
FULL). A group without one is in the file then, which a killed process does not undo, and whoever writes
calls `flush` within 50 ms. An index costs each event a page that the disk waits for, so there is none over
times: who asks `since` has all rows looked through. After 1,000 pages, as SQLite does by itself, the log is
moved into the file and overwritten: while it grows, each commit waits for a change of its size as well.
Source: sqlite.org/wal.html, sqlite.org/pragma.html#pragma_synchronous.
"""

import contextlib
import os
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from ringfence.core.action_types import Durability
from ringfence.core.text import clip, printable
from ringfence.ledger.chain import START, Head, Row
from ringfence.ledger.codec import microseconds
from ringfence.ledger.entry import Entry, Outcome, linked, moved_on, position_of
from ringfence.ledger.errors import LedgerDamaged, LedgerError, LedgerTooNew, LedgerUnavailable
from ringfence.ledger.ledger import Position

__all__ = ["SqliteStore", "connected", "read_heads", "read_rows", "sqlite_error"]

_APPLICATION = 0x52464C47  # "RFLG"
_SCHEMA = 1
_BUSY_S = 10.0  # for somebody who prunes

_TABLES = (
    """CREATE TABLE events (
        ordinal INTEGER PRIMARY KEY, stream TEXT NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL,
        type TEXT NOT NULL, commitment BLOB NOT NULL, hash BLOB NOT NULL, salt BLOB, body BLOB, key BLOB)""",
    "CREATE UNIQUE INDEX events_position ON events (stream, seq)",
    "CREATE UNIQUE INDEX events_key ON events (key) WHERE key IS NOT NULL",
    f"PRAGMA application_id = {_APPLICATION}",
    f"PRAGMA user_version = {_SCHEMA}",
)
_INSERT = (
    "INSERT INTO events (stream, seq, at, type, commitment, hash, salt, body, key) VALUES (?,?,?,?,?,?,?,?,?)"
)
_HEAD = "SELECT seq, hash FROM events WHERE stream = ? ORDER BY seq DESC LIMIT 1"
_COLUMNS = "ordinal, stream, seq, at, type, commitment, hash, salt, body"
_STREAMS = """WITH RECURSIVE streams (name) AS (
    SELECT min(stream) FROM events
    UNION ALL SELECT (SELECT min(stream) FROM events WHERE stream > name) FROM streams WHERE name IS NOT NULL
) SELECT name FROM streams WHERE name IS NOT NULL"""


class SqliteStore:
    """The file as the one process that writes sees it. One thread at a time commits; any may flush."""

    def __init__(self, path: Path, *, clock: Callable[[], datetime], random: Callable[[int], bytes]) -> None:
        """Opens the file, which must exist, and makes it a ledger if it is empty.

        Raises:
            LedgerError: it is no ledger, a newer one, damaged, or cannot be written.
        """
        self._clock, self._random = clock, random
        self._name = os.fspath(path)
        self._heads: dict[str, Head] = {}
        self._synchronous = ""
        try:
            self._database = connected(path, mode="rw", check_same_thread=False)
            with contextlib.ExitStack() as unless_whole:
                unless_whole.callback(self._database.close)
                _prepare(self._database)
                self._inode = path.stat().st_ino
                self._log = os.open(f"{path}-wal", os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
                unless_whole.pop_all()
        except (sqlite3.Error, OSError) as error:
            raise sqlite_error(error) from None

    def commit(self, entries: Sequence[Entry]) -> list[Outcome]:
        """Records the entries in one transaction.

        Raises:
            LedgerError: nothing of them was recorded.
        """
        try:
            if os.stat(self._name).st_ino != self._inode:  # noqa: PTH116 - each event pays for it
                raise LedgerUnavailable(
                    "the ledger's file was replaced", hint="do it again to use the new file"
                )
            try:
                return self._commit(entries)
            except sqlite3.IntegrityError:
                # Somebody wrote past the lock, so what is remembered is old; or somebody asks again and does
                # not say so.
                for entry in entries:
                    entry.retried = entry.key is not None
                return self._commit(entries)
        except (sqlite3.Error, OSError) as error:
            raise sqlite_error(error) from None

    def flush(self) -> None:
        """All that was committed is on the disk.

        Raises:
            LedgerUnavailable: it is not.
        """
        try:
            os.fdatasync(self._log)
        except OSError as error:
            raise sqlite_error(error) from None

    def close(self) -> None:
        """Flushes and lets go of the file."""
        try:
            self.flush()
        finally:
            os.close(self._log)
            self._database.close()

    def _commit(self, entries: Sequence[Entry]) -> list[Outcome]:
        fsync = any(entry.durability is Durability.FSYNC for entry in entries)
        self._set_synchronous("FULL" if fsync else "NORMAL")
        at, moved = microseconds(self._clock()), dict[str, Head]()
        done = False
        several = len(entries) > 1 or bool(entries[0].more)  # one statement is a transaction of its own
        try:
            if several:
                self._database.execute("BEGIN IMMEDIATE")
            outcomes = [self._recorded(entry, at, moved) for entry in entries]
            if several:
                self._database.execute("COMMIT")
            done = True
        finally:
            if not done:
                self._heads.clear()
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
        if len(self._heads) > 10_000:
            self._heads.clear()
        self._heads |= moved
        return outcomes

    def _recorded(self, entry: Entry, at: int, moved: dict[str, Head]) -> Outcome:
        if entry.retried and entry.key is not None:
            found = self._database.execute(
                "SELECT stream, seq, hash FROM events WHERE key = ?", (entry.key,)
            ).fetchone()
            if found:
                return Position(stream=found[0], seq=found[1], hash=found[2])
        head = moved.get(entry.stream) or self._head(entry.stream)
        if entry.expect_seq is not None and entry.expect_seq != head.seq:
            return moved_on(entry, head)
        rows = linked(entry, head, at=at, random=self._random)
        for row in rows[:-1]:
            self._database.execute(_INSERT, (*row[1:], None))
        self._database.execute(_INSERT, (*rows[-1][1:], entry.key))
        moved[entry.stream] = Head(rows[-1].seq, rows[-1].hash)
        return position_of(rows[-1])

    def _head(self, stream: str) -> Head:
        head = self._heads.get(stream)
        if head is None:
            found = self._database.execute(_HEAD, (stream,)).fetchone()
            head = self._heads[stream] = Head(*found) if found else START
        return head

    def _set_synchronous(self, level: str) -> None:
        if self._synchronous != level:
            self._database.execute(f"PRAGMA synchronous = {level}")
            self._synchronous = level


def read_rows(
    path: Path,
    *,
    stream: str | None = None,
    types: Collection[str] | None = None,
    since: int | None = None,
    after: int | None = None,
    seq: int | None = None,
    newest: bool = False,
) -> Iterator[Row]:
    """Rows in order of their ordinals, as they are now; none when there is no file yet.

    `newest`: only the last one of the stream.

    Raises:
        LedgerError: it is no ledger, a newer one, or damaged from here on.
    """
    chosen = (
        ("stream = ?", stream),
        ("seq = ?", seq),
        ("at >= ?", since),
        ("ordinal > ?", after),
    )
    where = [condition for condition, value in chosen if value is not None]
    values: list[str | int] = [value for _, value in chosen if value is not None]
    if types is not None:
        where.append(f"({' OR '.join(['substr(type, 1, ?) = ?'] * len(types)) or '0'})")
        for each in types:
            values += [len(each) + 1, f"{each}/"]
    order = "ordinal" if stream is None else "seq DESC LIMIT 1" if newest else "seq"
    query = f"SELECT {_COLUMNS} FROM events WHERE {' AND '.join(where) or '1'} ORDER BY {order}"  # noqa: S608
    for found in _asked(path, query, values):
        yield Row._make(found)


def read_heads(path: Path) -> tuple[Position, ...]:
    """The end of each stream, by name.

    Raises:
        LedgerError: the file cannot be read.
    """
    query = f"""SELECT stream, seq, hash FROM ({_STREAMS}) JOIN events ON stream = name
        AND seq = (SELECT max(seq) FROM events WHERE stream = name) ORDER BY stream"""  # noqa: S608
    return tuple(
        Position(stream=stream, seq=seq, hash=hash_) for stream, seq, hash_ in _asked(path, query, ())
    )


def _asked(path: Path, query: str, values: Sequence[str | int]) -> Iterator[tuple]:  # type: ignore[type-arg]
    try:
        if not path.exists() or not path.stat().st_size:
            return
        database = connected(path, mode="ro")
        try:
            if not _version(database):
                return
            yield from database.execute(query, values)  # one by one: what comes before damage is good
        finally:
            database.close()
    except (sqlite3.Error, OSError) as error:
        raise sqlite_error(error) from None


def sqlite_error(error: sqlite3.Error | OSError) -> LedgerError:
    """In the ledger's words."""
    told = clip(printable(str(error)), chars=200)
    if isinstance(error, OSError):
        return LedgerUnavailable(f"the ledger's file cannot be used: {error.strerror}", hint="see its folder")
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith("SQLITE_FULL"):
        return LedgerUnavailable(
            "the disk is full, nothing was recorded", hint="free some space and try again"
        )
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return LedgerUnavailable(
            "the ledger cannot be written here",
            hint="its folder must be writable and not on a read-only disk, and ulimit -n leave room for it",
        )
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")) or isinstance(error, sqlite3.NotSupportedError):
        return LedgerDamaged(
            f"the ledger's file is damaged: {told}",
            hint="`ringfence ledger verify` says up to where it is whole; go on with it from a copy",
        )
    return LedgerUnavailable(f"the ledger's file cannot be used: {told}", hint="try again")


def connected(path: Path, *, mode: str, check_same_thread: bool = True) -> sqlite3.Connection:
    """The database at this path, which must exist; each statement its own transaction until one is begun."""
    if mode == "ro" and not os.access(path.parent, os.W_OK) and not os.path.lexists(f"{path}-wal"):
        mode = "ro&immutable=1"  # a copy on a read-only disk has nobody who writes
    name = f"file:{quote(os.fsencode(path.absolute()))}?mode={mode}"
    return sqlite3.connect(
        name, uri=True, isolation_level=None, timeout=_BUSY_S, check_same_thread=check_same_thread
    )


def _version(database: sqlite3.Connection) -> int:
    """The schema's version; 0 for a file that holds nothing yet."""
    (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()  # may be made meanwhile
    (application,) = database.execute("PRAGMA application_id").fetchone()
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if application != _APPLICATION and (application or tables):
        raise LedgerDamaged("the ledger's file is another program's", hint="name another file")
    if version > _SCHEMA:
        raise LedgerTooNew(
            "the ledger was made by a newer ringfence",
            hint="use that version, or a newer one, for this ledger",
        )
    return int(version)


def _prepare(database: sqlite3.Connection) -> None:
    made = _version(database)
    if database.execute("PRAGMA journal_mode = WAL").fetchone() != ("wal",):
        raise LedgerUnavailable("the ledger's disk has no shared memory", hint="keep it on a local disk")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("PRAGMA journal_size_limit = 67108864")
    if not made:
        database.execute("BEGIN IMMEDIATE")
        for statement in _TABLES:
            database.execute(statement)
        database.execute("COMMIT")
