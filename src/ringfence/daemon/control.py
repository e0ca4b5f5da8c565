"""The control socket: where it lies, who may speak there, and what is said.

A connection is a session. Its first document is `Open`, its second `Attach`, with the session's sockets; each
is answered with an `Answer`. The session ends with the connection. Source: unix(7) on SO_PEERCRED.
"""

import fcntl
import os
import socket
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import field
from pathlib import Path

from ringfence.core.dataclass import dataclass
from ringfence.core.errors import RingfenceError
from ringfence.core.registries import Registry
from ringfence.egress.messages import SessionOpened, SocketKind
from ringfence.gate.state import make_folder
from ringfence.sandbox.framing import DOCUMENT_BYTES, receive_packet, send

__all__ = [
    "Answer",
    "Attach",
    "Control",
    "DaemonThere",
    "Failed",
    "Inbox",
    "Open",
    "Opened",
    "connect",
    "is_own",
    "listen",
    "peer_of",
    "put",
]

_SOCKET = "control.sock"
_LOCK = "daemon.lock"  # held as long as it runs
_BEGINS = "begins.lock"  # held while one begins to listen
_BACKLOG = 64
_PEER = struct.Struct("3i")  # pid, uid, gid
_LENGTH = struct.Struct("!I")
_PIECE_BYTES = 1 << 20
_READS_WITHIN_S = 5.0  # a few KB at most; whoever does not read them in that time never will


class DaemonThere(RingfenceError):
    """Another daemon of this user runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """A session begins. What another daemon gave it comes along where it goes on."""

    session: str
    agent: str
    folder: str  # where its command starts
    state: str = ""  # of an earlier `SessionOpened`
    certificate_pem: str = ""
    key_pem: str = field(default="", repr=False)
    registries: tuple[Registry, ...] = ()  # of packages, that the user's machine is set to
    learns: bool = False  # what is refused is recorded as far as it is known


@dataclass(frozen=True, slots=True, kw_only=True)
class Attach:
    """The sockets of the session's network come along, in this order; at most one is DIAG."""

    sockets: tuple[SocketKind, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What the session's box is given; `key_pem` is for a daemon that stands in for this one."""

    certificate_pem: str
    key_pem: str = field(repr=False)
    given: SessionOpened


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """It was refused, as a person would read it."""

    what: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """To `Open`: one of both. To `Attach`: neither, where it was done."""

    opened: Opened | None = None
    failed: Failed | None = None


@dataclass(frozen=True, slots=True)
class Control:
    """The place of the user's one daemon: as long as it is open no other one has it."""

    listener: socket.socket
    lock: int

    def close(self) -> None:
        """Gives it up. The socket's name stays, and the next daemon takes it away."""
        self.listener.close()
        os.close(self.lock)


def listen(folder: Path) -> Control:
    """The control socket in a daemon's folder, for this user alone.

    Raises:
        StateRefused: the folder is not as it must be.
        DaemonThere: there is a daemon, which listens.
        OSError: no socket can be had there.
    """
    make_folder(folder)
    with _alone(folder):
        lock = _opened(folder / _LOCK)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with suppress(FileNotFoundError):
                (folder / _SOCKET).unlink()
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            with _short(folder) as path:
                listener.bind(path)
            (folder / _SOCKET).chmod(0o600)
            listener.listen(_BACKLOG)
        except BlockingIOError:
            os.close(lock)
            raise DaemonThere("a daemon of yours runs already", hint="use that one") from None
        except BaseException:
            os.close(lock)
            raise
    return Control(listener, lock)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Of several daemons that begin at one time each sees the one before it listen, or gone."""
    fd = _opened(folder / _BEGINS)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def _opened(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def connect(folder: Path) -> socket.socket:
    """A connection to the daemon whose state folder that is.

    Raises:
        OSError: nobody listens there, or somebody else's process does.
    """
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _short(folder) as path:
            made.connect(path)
        if not is_own(made):
            raise PermissionError("another user's")
    except BaseException:
        made.close()
        raise
    return made


def is_own(connection: socket.socket) -> bool:
    """Whether a process of this same user made the other end."""
    return _peer(connection)[1] == os.geteuid()


def peer_of(connection: socket.socket) -> int:
    """The number of the process that made the other end."""
    return _peer(connection)[0]


def _peer(connection: socket.socket) -> tuple[int, int, int]:
    pid, uid, gid = _PEER.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
    return pid, uid, gid


@contextmanager
def _short(folder: Path) -> Iterator[str]:
    """The socket's path by way of a descriptor: names of sockets have 107 bytes at most."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{fd}/{_SOCKET}"
    finally:
        os.close(fd)


def put(sock: socket.socket, document: bytes, fds: Sequence[int] = ()) -> None:
    """Sends a document on a socket that does not block otherwise.

    Raises:
        OSError: the other end is gone, or does not read.
        ValueError: the document is too long.
    """
    sock.settimeout(_READS_WITHIN_S)
    try:
        send(sock, document, fds)
    finally:
        sock.setblocking(False)


class Inbox:
    """Documents as they come on a socket, which nobody waits for: each `read` takes what is there.

    An other end that sends half a document holds up nobody but itself.
    """

    def __init__(self, sock: socket.socket, *, max_fds: int) -> None:
        sock.setblocking(False)
        self._sock, self._max_fds = sock, max_fds
        self._data = bytearray()
        self._fds: list[int] = []

    def read(self) -> tuple[bytes, list[int]] | None:
        """A document and its descriptors, which are the caller's; None where it is not whole yet.

        Raises:
            OSError: the other end is gone, or sent what is no document.
        """
        try:
            while (missing := self._size() - len(self._data)) > 0:
                self._more(min(missing, _PIECE_BYTES))
        except BlockingIOError:
            return None
        document, fds = bytes(self._data[_LENGTH.size :]), self._fds
        self._data, self._fds = bytearray(), []
        return document, fds

    def close(self) -> None:
        """Closes the descriptors of a document that never became whole."""
        for each in self._fds:
            os.close(each)
        self._fds = []

    def _size(self) -> int:
        """Of document and length together, as far as it is known."""
        if len(self._data) < _LENGTH.size:
            return _LENGTH.size
        (length,) = _LENGTH.unpack_from(self._data)
        if length > DOCUMENT_BYTES:
            raise ConnectionAbortedError("no document")
        return _LENGTH.size + int(length)

    def _more(self, size: int) -> None:
        is_first = not self._data
        data, fds, whole = receive_packet(self._sock, size, max_fds=self._max_fds)
        self._fds += fds
        if not data:
            raise ConnectionResetError("the other end is gone")
        if not whole or (fds and not is_first):
            raise ConnectionAbortedError("descriptors beside nothing")
        self._data += data
