"""zstd: one file, compressed. What it holds is judged, with the extra `zstd` where Python has no zstd itself.

Source: RFC 8878.
"""

from ringfence.artifacts import streams
from ringfence.artifacts.format import Format
from ringfence.artifacts.inflating import Compression

__all__ = ["FORMAT"]

FORMAT = Format(
    name="zstd",
    title="zstd",
    suffixes=(".zst", ".zstd", ".tzst"),
    sniff=lambda reader: streams.starts_stream(reader.head, Compression.ZSTD),
    read=lambda _reader: iter(()),
    judge=streams.judge(Compression.ZSTD),
    leaves_out=(),
)
