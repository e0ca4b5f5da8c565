"""How fast events are recorded and verified, beside bare SQLite and PostgreSQL.

The rounds of a comparison take turns, so that a busy moment of the disk falls on all alike.
"""

import hashlib
import importlib
import os
import shutil
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from bench.measure import Result, by_turns
from ringfence.core.action_types import Durability
from ringfence.ledger.checkpoints import sign_all
from ringfence.ledger.entry import Entry, Outcome
from ringfence.ledger.events.effect_done import EffectDone
from ringfence.ledger.ledger import Ledger
from ringfence.ledger.notes import SigningKey
from ringfence.ledger.open import open_ledger
from ringfence.ledger.recorded import entry_of
from ringfence.ledger.sqlite import SqliteStore
from ringfence.ledger.vouching import vouch

__all__ = ["ledger"]

_TESTS = Path(__file__).resolve().parent.parent / "tests"
_EVENT = EffectDone(
    action_type="tool.call", decision_stream="endpoint", decision_seq=1, result={"text": "x" * 920}
)
_ALONE, _ROUNDS_ALONE, _TOGETHER, _WRITERS, _VERIFIED = 200, 40, 6_400, 64, 100_000

Append = Callable[[], object]


def ledger(place: Path) -> Iterator[Result]:
    """One row for each limit."""
    folder = place / "ledger"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    yield _alone(folder)
    yield _together(folder)
    yield _verified(folder)
    yield from _server()


def _alone(folder: Path) -> Result:
    """Both files are open, and each has many short turns: the disk's mood falls on both alike."""
    with closing(open_ledger(_fresh(folder), clock=_now)) as opened, closing(_bare(folder)) as database:
        ours, bare = by_turns(
            lambda: _took(_appending(opened), _ALONE),
            lambda: _took(_inserting(database), _ALONE),
            rounds=_ROUNDS_ALONE,
        )
    return Result(
        name="one writer of 1 KiB events, against bare SQLite (WAL, FULL, one transaction each)",
        measured=bare / ours,
        limit=0.8,
        at_least=True,
        detail=f"{_rate(_ALONE, ours)} and {_rate(_ALONE, bare)}",
    )


def _bare(folder: Path) -> sqlite3.Connection:
    database = sqlite3.connect(folder / "bare.sqlite", isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE events (id INTEGER PRIMARY KEY, body BLOB)")
    return database


def _inserting(database: sqlite3.Connection) -> Append:
    body = entry_of(_EVENT, stream="endpoint", durability=Durability.FSYNC, expect_seq=None).body
    return lambda: database.execute("INSERT INTO events (body) VALUES (?)", (body,))


def _together(folder: Path) -> Result:
    grouped, single = by_turns(lambda: _many_writers(folder), lambda: _many_without_groups(folder))
    return Result(
        name=f"{_WRITERS} writers, against the same without group commit",
        measured=single / grouped,
        limit=1.3,
        at_least=True,
        detail=f"{_rate(_TOGETHER, grouped)} and {_rate(_TOGETHER, single)}",
    )


def _many_writers(folder: Path) -> float:
    with closing(open_ledger(_fresh(folder), clock=_now)) as opened:
        append = _appending(opened)
        append()
        return _took_by_many(append)


def _many_without_groups(folder: Path) -> float:
    path, mutex = _fresh(folder), threading.Lock()
    path.touch(mode=0o600)
    with closing(SqliteStore(path, clock=_now, random=os.urandom)) as store:

        def append() -> Sequence[Outcome]:
            entry = _entry(Durability.FSYNC)
            with mutex:
                return store.commit((entry,))

        append()
        return _took_by_many(append)


def _verified(folder: Path) -> Result:
    path = _fresh(folder)
    path.touch(mode=0o600)
    with closing(SqliteStore(path, clock=_now, random=os.urandom)) as store:
        for _ in range(_VERIFIED // 1_000):
            store.commit([_entry(Durability.WRITTEN) for _ in range(1_000)])
    with closing(open_ledger(path, clock=_now)) as opened:
        key = SigningKey(bytes(32))
        keys = (key.public(sign_all(opened, key).note.checkpoint.origin),)

    def verified() -> float:
        started = time.perf_counter()
        with closing(open_ledger(path, clock=_now)) as opened:
            assert vouch(opened, keys=keys).signed_size == _VERIFIED
        return time.perf_counter() - started

    def hashed() -> float:
        started = time.perf_counter()
        with closing(sqlite3.connect(path)) as database:
            for (body,) in database.execute("SELECT body FROM events"):
                hashlib.sha256(body).digest()
        return time.perf_counter() - started

    hashed()
    ours, bytes_alone = by_turns(verified, hashed)
    return Result(
        name=f"verifying {_VERIFIED:,} events and a checkpoint, against reading and hashing their bytes",
        measured=ours / bytes_alone,
        limit=5,
        detail=f"{ours:.2f} s and {bytes_alone:.2f} s",
    )


def _server() -> Iterator[Result]:
    """On a PostgreSQL of this machine, where one is installed."""
    sys.path.append(str(_TESTS))
    servers = importlib.import_module("postgresql_server")
    programs = servers.binaries()
    if programs is None:
        return
    with servers.running_server(programs) as dsn, closing(open_ledger(dsn, clock=_now)) as opened:
        append = _appending(opened)
        append()
        one, many = by_turns(lambda: _took(append, _ALONE), lambda: _took_by_many(append))
        yield Result(
            name=f"PostgreSQL beside it: {_WRITERS} writers, against one",
            measured=(one / _ALONE) / (many / _TOGETHER),
            limit=1.3,
            at_least=True,
            detail=f"{_rate(_TOGETHER, many)} and {_rate(_ALONE, one)}",
        )


def _appending(opened: Ledger) -> Append:
    return lambda: opened.append(_EVENT, stream="endpoint", durability=Durability.FSYNC)


def _entry(durability: Durability) -> Entry:
    return entry_of(_EVENT, stream="endpoint", durability=durability, expect_seq=None)


def _took(append: Append, count: int) -> float:
    started = time.perf_counter()
    for _ in range(count):
        append()
    return time.perf_counter() - started


def _took_by_many(append: Append) -> float:
    """Seconds for all writers, each of which has its share."""
    each = _TOGETHER // _WRITERS
    threads = [threading.Thread(target=_took, args=(append, each)) for _ in range(_WRITERS)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - started


def _fresh(folder: Path) -> Path:
    """A path where nothing lies yet."""
    for each in folder.iterdir():
        each.unlink()
    return folder / "ledger.sqlite"


def _now() -> datetime:
    return datetime.now(UTC)


def _rate(count: int, took_s: float) -> str:
    return f"{count / took_s:,.0f}/s"
