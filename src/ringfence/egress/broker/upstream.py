"""Connections to hosts that the broker itself talks on: TLS that is verified, and HTTP/1.1 read strictly.

A connection serves one request at a time, and one session only. What is kept for the next request is dropped
once it is old, or has anything to say unasked.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from dataclasses import field

from ringfence.core.dataclass import dataclass
from ringfence.core.errors import RingfenceError
from ringfence.core.limits import LIMITS
from ringfence.egress.broker.dialing import NotReached, Way
from ringfence.protocols.http import BadHttp, BodyKind, Headers, ResponseHead
from ringfence.protocols.http1 import (
    BodyReader,
    head_end,
    read_response_head,
    response_body,
    trailers_passed_on,
)

__all__ = ["BadCertificate", "BrokenOff", "Pool", "PoolKey", "Trust", "Upstream", "connected", "opened"]

_READ_BYTES = 64 * 1024
_INTERIM = 16  # responses 1xx before the true one
_LOW = 256 * 1024  # bytes that wait to be sent before the sender waits

PoolKey = tuple[str, int, str]
"""Host, port, and what is spoken there."""


class BadCertificate(RingfenceError):
    """The host's certificate is not good for its name, or nobody whom we trust vouches for it."""


class BrokenOff(Exception):
    """The host went before its answer was whole, or said what nobody can read. The text never quotes it."""

    def __init__(self, what: str, *, was_silent: bool = False) -> None:
        super().__init__(what)
        self.was_silent = was_silent  # nothing at all had come back


@dataclass(slots=True)
class Trust:
    """TLS contexts, made once for each set of authorities; None: the system's."""

    _made: dict[tuple[str | None, str, bool], ssl.SSLContext] = field(default_factory=dict)

    def context(
        self, ca_pem: str | None, protocol: str = "http/1.1", *, with_system: bool = False
    ) -> ssl.SSLContext:
        """The context that trusts these, with the system's or without, and offers to speak that.

        Raises:
            BadCertificate: what the policy names are no certificates.
        """
        key = (ca_pem, protocol, with_system)
        if key not in self._made:
            try:
                made = ssl.create_default_context(cadata=ca_pem)
            except (ssl.SSLError, ValueError):
                raise BadCertificate(
                    "the authority that connect_to names is no certificate", hint="it takes PEM"
                ) from None
            if with_system and ca_pem is not None:
                made.load_default_certs()
            made.minimum_version = ssl.TLSVersion.TLSv1_2
            made.set_alpn_protocols([protocol])
            self._made[key] = made
        return self._made[key]


class Upstream:
    """One connection, for one exchange at a time. `rest` of an answer's bytes is kept here."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.kept_at = 0.0
        self.was_used = False
        self._buffer = b""
        self._body = BodyReader(BodyKind.NONE)
        self._stays = False

    async def send(self, data: bytes) -> None:
        """Sends, and waits while much of it waits.

        Raises:
            BrokenOff: nobody takes it.
        """
        try:
            self.writer.write(data)
            await self.writer.drain()
        except OSError:
            raise BrokenOff("the host closed the connection", was_silent=True) from None

    async def head(self, method: str) -> tuple[ResponseHead, int | None]:
        """The response's head, and its body's length where that is told; those 1xx before it are dropped.

        Raises:
            BrokenOff: there is none.
        """
        for _ in range(_INTERIM):
            head = await self._head()
            if head.status >= 200 or head.status == 101:
                return head, self._began(head, method)
        raise BrokenOff("the host answers without an end")

    async def read(self) -> bytes:
        """More of the body; nothing at its end.

        Raises:
            BrokenOff: it is not whole.
        """
        while not self._body.is_done:
            data, self._buffer = self._buffer or await self._more(), b""
            try:
                if not data:
                    self._body.finish()
                    return b""
                data = self._body.feed(data)
            except BadHttp as error:
                raise BrokenOff(str(error)) from None
            if data:
                return data
        return b""

    async def raw(self) -> bytes:
        """What comes, as it comes, after a 101; nothing at the end.

        Raises:
            BrokenOff: the connection was cut.
        """
        data, self._buffer = self._buffer, b""
        return data or await self._more()

    @property
    def trailers(self) -> Headers:
        """What came behind the body.

        Raises:
            BadHttp: they are none that can be passed on.
        """
        return trailers_passed_on(self._body.trailers)

    @property
    def may_stay(self) -> bool:
        """Whether another request may be sent here: this answer is whole, and nothing came behind it."""
        return self._stays and self._body.is_done and not self._body.rest and not self._buffer

    @property
    def is_stale(self) -> bool:
        """Whether the host has closed it, or said something that nobody asked for."""
        return self.reader.at_eof() or bool(getattr(self.reader, "_buffer", b"")) or self.writer.is_closing()

    def close(self) -> None:
        """Ends it."""
        self.writer.close()

    async def _head(self) -> ResponseHead:
        searched = 0
        while True:
            try:
                end = head_end(self._buffer, searched)
                if end is not None:
                    data, self._buffer = self._buffer[:end], self._buffer[end:]
                    return read_response_head(data)
            except BadHttp as error:
                raise BrokenOff(f"the host's answer is malformed: {error}") from None
            searched = len(self._buffer)
            more = await self._more()
            if not more:
                raise BrokenOff("the host closed without an answer", was_silent=not self._buffer)
            self._buffer += more

    def _began(self, head: ResponseHead, method: str) -> int | None:
        try:
            kind, length = response_body(head, method=method)
            told = head.headers.listed("connection")
        except BadHttp as error:
            raise BrokenOff(f"the host's answer is malformed: {error}") from None
        self._body = BodyReader(kind, length)
        self._stays = head.version == "1.1" and "close" not in told and kind is not BodyKind.UNTIL_CLOSE
        return 0 if kind is BodyKind.NONE else length

    async def _more(self) -> bytes:
        try:
            return await self.reader.read(_READ_BYTES)
        except OSError:
            raise BrokenOff("the host cut the connection", was_silent=not self._buffer) from None


@dataclass(slots=True, kw_only=True)
class Pool:
    """One session's connections that wait for another request."""

    clock: Callable[[], float]
    _kept: dict[PoolKey, list[Upstream]] = field(default_factory=dict)

    def take(self, key: PoolKey) -> Upstream | None:
        """The one that was used last and is still good."""
        kept = self._kept.get(key, [])
        while kept:
            one = kept.pop()
            if not one.is_stale and self.clock() - one.kept_at < LIMITS.egress_pool_idle_s:
                return one
            one.close()
        return None

    def keep(self, key: PoolKey, one: Upstream) -> None:
        """Keeps it for the next request, where there is room."""
        kept = self._kept.setdefault(key, [])
        one.kept_at, one.was_used = self.clock(), True
        kept.append(one)
        if len(kept) > LIMITS.egress_pool:
            kept.pop(0).close()

    def close(self) -> None:
        """Ends all of them."""
        for kept in self._kept.values():
            for each in kept:
                each.close()
        self._kept.clear()


async def opened(sock: socket.socket, way: Way, *, tls: bool, trust: Trust) -> Upstream:
    """A connection over a connected socket, which it owns.

    Raises:
        BadCertificate, NotReached: see `connected`.
    """
    context = trust.context(way.ca_pem, with_system=way.with_system) if tls else None
    return Upstream(*await connected(sock, way, context))


async def connected(
    sock: socket.socket, way: Way, context: ssl.SSLContext | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Both ends of a connected socket, within TLS where there is a context for it.

    Raises:
        BadCertificate: it is not the host that it should be.
        NotReached: TLS did not come about.
    """
    try:
        async with asyncio.timeout(LIMITS.egress_dial_s):
            return await asyncio.open_connection(
                sock=sock, ssl=context, server_hostname=way.host if context else None, limit=_LOW
            )
    except ssl.SSLCertVerificationError as error:
        raise BadCertificate(
            f"the certificate of {way.host} is not good: {error.verify_message}",
            hint="another host answers there, or its authority is not known here: connect_to has `ca`",
        ) from None
    except TimeoutError:
        raise NotReached(
            f"{way.host}:{way.port} does not answer", hint="try again later", is_slow=True
        ) from None
    except OSError:
        what = f"no TLS with {way.host}:{way.port}"
        raise NotReached(what, hint="does it speak TLS at that port?") from None
