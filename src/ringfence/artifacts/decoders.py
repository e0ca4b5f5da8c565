"""Decompressors that give out a bounded piece at a time, all with the interface of the library's bz2.

gzip and zlib are taken apart in `streams`: the library reports a wrong checksum by throwing away what it has
inflated, which loaders have acted on by then. Here they are bare deflate.

Source: the standard library's zlib, bz2, lzma and compression.zstd (3.14; before that backports.zstd), lz4.
"""

import bz2
import lzma
import sys
import zlib
from typing import Protocol

from ringfence.artifacts.inflating import Compression
from ringfence.core.limits import LIMITS

__all__ = ["DECODER_ERRORS", "Decoder", "MissingLibrary", "decoder"]

# What one of them raises on bytes that are not its own.
DECODER_ERRORS: tuple[type[Exception], ...] = (
    zlib.error,
    lzma.LZMAError,
    OSError,
    EOFError,
    ValueError,
    MemoryError,
)


class MissingLibrary(Exception):
    """The decompressor is no part of this Python. `extra` is the extra of ringfence that brings it."""

    def __init__(self, extra: str) -> None:
        super().__init__(extra)
        self.extra = extra


class Decoder(Protocol):
    """One compressed stream, as bz2.BZ2Decompressor has it."""

    @property
    def eof(self) -> bool:
        """Whether the stream has ended."""

    @property
    def needs_input(self) -> bool:
        """Whether there is nothing more to give out before more comes in."""

    @property
    def unused_data(self) -> bytes:
        """What came in behind the stream's end."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """At most `max_length` bytes more."""


def decoder(kind: Compression) -> Decoder:
    """What inflates one stream of that kind.

    Raises:
        MissingLibrary: there is none.
    """
    match kind:
        case Compression.DEFLATE | Compression.ZLIB | Compression.GZIP:
            return _Deflate()
        case Compression.BZIP2:
            return bz2.BZ2Decompressor()
        case Compression.XZ | Compression.LZMA:
            form = lzma.FORMAT_XZ if kind is Compression.XZ else lzma.FORMAT_ALONE
            return lzma.LZMADecompressor(form, memlimit=LIMITS.decompressor_bytes)
        case Compression.ZSTD:
            return _zstd()
        case Compression.LZ4:
            return _lz4()


class _Deflate:
    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(-zlib.MAX_WBITS)
        self._full = False  # more may come out although all went in

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def needs_input(self) -> bool:
        return not (self._full or self._zlib.unconsumed_tail)

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        out = self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)
        self._full = len(out) == max_length
        return out


class _Library(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes | None: ...

    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Foreign:
    """A decoder of a library that need not be there; `error` is what it raises on bytes not its own."""

    def __init__(self, made: _Library, error: type[Exception]) -> None:
        self._made = made
        self._error = error

    @property
    def eof(self) -> bool:
        return self._made.eof

    @property
    def needs_input(self) -> bool:
        return self._made.needs_input

    @property
    def unused_data(self) -> bytes:
        return self._made.unused_data or b""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        try:
            return self._made.decompress(data, max_length)
        except self._error as error:
            raise ValueError(str(error)) from error


def _zstd() -> Decoder:
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
    except ImportError as error:
        raise MissingLibrary("zstd") from error
    window = {int(zstd.DecompressionParameter.window_log_max): LIMITS.zstd_window_log}
    return _Foreign(zstd.ZstdDecompressor(options=window), zstd.ZstdError)


def _lz4() -> Decoder:
    try:
        import lz4.frame  # type: ignore[import-untyped]
    except ImportError as error:
        raise MissingLibrary("lz4") from error
    return _Foreign(lz4.frame.LZ4FrameDecompressor(), RuntimeError)
