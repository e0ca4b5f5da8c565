"""An exchange that the proxy makes itself, with a host that is granted as a whole.

Its TLS is the proxy's own, over a descriptor that the broker dialled. A connection is kept for
the next request of the same connection of the box, and for nobody else.
"""

from ringfence.egress.proxy.legs import LegBroken
from ringfence.egress.proxy.patience import Patience
from ringfence.egress.proxy.refusing import too_slow, unreachable
from ringfence.egress.proxy.upstreams import Upstream, Upstreams
from ringfence.egress.proxy.wires import Stream, StreamLost
from ringfence.protocols.http import BadHttp, BodyKind, Headers, RequestHead, ResponseHead
from ringfence.protocols.http1 import (
    LAST_CHUNK,
    BodyReader,
    chunk,
    end_to_end,
    head_end,
    read_response_head,
    response_body,
    trailers_passed_on,
    write_head,
)

__all__ = ["PlainLeg"]

_REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})  # RFC 9110, 9.2.2
_INTERIM = 16  # responses 1xx before the true one


class PlainLeg:
    """One exchange."""

    def __init__(self, upstreams: Upstreams, patience: Patience) -> None:
        self.length: int | None = None
        self.has_body = False
        self.trailers = Headers()
        self._upstreams, self._patience = upstreams, patience
        self._upstream: Upstream | None = None
        self._method = ""
        self._is_chunked = False  # what is sent
        self._again: bytes | None = None  # what may be sent once more where a kept connection has ended
        self._reader = BodyReader(BodyKind.NONE)
        self._ready = b""
        self._is_last = False  # the host wants no more requests here
        self._is_raw = False  # after a 101

    async def begin(self, head: RequestHead, beginning: bytes, length: int | None, *, is_whole: bool) -> None:
        """Sends the head, and the beginning of the body or all of it."""
        self._method = head.method
        headers = head.headers.without("content-length")
        if head.headers.one("upgrade"):
            headers = headers.having("Connection", "Upgrade")
        if length is not None or (is_whole and beginning):
            headers = headers.having("Content-Length", str(len(beginning) if length is None else length))
        elif not is_whole:
            headers = headers.having("Transfer-Encoding", "chunked")
            self._is_chunked = True
        body = chunk(beginning) if self._is_chunked else beginning
        try:
            data = write_head(head.changed(headers=headers)) + body
        except BadHttp as error:
            raise LegBroken(unreachable(str(error))) from None
        self._upstream = await self._upstreams.take()
        if is_whole and self._upstream.was_used and head.method in _REPEATABLE:
            self._again = data
        try:
            await self._upstream.stream.write(data)
        except StreamLost:
            if self._again is None:
                raise self._broken() from None

    async def send(self, data: bytes) -> None:
        """Sends more of the body, or after a 101 what the program says."""
        await self._write(chunk(data) if self._is_chunked and not self._is_raw else data)

    async def finish(self) -> None:
        """The body is over."""
        if self._is_raw:
            await self._stream.end()
        elif self._is_chunked:
            await self._write(LAST_CHUNK)

    async def head(self) -> ResponseHead:
        """The response; those before it (1xx) are dropped, but for 101.

        Raises:
            LegBroken: it broke off, or is none.
        """
        for _ in range(_INTERIM):
            data, rest = await self._head_bytes()
            try:
                head = read_response_head(data, keeps=True)
                kind, self.length = response_body(head, method=self._method)
                headers = head.headers if head.status == 101 else end_to_end(head.headers)
            except BadHttp as error:
                raise LegBroken(unreachable(f"the host's answer is malformed: {error}")) from None
            if head.status >= 200 or head.status == 101:
                self._begun(head, kind, rest)
                return ResponseHead(
                    status=head.status, headers=headers, reason=head.reason, version=head.version
                )
            self._stream.unread(rest)
        raise LegBroken(unreachable("the host answers without an end"))

    def ready(self) -> bytes:
        """What of the body came with the head."""
        data, self._ready = self._ready, b""
        return data

    async def read(self) -> bytes:
        """The next bytes; none at the end.

        Raises:
            LegBroken: it broke off.
        """
        stream, reader = self._stream, self._reader
        while self._is_raw or not reader.is_done:
            stream.wire.within(self._patience.answer_s)
            try:
                data = await stream.read()
                if self._is_raw:
                    return data
                if not data:
                    reader.finish()
                    self._is_last = True
                    return b""
                data = reader.feed(data)
                self.trailers = trailers_passed_on(reader.trailers)
            except (StreamLost, BadHttp):
                raise self._broken() from None
            if data:
                return data
        return b""

    def abort(self) -> None:
        """Whoever reads or writes it now sees that it broke off."""
        self._again = None
        if self._upstream is not None:
            self._upstream.stream.wire.abort()

    def close(self, *, is_over: bool) -> None:
        """Keeps the connection where it can be, else ends it."""
        upstream, self._upstream = self._upstream, None
        if upstream is None:
            return
        is_clean = self._reader.is_done and not self._reader.rest
        if is_over and is_clean and not self._is_last and not self._is_raw:
            self._upstreams.keep(upstream)
        elif is_over:
            upstream.stream.close()
        else:
            upstream.stream.wire.abort()

    @property
    def _stream(self) -> Stream:
        assert self._upstream is not None  # `begin` comes first
        return self._upstream.stream

    def _begun(self, head: ResponseHead, kind: BodyKind, rest: bytes) -> None:
        self._is_raw = head.status == 101
        self.has_body = kind is not BodyKind.NONE
        self._reader = BodyReader(kind, self.length)
        closing = head.headers.listed("connection")
        self._is_last = "close" in closing or (head.version == "1.0" and "keep-alive" not in closing)
        try:
            self._ready = rest if self._is_raw else self._reader.feed(rest) if rest else b""
            self.trailers = trailers_passed_on(self._reader.trailers)
        except BadHttp:
            raise self._broken() from None

    async def _head_bytes(self) -> tuple[bytes, bytes]:
        """A head, and what came behind it."""
        buffer, searched = b"", 0
        while True:
            self._stream.wire.within(self._patience.answer_s)
            try:
                data = await self._stream.read()
            except StreamLost:
                data = b""
            if not data:
                if buffer or self._again is None or self._stream.wire.is_late:
                    raise self._broken()
                await self._repeat(self._again)
                continue
            buffer = buffer + data if buffer else data
            try:
                end = head_end(buffer, searched)
            except BadHttp as error:
                raise LegBroken(unreachable(f"the host's answer is malformed: {error}")) from None
            if end is not None:
                return buffer[:end], buffer[end:]
            searched = len(buffer)

    async def _repeat(self, data: bytes) -> None:
        """Once more, over a new connection: the kept one had ended when the request came."""
        self._again = None
        self._stream.wire.abort()
        self._upstream = await self._upstreams.take(new=True)
        await self._write(data)

    async def _write(self, data: bytes) -> None:
        try:
            await self._stream.write(data)
        except StreamLost:
            raise self._broken() from None

    def _broken(self) -> LegBroken:
        if self._upstream is not None and self._upstream.stream.wire.is_late:
            return LegBroken(too_slow("the host took too long"))
        return LegBroken(unreachable("the host broke off before its answer was whole"))
