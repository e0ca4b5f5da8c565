"""Bare zlib data: one file, compressed. Two bytes are a weak mark: its beginning must inflate as well.

Source: RFC 1950.
"""

from ringfence.artifacts import streams
from ringfence.artifacts.format import Format
from ringfence.artifacts.inflating import Compression, compression_of, inflated
from ringfence.artifacts.reader import Reader

__all__ = ["FORMAT"]


def _sniff(reader: Reader) -> bool:
    head = reader.head
    return compression_of(head) is Compression.ZLIB and bool(inflated(head, Compression.ZLIB, max_bytes=1))


FORMAT = Format(
    name="zlib",
    title="zlib data",
    suffixes=(".z", ".zlib"),
    sniff=_sniff,
    read=lambda _reader: iter(()),
    judge=streams.judge(Compression.ZLIB),
    leaves_out=(),
)
