"""The beginning of compressed data, never more than asked for: a bomb is not worth its fuse.

Source: RFC 1950 to 1952, the xz and lzma formats, bzip2, as the standard library reads them.
"""

import bz2
import lzma
import zlib
from enum import Enum

from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.core.limits import LIMITS

__all__ = ["Compression", "compression_of", "inflated"]


class Compression(Enum):
    """How the bytes are compressed."""

    DEFLATE = "deflate"  # without any header, as in zip files
    ZLIB = "zlib"
    GZIP = "gzip"
    BZIP2 = "bzip2"
    XZ = "xz"
    LZMA = "lzma"
    ZSTD = "zstd"  # this and the next need libraries: see `decoders`
    LZ4 = "lz4"


_ZLIB_BITS = {Compression.DEFLATE: -15, Compression.ZLIB: 15, Compression.GZIP: 31}
_MAGIC = (
    (b"\x1f\x8b\x08", Compression.GZIP),
    (b"BZh", Compression.BZIP2),
    (b"\xfd7zXZ\x00", Compression.XZ),
)
_FIRST = frozenset({b"\x1f", b"B", b"\xfd", b"]", b"\x78"})
# An inflated size that is not known, as who writes a stream puts it, or one below a terabyte and the zero
# that data begins with: .lzma has hardly any other mark.
_UNKNOWN_SIZE = b"\xff" * 8


def compression_of(head: bytes) -> Compression | None:
    """What the first bytes say. Never DEFLATE, which has no magic; nor what needs a library."""
    if head[:1] not in _FIRST:  # as of most files
        return None
    found = next((kind for magic, kind in _MAGIC if head.startswith(magic)), None)
    if head[:2] == b"]\x00" and (head[5:13] == _UNKNOWN_SIZE or head[10:14] == bytes(4)):
        return Compression.LZMA
    if found is None and head[:1] == b"\x78" and len(head) > 1 and int.from_bytes(head[:2]) % 31 == 0:
        return Compression.ZLIB
    return found


def inflated(data: bytes, kind: Compression, *, max_bytes: int) -> bytes:
    """The first `max_bytes` of what `data` inflates to; less when `data` is cut short.

    Raises:
        Malformed: it is not compressed that way, or asks for more than `limits.decompressor_bytes`.
    """
    try:
        match kind:
            case Compression.DEFLATE | Compression.ZLIB | Compression.GZIP:
                return zlib.decompressobj(_ZLIB_BITS[kind]).decompress(data, max_bytes)
            case Compression.BZIP2:
                return bz2.BZ2Decompressor().decompress(data, max_bytes)
            case Compression.XZ | Compression.LZMA:
                form = lzma.FORMAT_XZ if kind is Compression.XZ else lzma.FORMAT_ALONE
                allowed = LIMITS.decompressor_bytes
                return lzma.LZMADecompressor(form, memlimit=allowed).decompress(data, max_bytes)
            case Compression.ZSTD | Compression.LZ4:
                raise Malformed(ProblemKind.OVER_LIMIT, at=0, detail=f"{kind.value} data")
    except (zlib.error, lzma.LZMAError, OSError, EOFError, MemoryError) as error:
        raise Malformed(ProblemKind.BAD_HEADER, at=0, detail=f"not valid {kind.value} data") from error
