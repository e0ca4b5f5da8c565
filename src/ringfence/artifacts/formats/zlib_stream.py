"""Bare zlib data: one file, compressed. Two bytes are a weak mark: its beginning must inflate as well.

Source: RFC 1950.
"""

from ringfence.artifacts import streams
from ringfence.artifacts.format import Format
from ringfence.artifacts.inflating import Compression, compression_of, inflated
from ringfence.artifacts.reader import Reader
from ringfence.core.limits import LIMITS

__all__ = ["FORMAT"]


def _sniff(reader: Reader) -> bool:
    """Its checksum may be wrong, which loaders find out when it is too late."""
    head = reader.head
    if compression_of(head) is not Compression.ZLIB:
        return False
    return bool(inflated(head[2:], Compression.DEFLATE, max_bytes=LIMITS.sniff_bytes))


FORMAT = Format(
    name="zlib",
    title="zlib data",
    suffixes=(".z", ".zlib"),
    sniff=_sniff,
    starts=(b"\x78",),
    read=lambda _reader: iter(()),
    judge=streams.judge(Compression.ZLIB),
    leaves_out=(),
)
