"""Remembers the digests of files that have not changed since: an SQLite file of the person who scans.

An entry is for one state of a file: device, inode, size, mtime and ctime. A program can set mtime back but
not ctime, so a file changed in place is known to be new. Clocks are coarse, so an entry is kept only when
ctime lay two seconds or more before the first byte was read: within them a second change could leave no mark.

The cache is a convenience: whatever is wrong with it, the scan goes on without and says so once.
"""

import os
import sqlite3
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from ringfence.core.dataclass import dataclass
from ringfence.core.digests import GitBlobSha1, Sha256
from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip, printable
from ringfence.endpoint.found import FoundFile
from ringfence.endpoint.opening import refusal

__all__ = ["SETTLED_NS", "DigestCache", "Digests"]

SETTLED_NS = 2_000_000_000

_APPLICATION_ID = 0x52464447  # "RFDG"
_VERSION = 1
_LOCK_WAIT_S = 0.5
_DAY_S = 24 * 60 * 60
_PENDING_FILES = 64
_PENDING_BYTES = 4 << 30

_SCHEMA = f"""
    CREATE TABLE digests (
        device INTEGER, inode INTEGER, size_bytes INTEGER, mtime_ns INTEGER, ctime_ns INTEGER,
        sha256 BLOB NOT NULL, git_sha1 BLOB, used_at_s INTEGER NOT NULL,
        PRIMARY KEY (device, inode)
    ) WITHOUT ROWID;
    PRAGMA application_id = {_APPLICATION_ID};
    PRAGMA user_version = {_VERSION};
"""
_LOOKUP = """
    SELECT sha256, git_sha1, used_at_s FROM digests
    WHERE device = ? AND inode = ? AND size_bytes = ? AND mtime_ns = ? AND ctime_ns = ?
"""
_STORE = "INSERT OR REPLACE INTO digests VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_TOUCH = "UPDATE digests SET used_at_s = ? WHERE device = ? AND inode = ?"
_PRUNE = """
    DELETE FROM digests WHERE (device, inode) IN (
        SELECT device, inode FROM digests ORDER BY used_at_s LIMIT max(0, (SELECT count(*) FROM digests) - ?))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Digests:
    """What was computed from all bytes of one file."""

    sha256: Sha256
    git_sha1: GitBlobSha1 | None = None  # over git's blob header and the bytes


class _Unusable(Exception):
    """The file must not be used as a cache; the message says why."""


class DigestCache:
    """The cache in the file at `path`, which is made when it is missing; belongs to one thread.

    `skipped` says why there is none, if so. `clock` gives nanoseconds since 1970, as `time.time_ns` does.
    """

    def __init__(self, path: Path, *, clock: Callable[[], int] = time.time_ns) -> None:
        self._path = path
        self._clock = clock
        self._pending: list[tuple[int | bytes | None, ...]] = []
        self._pending_bytes = 0
        self._used: list[tuple[int, int, int]] = []
        self._database: sqlite3.Connection | None = None
        self.skipped: tuple[Skipped, ...] = ()
        try:
            _claim(path)
            self._database = _connect(path)
        except (_Unusable, OSError, ValueError, sqlite3.Error) as error:
            self._give_up(error)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def lookup(self, file: FoundFile, *, git_sha1: bool = False) -> Digests | None:
        """The digests of the file in just this state; with `git_sha1` only when that is known as well."""
        if not self._database:
            return None
        try:
            row = self._database.execute(_LOOKUP, _state(file)).fetchone()
        except sqlite3.Error as error:
            self._give_up(error)
            return None
        if row is None or not _is_digest(row[0], 32) or not (row[1] is None or _is_digest(row[1], 20)):
            return None
        if git_sha1 and row[1] is None:
            return None
        now_s = self._now_s()
        if not isinstance(row[2], int) or abs(now_s - row[2]) > _DAY_S:
            self._used.append((now_s, *_state(file)[:2]))
        return Digests(sha256=Sha256(row[0].hex()), git_sha1=GitBlobSha1(row[1].hex()) if row[1] else None)

    def store(self, file: FoundFile, digests: Digests, *, read_from_ns: int) -> None:
        """Keeps the digests, unless the file had changed less than two seconds before it was read."""
        if not self._database or read_from_ns - file.ctime_ns < SETTLED_NS:
            return
        git_sha1 = bytes.fromhex(digests.git_sha1) if digests.git_sha1 else None
        self._pending.append((*_state(file), bytes.fromhex(digests.sha256), git_sha1, self._now_s()))
        self._pending_bytes += file.size_bytes
        if len(self._pending) >= _PENDING_FILES or self._pending_bytes >= _PENDING_BYTES:
            self._flush()

    def close(self) -> None:
        """Writes what is pending and forgets what was not used for longest."""
        if self._pending or self._used:
            self._flush(prune=True)
        if self._database:
            self._database.close()
            self._database = None

    def _flush(self, *, prune: bool = False) -> None:
        if not self._database:
            return
        try:
            with self._database:
                self._database.execute("BEGIN IMMEDIATE")
                self._database.executemany(_STORE, self._pending)
                self._database.executemany(_TOUCH, self._used)
                if prune:
                    self._database.execute(_PRUNE, (LIMITS.cached_digests,))
        except sqlite3.Error as error:
            self._give_up(error)
        self._pending, self._pending_bytes, self._used = [], 0, []

    def _give_up(self, error: Exception) -> None:
        if self._database:
            with suppress(sqlite3.Error):
                self._database.close()
        self._database = None
        shown = clip(printable(str(self._path)), chars=LIMITS.name_chars)
        self.skipped = (Skipped(kind="digest-cache", subject=shown, reason=_why(error)),)

    def _now_s(self) -> int:
        return self._clock() // 1_000_000_000


def _claim(path: Path) -> None:
    """Makes the file if need be, and sees to it that it is ours alone.

    Raises:
        _Unusable: somebody else could have written it.
        OSError, ValueError: it cannot be made or opened.
    """
    for wanted in (path.parent.parent, path.parent):  # as ~/.cache/ringfence; a home is never made
        if wanted.parent.stat().st_uid not in (0, os.geteuid()):
            raise _Unusable("it would lie in a folder of somebody else")
        wanted.mkdir(mode=0o700, exist_ok=True)
    folder = path.parent.stat()
    if folder.st_uid != os.geteuid():
        raise _Unusable("its folder belongs to somebody else")
    if folder.st_mode & 0o022:
        raise _Unusable("others can write to its folder")
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise _Unusable("it is not a regular file")
        if status.st_uid != os.geteuid():
            raise _Unusable("it belongs to somebody else")
        if status.st_nlink != 1:
            raise _Unusable("it has a second name elsewhere")
        if status.st_mode & 0o077:
            os.fchmod(fd, 0o600)
    finally:
        os.close(fd)


def _connect(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=_LOCK_WAIT_S, isolation_level=None)
    try:
        database.execute("PRAGMA trusted_schema = OFF")
        database.execute("PRAGMA synchronous = NORMAL")
        if _marks(database) == (0, 0):
            _create(database)
        application, version = _marks(database)
        if application != _APPLICATION_ID:
            raise _Unusable("it is no cache of digests; move it away to start one")
        if version != _VERSION:
            raise _Unusable(f"another version of ringfence wrote it ({version}, not {_VERSION})")
        database.execute(_LOOKUP, (0, 0, 0, 0, 0))
    except (_Unusable, sqlite3.Error):
        database.close()
        raise
    return database


def _create(database: sqlite3.Connection) -> None:
    with database:
        database.execute("BEGIN IMMEDIATE")
        if _marks(database) != (0, 0):
            return  # another scan was faster
        if database.execute("SELECT 1 FROM sqlite_schema").fetchone():
            raise _Unusable("it is no cache of digests; move it away to start one")
        for statement in _SCHEMA.split(";"):
            database.execute(statement)


def _marks(database: sqlite3.Connection) -> tuple[int, int]:
    application: int = database.execute("PRAGMA application_id").fetchone()[0]
    version: int = database.execute("PRAGMA user_version").fetchone()[0]
    return application, version


def _state(file: FoundFile) -> tuple[int, int, int, int, int]:
    numbers = (file.device, file.inode, file.size_bytes, file.mtime_ns, file.ctime_ns)
    device, inode, size_bytes, mtime_ns, ctime_ns = (_signed(number) for number in numbers)
    return device, inode, size_bytes, mtime_ns, ctime_ns


def _signed(number: int) -> int:
    """The number as the 64 bits that SQLite keeps; times after 2262 and some inodes have more or no sign."""
    return (number + (1 << 63)) % (1 << 64) - (1 << 63)


def _is_digest(value: object, size_bytes: int) -> bool:
    return isinstance(value, bytes) and len(value) == size_bytes


def _why(error: Exception) -> str:
    if isinstance(error, _Unusable):
        return str(error)
    if isinstance(error, OSError | ValueError):
        no = refusal(error)
        return "there is no folder to keep it in" if no.missing else no.reason
    name: str = getattr(error, "sqlite_errorname", "")
    if name.startswith("SQLITE_BUSY"):
        return "another program keeps it locked"
    if name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        return "it is damaged, or no cache of digests; move it away to start one"
    return f"SQLite cannot use it: {printable(str(error))}"
