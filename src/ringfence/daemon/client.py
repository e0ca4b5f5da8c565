"""A session with the daemon, from the side of whoever runs a box."""

import json
import socket
from collections.abc import Sequence
from dataclasses import field
from pathlib import Path

from ringfence.core.dataclass import dataclass
from ringfence.core.errors import RingfenceError
from ringfence.daemon.control import Answer, Attach, Open, Opened, connect
from ringfence.egress.messages import SocketKind
from ringfence.egress.wire import BadMessage, decode_fields, encode_fields
from ringfence.sandbox.framing import receive, send

__all__ = ["DaemonGone", "DaemonSession", "SessionRefused", "answered", "ask", "open_session"]

_ANSWERS_WITHIN_S = 60.0  # the broker may wait for a ledger that is far away


class DaemonGone(RingfenceError):
    """Nobody listens at the control socket, or it broke off."""


class SessionRefused(RingfenceError):
    """The daemon will not have the session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonSession:
    """One that is open. `connection` becomes readable when the daemon is gone."""

    opened: Opened
    connection: socket.socket = field(repr=False)

    def attach(self, sockets: Sequence[tuple[SocketKind, int]]) -> None:
        """Hands the sockets of the box's network over; they stay the caller's here, too.

        Raises:
            SessionRefused: they do not fit.
            DaemonGone
        """
        asked = Attach(sockets=tuple(kind for kind, _ in sockets))
        try:
            send(self.connection, json.dumps(encode_fields(asked)).encode(), [fd for _, fd in sockets])
        except OSError as error:
            raise _gone() from error
        _answer(self.connection)

    def said(self) -> SessionRefused | None:
        """Why the daemon ended the session, once the connection is readable; None where it just went."""
        try:
            _answer(self.connection)
        except SessionRefused as refused:
            return refused
        except DaemonGone:
            return None
        return None

    def close(self) -> None:
        """Ends the session; all that its programs have open ends."""
        self.connection.close()

    def __enter__(self) -> "DaemonSession":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_session(folder: Path, asked: Open) -> DaemonSession:
    """A session with the daemon of that folder.

    Raises:
        DaemonGone: there is none, or it went.
        SessionRefused: the policy or the vault will not have it.
    """
    return answered(ask(folder, asked))


def ask(folder: Path, asked: Open) -> socket.socket:
    """A connection on which a session was asked for, for `answered`.

    Raises:
        DaemonGone: there is no daemon, or it went.
    """
    try:
        connection = connect(folder)
    except OSError as error:
        raise _gone() from error
    try:
        connection.settimeout(_ANSWERS_WITHIN_S)
        send(connection, json.dumps(encode_fields(asked)).encode())
    except OSError as error:
        connection.close()
        raise _gone() from error
    return connection


def answered(connection: socket.socket) -> DaemonSession:
    """The session that was asked for; where there is none the connection is closed.

    Raises:
        DaemonGone, SessionRefused
    """
    try:
        opened = _answer(connection).opened
        if opened is None:
            raise _gone()
    except BaseException:
        connection.close()
        raise
    return DaemonSession(opened=opened, connection=connection)


def _answer(connection: socket.socket) -> Answer:
    try:
        document, _ = receive(connection, max_fds=0)
        if document is None:
            raise _gone()
        answer = decode_fields(Answer, document)
    except (OSError, BadMessage) as error:
        raise _gone() from error
    if answer.failed is not None:
        raise SessionRefused(answer.failed.what, hint=answer.failed.hint)
    return answer


def _gone() -> DaemonGone:
    return DaemonGone("the daemon is not there, or broke off", hint="run it again: the daemon starts anew")
