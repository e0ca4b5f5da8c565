"""Undoes content codings while a body flows: gzip, deflate, br, zstd. What grows without measure is refused.

Sources: RFC 9110, 8.4.1; RFC 1950 to 1952, 7932 and 8878. `deflate` is zlib, and by those who got that wrong
bare deflate.
"""

import sys
import zlib
from typing import Any, Protocol

import brotli  # type: ignore[import-untyped]

from ringfence.core.limits import LIMITS
from ringfence.protocols.http import BadHttp, Headers

__all__ = ["CODINGS", "BadCoding", "Bomb", "Decoder", "coding_of"]

CODINGS = ("gzip", "x-gzip", "deflate", "br", "zstd", "identity")
_PIECE_BYTES = 256 * 1024
_ZLIB = 8  # the method in the low half of zlib's first byte


class BadCoding(BadHttp):
    """It is not coded as it says, or as nothing that is known."""


class Bomb(BadCoding):
    """It grows more than anything honest does."""


def coding_of(headers: Headers) -> str:
    """The one coding of a body; `identity` for none.

    Raises:
        BadCoding: there are several, or one that is not known.
    """
    named = [each for each in headers.listed("content-encoding") if each != "identity"]
    if len(named) > 1 or not set(named) <= set(CODINGS):
        raise BadCoding("a body in a coding that is not known, or in several")
    return named[0] if named else "identity"


class _Stream(Protocol):
    """One coded stream; `take` gives at most so many bytes, and less only where it needs more."""

    @property
    def is_done(self) -> bool: ...

    @property
    def rest(self) -> bytes: ...

    def take(self, data: bytes, max_bytes: int) -> bytes: ...


class Decoder:
    """One body. `feed` what comes, `finish` at its end.

    Raises, in both:
        BadCoding: it is no such thing, cut short, or followed by something else.
        Bomb: it grows too much.
    """

    __slots__ = ("_ended", "_fed", "_made", "_name", "_stream")

    def __init__(self, name: str) -> None:
        if name not in CODINGS:
            raise BadCoding("a body in a coding that is not known")
        self._name = name
        self._stream: _Stream | None = None
        self._ended = False  # a stream has; gzip and zstd may have another one behind it
        self._fed = self._made = 0

    def feed(self, data: bytes) -> bytes:
        """What it decodes to, so far."""
        self._fed += len(data)
        if self._name == "identity":
            return data
        made: list[bytes] = []
        while data or self._stream is not None:
            if self._stream is None:
                self._stream = self._begun(data[0])
            out = self._taken(self._stream, data)
            made.append(out)
            data = b""
            if self._stream.is_done:
                data, self._stream, self._ended = self._stream.rest, None, True
            elif len(out) < _PIECE_BYTES:
                break
        return b"".join(made)

    def finish(self) -> bytes:
        """Nothing more: all was given by `feed`."""
        if self._stream is not None:
            raise BadCoding("a body that is cut short")
        return b""

    def _begun(self, first: int) -> _Stream:
        if self._ended and self._name in ("br", "deflate"):
            raise BadCoding("a body with something behind its end")
        return _stream(self._name, first)

    def _taken(self, stream: _Stream, data: bytes) -> bytes:
        try:
            out = stream.take(data, _PIECE_BYTES)
        except _ERRORS as error:
            raise BadCoding("a body that is not coded as it says") from error
        self._made += len(out)
        most = self._fed * LIMITS.coding_ratio + LIMITS.coding_slack_bytes
        if self._made > min(most, LIMITS.coding_bytes):
            raise Bomb("a body that grows too much when it is decoded")
        return out


class _Zlib:
    def __init__(self, bits: int) -> None:
        self._zlib = zlib.decompressobj(bits)

    @property
    def is_done(self) -> bool:
        return self._zlib.eof

    @property
    def rest(self) -> bytes:
        return self._zlib.unused_data

    def take(self, data: bytes, max_bytes: int) -> bytes:
        return self._zlib.decompress(self._zlib.unconsumed_tail + data, max_bytes)


class _Brotli:
    def __init__(self) -> None:
        self._brotli = brotli.Decompressor()
        self._waiting = b""

    @property
    def is_done(self) -> bool:
        return bool(self._brotli.is_finished())

    @property
    def rest(self) -> bytes:
        return b""  # what comes behind its end is an error of the library's

    def take(self, data: bytes, max_bytes: int) -> bytes:
        made = b""
        while len(made) < max_bytes and not self._brotli.is_finished():
            made += self._brotli.process(data, output_buffer_limit=max_bytes - len(made))
            data = b""
            if self._brotli.can_accept_more_data():
                break
        return made


class _Zstd:
    def __init__(self) -> None:
        zstd = _zstd()
        window = {int(zstd.DecompressionParameter.window_log_max): LIMITS.zstd_window_log}
        self._zstd = zstd.ZstdDecompressor(options=window)

    @property
    def is_done(self) -> bool:
        return bool(self._zstd.eof)

    @property
    def rest(self) -> bytes:
        return self._zstd.unused_data or b""

    def take(self, data: bytes, max_bytes: int) -> bytes:
        made: bytes = self._zstd.decompress(data, max_bytes)
        return made


def _stream(name: str, first: int) -> _Stream:
    match name:
        case "br":
            return _Brotli()
        case "zstd":
            return _Zstd()
        case "deflate":
            return _Zlib(zlib.MAX_WBITS if first & 15 == _ZLIB else -zlib.MAX_WBITS)
    return _Zlib(16 + zlib.MAX_WBITS)


def _zstd() -> Any:  # noqa: ANN401 - one of two modules
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
    except ImportError as error:
        raise BadCoding("a body in zstd, which cannot be read here") from error
    return zstd


def _foreign_errors() -> tuple[type[Exception], ...]:
    try:
        return (zlib.error, brotli.error, _zstd().ZstdError)
    except BadCoding:
        return (zlib.error, brotli.error)


_ERRORS = _foreign_errors()
