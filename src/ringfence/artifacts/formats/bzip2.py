"""bzip2: one file, compressed. What it holds is judged.

Source: the standard library's bz2.
"""

from ringfence.artifacts import streams
from ringfence.artifacts.format import Format
from ringfence.artifacts.inflating import Compression

__all__ = ["FORMAT"]

_BLOCK_OR_END = (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90")

FORMAT = Format(
    name="bzip2",
    title="bzip2",
    suffixes=(".bz2", ".tbz2", ".tbz"),
    sniff=lambda reader: reader.head.startswith(b"BZh") and reader.head[4:10] in _BLOCK_OR_END,
    starts=(b"BZh",),
    read=lambda _reader: iter(()),
    judge=streams.judge(Compression.BZIP2),
    leaves_out=(),
)
