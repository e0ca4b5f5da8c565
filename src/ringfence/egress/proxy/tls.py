"""TLS over a wire, in memory: what was read before is not lost, and an end that is no end is seen.

As a server the certificate is one of the session's own authority; as a client the host must prove its name.
Source: RFC 8446.
"""

import asyncio
import contextlib
import ssl
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from functools import lru_cache
from pathlib import Path

from ringfence.core.limits import LIMITS
from ringfence.egress.proxy.wires import StreamLost, Wire

__all__ = ["BadCertificate", "Greeting", "Resumptions", "TlsStream", "as_client", "as_server", "trusting"]

_PIECE = 64 * 1024  # encrypted at one time, so that the writer can wait in between
_READ = 16 * 1024 + 256  # a record holds no more
_MOMENT_S = 0.05
_GATHERED = LIMITS.egress_buffered_bytes


class BadCertificate(Exception):
    """The host did not prove that it is who it should be. The text is OpenSSL's reason."""


class _End:
    """One end of TLS, in memory: what has come for it, and what it has to say."""

    def __init__(
        self, context: ssl.SSLContext, *, name: str | None = None, resumed: ssl.SSLSession | None = None
    ) -> None:
        self.came, self.says = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(
            self.came, self.says, server_side=name is None, server_hostname=name, session=resumed
        )


class Greeting:
    """What a client says first to the host `name`, made before there is a connection."""

    def __init__(self, context: ssl.SSLContext, name: str, resumed: ssl.SSLSession | None) -> None:
        self.end = _End(context, name=name, resumed=resumed)
        self._for = (context, name)
        with contextlib.suppress(ssl.SSLError):  # it wants an answer, or fails again
            self.end.tls.do_handshake()

    def is_for(self, context: ssl.SSLContext, name: str) -> bool:
        """Whether it trusts these authorities, and goes to this host."""
        return self._for == (context, name)


class TlsStream:
    """A wire after the handshake."""

    def __init__(self, wire: Wire, end: _End) -> None:
        self._wire = wire
        self._in, self._out, self._tls = end.came, end.says, end.tls
        self._back = b""
        self._soon: asyncio.TimerHandle | None = None  # when the handshake's end goes alone
        self._has_ended = False  # the other end said so
        self._is_closing = False

    @property
    def wire(self) -> Wire:
        """The one below."""
        return self._wire

    @property
    def protocol(self) -> str | None:
        """What both agreed on by ALPN."""
        return self._tls.selected_alpn_protocol()

    @property
    def was_resumed(self) -> bool:
        """It went on with what an earlier connection had."""
        return bool(self._tls.session_reused)

    @property
    def resumable(self) -> ssl.SSLSession | None:
        """With what a client can go on in another connection; in TLS 1.3 that comes after the handshake."""
        return self._tls.session

    async def shake_hands(self, before: Callable[[], Awaitable[None]] | None = None) -> None:
        """Until both know each other; `before` is waited for before anything is sent.

        The end of it goes with what is said first, or after a moment, where the other end need not know.

        Raises:
            BadCertificate: the other end's is not good.
            StreamLost: it broke off, or speaks no TLS that is good enough.
        """
        is_over = False
        while not is_over:
            await self._flush()
            await self._more()
            failed: ssl.SSLError | None = None
            try:
                self._tls.do_handshake()
                is_over = True
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError as error:
                failed = error
            if before is not None and self._out.pending:
                await before()
                before = None
            if failed is not None:
                await self._flush()
                if isinstance(failed, ssl.SSLCertVerificationError):
                    raise BadCertificate(failed.verify_message or "it cannot be verified") from failed
                raise StreamLost from failed
        if self._tls.version() == "TLSv1.3":  # the other end waits for nothing: each piece would wake it
            self._soon = self._wire.later(_MOMENT_S, self._say_soon)
        else:
            await self._flush()

    async def read(self) -> bytes:
        """The next bytes; none at the end.

        Raises:
            StreamLost: it broke off, which an end without its sign does as well.
        """
        if self._back:
            data, self._back = self._back, b""
            return data
        if self._has_ended:
            return b""
        if not self._in.pending and not self._tls.pending():
            await self._more()  # asked in vain, OpenSSL makes an error each time
        while True:
            try:
                first = self._tls.read(_READ)
            except ssl.SSLWantReadError:
                await self._flush()
                await self._more()
            except ssl.SSLZeroReturnError:
                self._has_ended = True
                return b""
            except ssl.SSLError as error:
                raise StreamLost from error
            else:
                self._has_ended = not first
                return self._gathered(first) if first and self._in.pending else first

    def unread(self, data: bytes) -> None:
        """Gives back what was read too far."""
        self._back = data + self._back

    async def write(self, data: bytes) -> None:
        """Sends; returns when there is room for more.

        Raises:
            StreamLost: nobody is there.
        """
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None
        try:
            if len(data) <= _PIECE:
                self._tls.write(data)
                await self._wire.write(self._out.read())
                return
            view = memoryview(data)
            for start in range(0, len(data), _PIECE):
                self._tls.write(view[start : start + _PIECE])
                await self._wire.write(self._out.read())
        except ssl.SSLError as error:
            raise StreamLost from error

    async def end(self) -> None:
        """Nothing more is sent; reading goes on."""
        self._say_closing()
        await self._flush()
        await self._wire.end()

    def close(self) -> None:
        """A clean end, when all is sent."""
        if not self._wire.is_lost:
            self._say_closing()
            self._wire.send_last(self._out.read())
        self._wire.close()

    def _say_soon(self) -> None:
        self._wire.send_last(self._out.read())

    def _say_closing(self) -> None:
        if not self._is_closing:
            self._is_closing = True
            # It waits for the other end to say so as well, which nobody has to.
            with contextlib.suppress(ssl.SSLError):
                self._tls.unwrap()

    def _gathered(self, first: bytes) -> bytes:
        """That, and what else is there already."""
        pieces, size = [first], len(first)
        while size < _GATHERED and self._in.pending:
            try:
                piece = self._tls.read(_READ)
            except ssl.SSLZeroReturnError:
                piece = b""
            except ssl.SSLError:
                break  # nothing more for now, or what the next read says
            if not piece:
                self._has_ended = True
                break
            pieces.append(piece)
            size += len(piece)
        return b"".join(pieces)

    async def _more(self) -> None:
        data = await self._wire.read()
        if not data:
            raise StreamLost
        self._in.write(data)

    async def _flush(self) -> None:
        if self._out.pending:
            await self._wire.write(self._out.read())


async def as_server(
    wire: Wire, context: ssl.SSLContext, before: Callable[[], Awaitable[None]] | None = None
) -> TlsStream:
    """Towards a program in a box; `before` is waited for before it is told anything.

    Raises:
        StreamLost: it does not want to, for example because it does not trust the session's authority.
    """
    stream = TlsStream(wire, _End(context))
    await stream.shake_hands(before)
    return stream


class Resumptions:
    """What one session's connections to hosts can go on with: the hosts have proved before who they are."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[ssl.SSLContext, ssl.SSLSession]] = OrderedDict()

    def of(self, context: ssl.SSLContext, name: str) -> ssl.SSLSession | None:
        """For this host, as far as these authorities are trusted."""
        trusting, session = self._kept.get(name, (None, None))
        return session if trusting is context else None

    def greeting(self, name: str) -> Greeting | None:
        """For a host where a session can be gone on with: it takes half a millisecond to make."""
        known = self._kept.get(name)
        return None if known is None else Greeting(known[0], name, known[1])

    def keep(self, context: ssl.SSLContext, name: str, stream: TlsStream) -> None:
        """For the next connection. Taking it takes half a millisecond: what was resumed can be so again."""
        if stream.was_resumed:
            return
        resumable = stream.resumable
        if resumable is not None:
            self._kept[name] = (context, resumable)
            self._kept.move_to_end(name)
            while len(self._kept) > LIMITS.egress_leaves:
                self._kept.popitem(last=False)


async def as_client(wire: Wire, greeting: Greeting) -> TlsStream:
    """Towards a host, which must prove that it is who is greeted.

    Raises:
        BadCertificate: it does not.
        StreamLost: it broke off.
    """
    stream = TlsStream(wire, greeting.end)
    await stream.shake_hands()
    return stream


@lru_cache(maxsize=64)
def trusting(ca_pem: str | None) -> ssl.SSLContext:
    """For a client that trusts these authorities, or the system's.

    Raises:
        ssl.SSLError: they are none.
    """
    context = ssl.create_default_context(cadata=ca_pem)
    if ca_pem is None:
        _read_folder(context)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


def _read_folder(context: ssl.SSLContext) -> None:
    """OpenSSL would read the system's folder of authorities when one is asked for, which may be too late."""
    folder = ssl.get_default_verify_paths().capath
    if folder is None or context.cert_store_stats()["x509_ca"]:
        return
    for each in sorted(Path(folder).iterdir()):
        with contextlib.suppress(OSError):  # no certificate
            context.load_verify_locations(cafile=each)
