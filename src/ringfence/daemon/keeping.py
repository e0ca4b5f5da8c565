"""A box's session with the daemon, for as long as the box runs: another daemon takes over where one dies.

What the session was given - authority, placeholders, sockets - is kept here and handed on, so that the
box's programs see connections that broke off, and the next one works.
"""

import os
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import field, replace
from pathlib import Path

from ringfence.core.dataclass import dataclass
from ringfence.core.errors import RingfenceError
from ringfence.daemon.client import DaemonGone, DaemonSession, answered, ask
from ringfence.daemon.control import Open
from ringfence.daemon.starting import LOG, Starting
from ringfence.egress.messages import SessionOpened, SocketKind

__all__ = ["Asked", "Kept"]

_TRIES = 3  # a daemon that was idle may end just when it is asked
_DEATHS, _DEATHS_IN_S = 4, 60.0  # so many so quickly: it is this session, or this machine


@dataclass(slots=True, kw_only=True)
class Asked:
    """A session that is wanted: opened, and a daemon started for it, while the caller does other things."""

    folder: Path
    open: Open
    start: Callable[[], Starting]
    _connection: socket.socket | None = field(init=False, default=None)
    _starting: Starting | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        try:
            self._connection = ask(self.folder, self.open)
        except DaemonGone:
            self._starting = self.start()

    def answer(self) -> "Kept":
        """The session, once.

        Raises:
            SessionRefused: the policy or the vault will not have it.
            DaemonGone: no daemon can be kept running.
        """
        return Kept(self, self.session())

    def session(self) -> DaemonSession:
        """The same, without anybody who looks after it."""
        for _ in range(_TRIES - 1):
            try:
                return answered(self._asked())
            except DaemonGone:
                self._starting = self.start()
        try:
            return answered(self._asked())
        except DaemonGone as error:
            raise DaemonGone(
                "what answers boxes does not stay", hint=f"it says why: {self.folder / LOG}"
            ) from error

    def close(self) -> None:
        """Gives up waiting."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._starting is not None:
            self._starting.close()
            self._starting = None

    def _asked(self) -> socket.socket:
        if self._starting is not None:
            self._starting.wait()
            self._starting = None
        connection, self._connection = self._connection, None
        return connection or ask(self.folder, self.open)


class Kept:
    """One that is open, until `close`. `attach` comes once."""

    def __init__(self, asked: Asked, session: DaemonSession) -> None:
        self._wanted, self._session = asked, session
        self._sockets: tuple[tuple[SocketKind, int], ...] = ()
        self._over, self._ending = os.pipe()
        self._keeping: threading.Thread | None = None
        self.lost: RingfenceError | None = None
        """Why the box has no way out any more."""

    @property
    def certificate_pem(self) -> str:
        """Of the session's own authority."""
        return self._session.opened.certificate_pem

    @property
    def given(self) -> SessionOpened:
        """What the box is given."""
        return self._session.opened.given

    def attach(self, sockets: Sequence[tuple[SocketKind, int]]) -> None:
        """Hands the sockets of the box's network over. They stay the caller's, to close.

        Raises:
            SessionRefused: they do not fit.
            DaemonGone: it went meanwhile, and no other one could take over.
        """
        self._sockets = tuple((kind, os.dup(fd)) for kind, fd in sockets)
        try:
            self._session.attach(self._sockets)
        except DaemonGone:
            self._take_over()
        self._keeping = threading.Thread(target=self._keep, name="daemon", daemon=True)
        self._keeping.start()

    def close(self) -> None:
        """Ends the session; all that its programs have open ends."""
        os.close(self._ending)
        if self._keeping is not None:
            self._keeping.join()
        os.close(self._over)
        self._forget()

    def _keep(self) -> None:
        deaths: deque[float] = deque(maxlen=_DEATHS)
        try:
            while self._hears():
                deaths.append(time.monotonic())
                refused = self._session.said()
                if refused is not None:
                    raise refused
                if len(deaths) == _DEATHS and deaths[-1] - deaths[0] < _DEATHS_IN_S:
                    raise DaemonGone("one daemon after the other ends", hint="see: ringfence daemon status")
                self._take_over()
        except RingfenceError as error:
            self.lost = error
            self._forget()  # programs see at once that nobody answers
        except OSError as error:
            self.lost = DaemonGone(f"no daemon can be started: {error.strerror}", hint="see: ulimit -a")
            self._forget()

    def _hears(self) -> bool:
        """Waits: True once the daemon says something or is gone, False at the end."""
        poll = select.poll()
        poll.register(self._over, 0)
        poll.register(self._session.connection, select.POLLIN)
        return all(fd != self._over for fd, _ in poll.poll())

    def _take_over(self) -> None:
        """Goes on with another daemon, from what was given by the last one."""
        had = self._session.opened
        self._session.close()
        wanted = replace(
            self._wanted.open,
            state=had.given.state,
            certificate_pem=had.certificate_pem,
            key_pem=had.key_pem,
        )
        self._session = Asked(folder=self._wanted.folder, open=wanted, start=self._wanted.start).session()
        self._session.attach(self._sockets)

    def _forget(self) -> None:
        self._session.close()
        sockets, self._sockets = self._sockets, ()
        for _, fd in sockets:
            os.close(fd)
