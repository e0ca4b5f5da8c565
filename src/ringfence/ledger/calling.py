"""Appending through the process that writes."""

import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

from ringfence.core.limits import LIMITS
from ringfence.ledger.entry import Entry
from ringfence.ledger.errors import LedgerError, WriterGone, no_descriptor
from ringfence.ledger.ledger import Position
from ringfence.ledger.places import reachable
from ringfence.ledger.wire import BadMessage, Frames, answer_of, peer_uid, question_bytes

__all__ = ["Caller"]

_KEY_BYTES = 16


class Caller:
    """Connections to whoever writes: one for each thread that waits for an answer."""

    def __init__(self, path: Path, *, random: Callable[[int], bytes]) -> None:
        """`path` is the socket's.

        Raises:
            WriterGone: nobody answers there.
        """
        self._path, self._random = path, random
        self._mutex = threading.Lock()
        self._idle = [self._connect()]
        self._closed = False

    def append(self, entry: Entry) -> Position:
        """Has the entry recorded.

        Raises:
            WriterGone: no answer came; the entry is marked, so that asking again records it once.
            LedgerError: it was not recorded.
        """
        entry.key = entry.key or self._random(_KEY_BYTES)
        with self._mutex:
            connection = self._idle.pop() if self._idle else None
        connection = connection or self._connect()
        question = question_bytes(entry)
        entry.retried = True
        try:
            connection.sendall(question)
            outcome = _answer(connection)
        except BaseException as error:
            connection.close()
            if isinstance(error, OSError | BadMessage):
                raise _gone() from None
            raise
        with self._mutex:
            if self._closed:
                connection.close()
            else:
                self._idle.append(connection)
        if isinstance(outcome, LedgerError):
            raise outcome
        return outcome

    def close(self) -> None:
        """Ends all connections, those in use when they have their answer."""
        with self._mutex:
            self._closed = True
            for connection in self._idle:
                connection.close()
            self._idle.clear()

    def forget_after_fork(self) -> None:
        """Lets go of what a child has of its parent's connections."""
        for connection in self._idle:
            connection.close()

    def _connect(self) -> socket.socket:
        try:
            connection = socket.socket(socket.AF_UNIX)
        except OSError as error:
            raise no_descriptor(error) from None
        try:
            connection.settimeout(LIMITS.ledger_wait_s)
            with reachable(self._path) as name:
                connection.connect(name)
            if peer_uid(connection) not in (None, os.geteuid()):
                raise _gone()
        except (OSError, WriterGone):
            connection.close()
            raise _gone() from None
        return connection


def _answer(connection: socket.socket) -> Position | LedgerError:
    frames = Frames()
    while True:
        arrived = connection.recv(1 << 16)
        if not arrived:
            raise ConnectionResetError
        for message in frames.take(arrived):
            return answer_of(message)


def _gone() -> WriterGone:
    return WriterGone("the process that wrote the ledger is gone", hint="try again")
