"""lz4 frames: one file, compressed. What it holds is judged, with the extra `lz4`.

Source: the LZ4 frame format 1.6.
"""

from ringfence.artifacts import streams
from ringfence.artifacts.format import Format
from ringfence.artifacts.inflating import Compression

__all__ = ["FORMAT"]

FORMAT = Format(
    name="lz4",
    title="lz4",
    suffixes=(".lz4",),
    sniff=lambda reader: streams.starts_stream(reader.head, Compression.LZ4),
    read=lambda _reader: iter(()),
    judge=streams.judge(Compression.LZ4),
    leaves_out=(),
)
