"""A session of a box as the daemon keeps it: one connection, an authority, and the sockets of its network."""

import json
import os
import socket
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime

from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.daemon.control import Answer, Attach, Failed, Inbox, Open, Opened, put
from ringfence.egress.authority import Authority, make_authority
from ringfence.egress.messages import OpenSession, Refused, Serve, SessionOpened, SocketKind, Watch
from ringfence.egress.wire import BadMessage, decode_fields, encode_fields

__all__ = ["Session", "Sockets"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sockets:
    """What is handed to broker and proxy, and again to those that stand in for them."""

    watch: Watch
    diag: int | None
    serve: Serve
    fds: tuple[int, ...]


class Session:
    """One connection to the control socket."""

    def __init__(self, connection: socket.socket, *, now: Callable[[], datetime]) -> None:
        self._connection, self._now = connection, now
        self._inbox = Inbox(connection, max_fds=LIMITS.channel_fds)
        self._authority: Authority | None = None
        self._is_told: set[str] = set()  # what was answered; children that stand in answer again
        self.name = ""
        self.opening: OpenSession | None = None  # what the broker is asked, and each that stands in for it
        self.sockets: Sockets | None = None
        self.is_closed = False

    def fileno(self) -> int:
        """Its connection's."""
        return self._connection.fileno()

    def hear(self, *, taken: Collection[str]) -> bool:
        """Reads what was sent, as far as it is there: whether there is something to be done.

        Raises:
            OSError: the other end is gone, or sent what is no document.
            BadMessage: it sent something else than its turn is, or a name that is `taken`.
        """
        found = self._inbox.read()
        if found is None:
            return False
        document, fds = found
        try:
            if self.opening is None:
                self._begin(decode_fields(Open, document), taken, fds)
            else:
                self._attach(decode_fields(Attach, document), fds)
        except BaseException:
            for each in fds:
                os.close(each)
            raise
        return True

    def opened(self, given: SessionOpened) -> bool:
        """The broker has it. False: the other end is gone."""
        if self.opening is None or self._authority is None:
            return False
        self.opening = replace(self.opening, state=given.state)
        made = Opened(
            certificate_pem=self._authority.certificate_pem, key_pem=self._authority.key_pem, given=given
        )
        return self._say("opened", Answer(opened=made))

    def attached(self) -> bool:
        """The proxy serves it. False: the other end is gone."""
        return self._say("attached", Answer())

    def failed(self, refused: Refused) -> None:
        """Broker or proxy will not have it; the connection then ends."""
        self._say("failed", Answer(failed=Failed(what=refused.what, hint=refused.hint)))

    def close(self) -> None:
        """Closes all that is the session's."""
        self.is_closed = True
        self._inbox.close()
        self._connection.close()
        if self.sockets is not None:
            for each in (*self.sockets.fds, *(() if self.sockets.diag is None else (self.sockets.diag,))):
                os.close(each)
            self.sockets = None

    def _begin(self, asked: Open, taken: Collection[str], fds: list[int]) -> None:
        if fds or not asked.session or asked.session in taken:
            raise BadMessage("no session of its own")
        self.name = asked.session
        self.opening = OpenSession(
            session=asked.session,
            agent=asked.agent,
            folder=asked.folder,
            state=asked.state,
            registries=asked.registries,
            learns=asked.learns,
        )
        if asked.key_pem:
            self._authority = Authority(certificate_pem=asked.certificate_pem, key_pem=asked.key_pem)
        else:
            self._authority = make_authority(asked.session, self._now())

    def _attach(self, asked: Attach, fds: list[int]) -> None:
        kinds = asked.sockets
        is_fit = len(fds) == len(kinds) and kinds.count(SocketKind.DIAG) <= 1
        if not is_fit or self.sockets is not None or self._authority is None or "opened" not in self._is_told:
            raise BadMessage("no sockets of its own")
        both = list(zip(kinds, fds, strict=True))
        self.sockets = Sockets(
            watch=Watch(session=self.name),
            diag=next((fd for kind, fd in both if kind is SocketKind.DIAG), None),
            serve=Serve(
                session=self.name,
                certificate_pem=self._authority.certificate_pem,
                key_pem=self._authority.key_pem,
                sockets=tuple(kind for kind, _ in both if kind is not SocketKind.DIAG),
            ),
            fds=tuple(fd for kind, fd in both if kind is not SocketKind.DIAG),
        )

    def _say(self, what: str, answer: Answer) -> bool:
        if what in self._is_told:
            return True
        self._is_told.add(what)
        try:
            put(self._connection, json.dumps(encode_fields(answer)).encode())
        except (OSError, ValueError):
            return False
        return True
