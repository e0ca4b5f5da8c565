"""Bodies of sealed exchanges: what the proxy sends for a request, and what is passed back of an answer."""

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol

from ringfence.egress.sealed_frames import FrameKind, read_frame
from ringfence.egress.wire import BadMessage
from ringfence.protocols.content_codings import BadCoding, Decoder
from ringfence.protocols.http import BadHttp, BodyKind, Headers, ResponseHead
from ringfence.protocols.http1 import BodyReader
from ringfence.protocols.scrubbing import Scrubber, Secrets

__all__ = ["Cleaning", "RequestBody", "TooLong", "cleaned_head", "cleaned_headers"]


class TooLong(Exception):
    """A body that is needed as a whole has more bytes than may be kept."""


class Reads(Protocol):
    """Where an answer's body comes from."""

    async def read(self) -> bytes:
        """More; nothing at the end."""


class RequestBody:
    """The beginning that came with the question, then what the stream brings."""

    def __init__(self, beginning: bytes, reader: asyncio.StreamReader, *, is_whole: bool) -> None:
        self._beginning, self._reader = beginning, reader
        self._ready = b""  # taken out of its chunks, and not taken yet
        self._chunks: BodyReader | None = None
        self.is_over = is_whole

    def take_out_of_chunks(self) -> None:
        """The body's own chunks, as S3 has them, are frames from now on; nothing of it was taken yet."""
        self._chunks = BodyReader(BodyKind.CHUNKED)

    async def next(self) -> bytes:
        """More of it; nothing at the end.

        Raises:
            BadMessage: the proxy broke off, or sent what is no piece of a body.
            BadHttp: its own chunks are none.
        """
        if self._ready:
            data, self._ready = self._ready, b""
            return data
        if self._chunks is None:
            return await self._piece()
        while data := await self._piece():
            data = self._chunks.feed(data)
            if self._chunks.rest:
                raise BadHttp("something stands behind a body's own chunks")
            if data:
                return data
        self._chunks.finish()
        return b""

    async def _piece(self) -> bytes:
        if self._beginning:
            data, self._beginning = self._beginning, b""
            return data
        while not self.is_over:
            frame = await read_frame(self._reader)
            if frame is None:
                raise BadMessage("a body is cut short")
            if frame[0] is FrameKind.END:
                self.is_over = True
            elif frame[0] is not FrameKind.BODY:
                raise BadMessage("no piece of a body")
            elif frame[1]:
                return frame[1]
        return b""

    async def whole(self, most: int) -> bytes:
        """All of it. What was read stays to be read where it is too long.

        Raises:
            TooLong: it has more bytes than `most`.
            BadMessage: see `next`.
        """
        data = bytearray()
        while piece := await self.next():
            data += piece
            if len(data) > most:
                self._ready = bytes(data)
                raise TooLong
        self._ready = bytes(data)
        return bytes(data)

    def put_back(self, data: bytes) -> None:
        """This is the body now."""
        self._ready = data


def cleaned_head(head: ResponseHead, secrets: Secrets, headers: Headers) -> ResponseHead:
    """The head with these headers, without secrets."""
    if not secrets.longest:
        return ResponseHead(status=head.status, headers=headers, reason=head.reason)
    reason = _clean(head.reason, secrets)
    return ResponseHead(status=head.status, headers=cleaned_headers(headers, secrets), reason=reason)


def cleaned_headers(headers: Headers, secrets: Secrets) -> Headers:
    """The same without secrets."""
    if not secrets.longest:
        return headers
    return Headers(tuple((_clean(name, secrets), _clean(value, secrets)) for name, value in headers))


def _clean(text: str, secrets: Secrets) -> str:
    return secrets.replaced(text.encode("latin-1"), is_all=True)[0].decode("latin-1")


class Cleaning:
    """An answer's body as it is delivered: decoded, and without secrets."""

    def __init__(self, codings: tuple[str, ...], secrets: Secrets) -> None:
        """`codings` as content-encoding lists them.

        Raises:
            BadHttp: there are several, or one that nobody here can read.
        """
        known = [each for each in codings if each != "identity"]
        if len(known) > 1:
            raise BadHttp("a body that is coded more than once")
        try:
            self._decoder = Decoder(known[0]) if known else None
        except BadCoding as error:
            raise BadHttp(str(error)) from None
        self._scrubber = Scrubber(secrets) if secrets.longest else None

    @property
    def changes(self) -> bool:
        """Whether what is delivered may be of another length."""
        return self._decoder is not None or self._scrubber is not None

    async def pieces(self, body: Reads) -> AsyncIterator[bytes]:
        """What is delivered, as it comes.

        Raises:
            BadHttp: it cannot be decoded, or grows beyond all measure.
        """
        async for data in self.decoded(body):
            made = data if self._scrubber is None else self._scrubber.feed(data)
            if made:
                yield made
        if self._scrubber is not None and (made := self._scrubber.finish()):
            yield made

    async def decoded(self, body: Reads) -> AsyncIterator[bytes]:
        """The same with its secrets, for who takes them out otherwise."""
        try:
            while data := await body.read():
                yield data if self._decoder is None else self._decoder.feed(data)
            if self._decoder is not None:
                yield self._decoder.finish()
        except BadCoding as error:
            raise BadHttp(str(error)) from None
