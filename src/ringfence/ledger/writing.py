"""The one process that writes a ledger: it holds the lock, and takes other processes' events.

Theory. Whoever holds the lock file's lock is the writer; the kernel gives it back when the process ends,
however that ends. The writer listens on a socket that it puts in place by renaming, so that its name leads to
the newest writer or to nobody. One thread of it serves all connections: whatever has arrived when it looks
goes into one transaction, and is answered after that. The same thread puts on the disk what is only written.

A writer whose store failed steps down: it gives back file and lock, and the next attempt, by whatever
process, opens the file anew and finds out what is in it.
"""

import contextlib
import errno
import fcntl
import os
import selectors
import socket
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from ringfence.core.action_types import Durability
from ringfence.core.limits import LIMITS
from ringfence.ledger.entry import Entry, Outcome
from ringfence.ledger.errors import EventRefused, LedgerError, LedgerUnavailable, WriterGone, no_descriptor
from ringfence.ledger.group import GroupCommit
from ringfence.ledger.ledger import Position
from ringfence.ledger.places import lock_path, made_safe, reachable, socket_path
from ringfence.ledger.sqlite import SqliteStore
from ringfence.ledger.wire import (
    BadMessage,
    Frames,
    answer_bytes,
    peer_lives,
    peer_pid,
    peer_uid,
    question_of,
)

__all__ = ["MayAppend", "Writer", "anybody"]

MayAppend = Callable[[int | None, str], bool]
"""Whether this process (None: nobody knows which) may append an event of this type."""

_FLUSH_S = 0.03  # of the 50 ms that an event may wait for the disk
_READ_BYTES = 1 << 18


def anybody(_pid: int | None, _type: str) -> bool:
    """Lets every process of the user append everything."""
    return True


class Writer:
    """Made by the process that got the lock."""

    def __init__(
        self,
        path: Path,
        lock: int,
        *,
        clock: Callable[[], datetime],
        random: Callable[[int], bytes],
        may_append: MayAppend,
    ) -> None:
        self._lock = lock
        self._may_append = may_append
        self._store = SqliteStore(path, clock=clock, random=random)
        self._storing = threading.Lock()  # for as long as the store is at work, or being closed
        self._group = GroupCommit(self._commit)
        self._gone = threading.Event()
        self._waking = threading.Lock()  # nobody may send to a descriptor that is somebody else's by then
        self._flush_at: float | None = None
        self._callers: dict[socket.socket, Frames] = {}
        with contextlib.ExitStack() as unless_whole:
            unless_whole.callback(self._store.close)
            self._wakes, self._wake = map(unless_whole.enter_context, socket.socketpair())
            self._wakes.setblocking(False)
            self._wake.setblocking(False)
            self._selector = unless_whole.enter_context(selectors.DefaultSelector())
            self._listener = unless_whole.enter_context(_listening(socket_path(path)))
            self._selector.register(self._wakes, selectors.EVENT_READ)
            self._selector.register(self._listener, selectors.EVENT_READ)
            self._thread = threading.Thread(target=self._serve, name="ledger", daemon=True)
            self._thread.start()
            unless_whole.pop_all()

    @classmethod
    def claimed(
        cls,
        path: Path,
        *,
        clock: Callable[[], datetime],
        random: Callable[[int], bytes],
        may_append: MayAppend = anybody,
    ) -> "Writer | None":
        """This process as the writer; None when another one is.

        Raises:
            LedgerError: there is no writing this ledger.
        """
        made_safe(path)
        try:
            lock = os.open(lock_path(path), os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError as error:
            raise _no_lock(error) from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return cls(path, lock, clock=clock, random=random, may_append=may_append)
        except BlockingIOError:
            os.close(lock)
            return None
        except OSError as error:
            os.close(lock)
            raise _no_lock(error) from None
        except BaseException:
            os.close(lock)
            raise

    @property
    def is_gone(self) -> bool:
        """It has stepped down, or is about to."""
        return self._gone.is_set()

    def append(self, entry: Entry) -> Position:
        """Records the entry.

        Raises:
            WriterGone: it stepped down before it came to this entry.
            LedgerError: the entry was not recorded.
        """
        return self._group.append(entry)

    def append_at_once(self, entry: Entry) -> Position | None:
        """Records the entry; None where another thread is recording.

        Raises:
            WriterGone, LedgerError: see `append`.
        """
        return self._group.append_at_once(entry)

    def close(self) -> None:
        """Steps down, with everything on the disk."""
        self._step_down()
        self._thread.join()
        with self._waking:
            self._wake.close()

    def forget_after_fork(self) -> tuple[object, ...]:
        """Lets go of what a child has of its parent's writer; what comes back must stay alive, unused."""
        for each in (*self._callers, self._listener, self._wakes, self._wake):
            each.close()
        os.close(self._lock)
        return (self, self._store)

    def _commit(self, entries: Sequence[Entry]) -> list[Outcome]:
        with self._storing:
            if self._gone.is_set():
                raise WriterGone("the ledger was closed", hint="try again")
            try:
                outcomes = self._store.commit(entries)
            except BaseException:
                self._step_down()
                raise
        if any(entry.durability is Durability.FSYNC for entry in entries):
            self._flush_at = None
        elif self._flush_at is None:
            self._flush_at = time.monotonic() + _FLUSH_S
            self._look_up()
        return outcomes

    def _step_down(self) -> None:
        self._gone.set()
        self._look_up()

    def _look_up(self) -> None:
        """Has the serving thread look at what changed. What is waiting there already has it do so anyway."""
        with self._waking, contextlib.suppress(OSError):
            self._wake.send(b"\0")

    def _serve(self) -> None:
        try:
            while not self._gone.is_set():
                self._turn()
        finally:
            self._gone.set()
            self._let_go()

    def _turn(self) -> None:
        due = self._flush_at
        ready = self._selector.select(None if due is None else max(0.0, due - time.monotonic()))
        asked: list[tuple[socket.socket, Entry]] = []
        for key, _ in ready:
            if key.fileobj is self._listener:
                self._accept()
            elif key.fileobj is self._wakes:
                self._wakes.recv(1 << 12)
            elif isinstance(key.fileobj, socket.socket):
                asked += self._asked(key.fileobj)
        if asked:
            outcomes = self._group.append_all([entry for _, entry in asked])
            for (connection, _), outcome in zip(asked, outcomes, strict=True):
                self._answer(connection, outcome)
        due = self._flush_at
        if due is not None and time.monotonic() >= due:
            self._flush_at = None
            self._flush()

    def _flush(self) -> None:
        try:
            self._store.flush()
        except LedgerError:
            self._step_down()

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except BlockingIOError:  # gone again
            return
        except OSError:  # no descriptor is left: the oldest connection makes room, and asks again if it must
            for oldest in tuple(self._callers)[:1]:
                self._drop(oldest)
            return
        connection.setblocking(False)
        if len(self._callers) >= LIMITS.ledger_clients or peer_uid(connection) not in (None, os.geteuid()):
            connection.close()
            return
        self._callers[connection] = Frames()
        self._selector.register(connection, selectors.EVENT_READ)

    def _asked(self, connection: socket.socket) -> list[tuple[socket.socket, Entry]]:
        try:
            arrived = connection.recv(_READ_BYTES)
            if arrived and not _has_left(connection):
                entries = [question_of(each) for each in self._callers[connection].take(arrived)]
                return [(connection, each) for each in entries if self._lets(connection, each)]
        except BlockingIOError:
            return []
        except (OSError, BadMessage):
            pass
        self._drop(connection)
        return []

    def _lets(self, connection: socket.socket, entry: Entry) -> bool:
        pid = peer_pid(connection)
        refused = next((each for each, _ in entry.events if not self._may_append(pid, each)), None)
        if refused is None and peer_lives(connection):
            return True
        refused = refused or entry.type
        why = f"this process may not record {refused}"
        self._answer(connection, EventRefused(why, hint="do it from outside of any sandbox or container"))
        return False

    def _answer(self, connection: socket.socket, outcome: Outcome) -> None:
        """Who gets no answer asks again, so a connection that cannot take one is ended."""
        try:
            if isinstance(outcome, WriterGone) or connection not in self._callers:
                self._drop(connection)
            else:
                answer = answer_bytes(outcome)
                if connection.send(answer) < len(answer):
                    self._drop(connection)
        except OSError:
            self._drop(connection)

    def _drop(self, connection: socket.socket) -> None:
        if self._callers.pop(connection, None) is not None:
            self._selector.unregister(connection)
            connection.close()

    def _let_go(self) -> None:
        for connection in tuple(self._callers):
            self._drop(connection)
        self._listener.close()
        self._selector.close()
        with self._storing, contextlib.suppress(LedgerError):
            self._store.close()
        self._wakes.close()
        os.close(self._lock)


def _no_lock(error: OSError) -> LedgerUnavailable:
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return no_descriptor(error)
    return LedgerUnavailable(
        f"the ledger's lock cannot be taken: {error.strerror}", hint="keep the ledger on a local disk"
    )


def _has_left(connection: socket.socket) -> bool:
    """Whether who asked waits no more. It was told that nothing was recorded, and may have asked again."""
    try:
        return not connection.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False


def _listening(path: Path) -> socket.socket:
    """A socket at this path, in place of whatever was there."""
    try:
        listener = socket.socket(socket.AF_UNIX)
    except OSError as error:
        raise no_descriptor(error) from None
    fresh = path.with_name(f"{path.name}.new")
    try:
        listener.setblocking(False)
        fresh.unlink(missing_ok=True)
        with reachable(fresh) as name:
            listener.bind(name)
        listener.listen(LIMITS.ledger_clients)
        fresh.replace(path)
    except OSError as error:
        listener.close()
        raise LedgerUnavailable(
            f"the ledger's socket cannot be made: {error.strerror}",
            hint="keep the ledger on a disk that takes Unix sockets, under a shorter name",
        ) from None
    return listener
