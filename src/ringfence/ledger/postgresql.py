"""The ledger on a PostgreSQL server, which any number of hosts may write at once.

One advisory lock orders all appends: whoever holds it reads the ends of the streams, appends and commits, so
that ordinals are given in the order in which they become visible and a reader that follows them misses none.
A commit here is always on the server's disk, whichever durability was asked for. When the connection breaks
before the server answered, the same entries are sent once more, and their keys tell which were recorded.
"""

import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from typing import Any, LiteralString

from ringfence.core.action_types import Durability
from ringfence.core.text import clip, printable
from ringfence.ledger.chain import START, Head, Row
from ringfence.ledger.codec import microseconds
from ringfence.ledger.entry import Entry, Outcome, linked, moved_on, position_of
from ringfence.ledger.errors import LedgerError, LedgerTooNew, LedgerUnavailable
from ringfence.ledger.event_types import Event
from ringfence.ledger.group import GroupCommit
from ringfence.ledger.ledger import Position, Recorded
from ringfence.ledger.recorded import entries_of, entry_of, recorded_of

try:
    import psycopg
except ImportError:
    raise LedgerUnavailable(
        "a ledger on a server needs psycopg", hint="install ringfence[postgresql]"
    ) from None

__all__ = ["ServerLedger"]

_SCHEMA = 1
_LOCK = 0x52464C47  # "RFLG"
_KEY_BYTES = 16
_CONNECT_S = 10
_FETCHED_AT_ONCE = 500

_TABLES: tuple[LiteralString, ...] = (
    "CREATE TABLE IF NOT EXISTS ringfence_schema (version integer NOT NULL)",
    """CREATE TABLE IF NOT EXISTS ringfence_events (
        ordinal bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, stream text COLLATE "C" NOT NULL,
        seq bigint NOT NULL, at bigint NOT NULL, type text NOT NULL, commitment bytea NOT NULL,
        hash bytea NOT NULL, salt bytea, body bytea, key bytea UNIQUE, UNIQUE (stream, seq))""",
    "CREATE INDEX IF NOT EXISTS ringfence_events_at ON ringfence_events (at)",
)
_HEADS: LiteralString = """SELECT DISTINCT ON (stream) stream, seq, hash FROM ringfence_events
    WHERE stream = ANY(%s) ORDER BY stream, seq DESC"""
_KNOWN: LiteralString = "SELECT key, stream, seq, hash FROM ringfence_events WHERE key = ANY(%s)"
_INSERT: LiteralString = """INSERT INTO ringfence_events
    (stream, seq, at, type, commitment, hash, salt, body, key) VALUES (%s,%s,%s,%s,%s,%s,%s,%s,%s)"""
_FORGET: LiteralString = "UPDATE ringfence_events SET salt = NULL, body = NULL WHERE ordinal = ANY(%s)"
_COLUMNS: LiteralString = "ordinal, stream, seq, at, type, commitment, hash, salt, body"
_ALL_HEADS: LiteralString = """WITH RECURSIVE streams (name) AS (
    SELECT min(stream) FROM ringfence_events
    UNION ALL SELECT (SELECT min(stream) FROM ringfence_events WHERE stream > name) FROM streams
    WHERE name IS NOT NULL
) SELECT stream, seq, hash FROM streams JOIN LATERAL (
    SELECT stream, seq, hash FROM ringfence_events WHERE stream = name ORDER BY seq DESC LIMIT 1
) AS heads ON true ORDER BY stream"""


class ServerLedger:
    """One connection appends, for all threads of this process; each reader has its own."""

    def __init__(self, dsn: str, *, clock: Callable[[], datetime], random: Callable[[int], bytes]) -> None:
        self._dsn, self._clock, self._random = dsn, clock, random
        self._mutex = threading.Lock()
        self._connection: psycopg.Connection[Any] | None = None
        self._group = GroupCommit(self._commit)

    def append(
        self, event: Event, *, stream: str, durability: Durability, expect_seq: int | None = None
    ) -> Position:
        """See `Ledger.append`."""
        entry = entry_of(event, stream=stream, durability=durability, expect_seq=expect_seq)
        return self._append(entry)

    def append_at_once(self, event: Event, *, stream: str) -> None:
        """See `Ledger.append_at_once`: a server is always waited for."""

    def append_all(self, events: Sequence[Event], *, stream: str, durability: Durability) -> Position | None:
        """See `Ledger.append_all`."""
        last = None
        for entry in entries_of(events, stream=stream, durability=durability):
            last = self._append(entry)
        return last

    def read(
        self,
        *,
        stream: str | None = None,
        types: Collection[str] | None = None,
        since: datetime | None = None,
        after: int | None = None,
    ) -> Iterator[Recorded]:
        """See `Ledger.read`."""
        return map(recorded_of, self.rows(stream=stream, types=types, since=since, after=after))

    def rows(
        self,
        *,
        stream: str | None = None,
        types: Collection[str] | None = None,
        since: datetime | None = None,
        after: int | None = None,
    ) -> Iterator[Row]:
        """See `Ledger.rows`."""
        at = None if since is None else microseconds(since)
        named = None if types is None else list(types)
        chosen: tuple[tuple[LiteralString, object], ...] = (
            ("stream = %s", stream),
            ("at >= %s", at),
            ("ordinal > %s", after),
            ("split_part(type, '/', 1) = ANY(%s)", named),
        )
        return self._rows(chosen)

    def event(self, stream: str, seq: int) -> Recorded | None:
        """See `Ledger.event`."""
        rows = self._rows((("stream = %s", stream), ("seq = %s", seq)))
        return next(map(recorded_of, rows), None)

    def last(self, stream: str) -> Recorded | None:
        """See `Ledger.last`."""
        rows = self._rows((("stream = %s", stream),), order="seq DESC LIMIT 1")
        return next(map(recorded_of, rows), None)

    def forget(self, ordinals: Collection[int]) -> None:
        """See `Ledger.forget`. The table is written anew, so that its files lose what its rows lost.

        The server's own log and backups keep what they have for as long as they are kept.
        """
        try:
            with self._connected() as connection:
                connection.execute(_FORGET, (list(ordinals),))
                connection.execute("VACUUM (FULL) ringfence_events")
        except psycopg.Error as error:
            raise _unavailable(error) from None

    def heads(self) -> tuple[Position, ...]:
        """See `Ledger.heads`."""
        try:
            with self._connected() as connection:
                found = connection.execute(_ALL_HEADS).fetchall() if _version(connection) else []
        except psycopg.Error as error:
            raise _unavailable(error) from None
        return tuple(Position(stream=stream, seq=seq, hash=hash_) for stream, seq, hash_ in found)

    def close(self) -> None:
        """See `Ledger.close`."""
        with self._mutex:
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def _append(self, entry: Entry) -> Position:
        entry.key = self._random(_KEY_BYTES)
        return self._group.append(entry)

    def _rows(
        self, chosen: tuple[tuple[LiteralString, object], ...], *, order: LiteralString = "ordinal"
    ) -> Iterator[Row]:
        known = [(condition, value) for condition, value in chosen if value is not None]
        where: LiteralString = " AND ".join(condition for condition, _ in known) or "true"
        query: LiteralString = f"SELECT {_COLUMNS} FROM ringfence_events WHERE {where} ORDER BY {order}"  # noqa: S608
        try:
            with self._connected() as connection, connection.transaction():
                if _version(connection):
                    cursor = connection.cursor(name="rows")
                    cursor.itersize = _FETCHED_AT_ONCE
                    for found in cursor.execute(query, [value for _, value in known]):
                        yield Row._make(found)
        except psycopg.Error as error:
            raise _unavailable(error) from None

    def _commit(self, entries: Sequence[Entry]) -> list[Outcome]:
        with self._mutex:
            try:
                try:
                    return self._committed(entries)
                except psycopg.OperationalError:  # the server went away, perhaps after it committed
                    self._disconnect()
                    for entry in entries:
                        entry.retried = True
                    return self._committed(entries)
            except psycopg.Error as error:
                self._disconnect()
                raise _unavailable(error) from None

    def _committed(self, entries: Sequence[Entry]) -> list[Outcome]:
        if self._connection is None:
            self._connection = self._connected()
            _prepare(self._connection)
        connection = self._connection
        with connection.pipeline(), connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            ends = connection.execute(_HEADS, (sorted({entry.stream for entry in entries}),))
            known = self._known(entries)
            heads = {stream: Head(seq, hash_) for stream, seq, hash_ in ends}
            rows, outcomes = self._linked(entries, heads, known)
            if rows:
                connection.cursor().executemany(_INSERT, rows)
        return outcomes

    def _linked(
        self, entries: Sequence[Entry], heads: dict[str, Head], known: dict[bytes | None, Position]
    ) -> tuple[list[tuple[object, ...]], list[Outcome]]:
        """What is to be inserted, and what becomes of each entry once it is."""
        at, rows, outcomes = microseconds(self._clock()), list[tuple[object, ...]](), list[Outcome]()
        for entry in entries:
            head = heads.get(entry.stream, START)
            if entry.key in known:
                outcomes.append(known[entry.key])
            elif entry.expect_seq not in (None, head.seq):
                outcomes.append(moved_on(entry, head))
            else:
                *others, last = linked(entry, head, at=at, random=self._random)
                heads[entry.stream] = Head(last.seq, last.hash)
                rows += [*((*row[1:], None) for row in others), (*last[1:], entry.key)]
                outcomes.append(position_of(last))
        return rows, outcomes

    def _known(self, entries: Sequence[Entry]) -> dict[bytes | None, Position]:
        """What was recorded of entries that are sent once more."""
        keys = [entry.key for entry in entries if entry.retried]
        if not keys or self._connection is None:
            return {}
        found = self._connection.execute(_KNOWN, (keys,)).fetchall()
        return {key: Position(stream=stream, seq=seq, hash=hash_) for key, stream, seq, hash_ in found}

    def _connected(self) -> "psycopg.Connection[Any]":
        return psycopg.connect(self._dsn, autocommit=True, connect_timeout=_CONNECT_S)

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None


def _prepare(connection: "psycopg.Connection[Any]") -> None:
    if _version(connection):
        return
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        for statement in _TABLES:
            connection.execute(statement)
        connection.execute(
            "INSERT INTO ringfence_schema SELECT %s WHERE NOT EXISTS (SELECT FROM ringfence_schema)",
            (_SCHEMA,),
        )


def _version(connection: "psycopg.Connection[Any]") -> int:
    """The version of the tables there; 0 when there are none yet.

    Raises:
        LedgerTooNew: a newer ringfence made them.
    """
    (there,) = connection.execute("SELECT to_regclass('ringfence_schema')").fetchone() or (None,)
    if there is None:
        return 0
    (version,) = connection.execute("SELECT max(version) FROM ringfence_schema").fetchone() or (0,)
    if version > _SCHEMA:
        raise LedgerTooNew(
            "the ledger was made by a newer ringfence",
            hint="use that version, or a newer one, for this ledger",
        )
    return int(version)


def _unavailable(error: "psycopg.Error") -> LedgerError:
    """In the ledger's words; the server's own hold no password."""
    told = clip(printable(" ".join(str(error).split())), chars=200)
    return LedgerUnavailable(
        f"the ledger's server cannot be used: {told}",
        hint="see RINGFENCE_LEDGER, and whether the server runs",
    )
