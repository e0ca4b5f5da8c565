"""gzip: one file, compressed. What it holds is judged; several members are one file, as all readers have it.

Source: RFC 1952.
"""

from ringfence.artifacts import streams
from ringfence.artifacts.format import Format
from ringfence.artifacts.inflating import Compression

__all__ = ["FORMAT"]

FORMAT = Format(
    name="gzip",
    title="gzip",
    suffixes=(".gz", ".tgz"),
    sniff=lambda reader: reader.head.startswith(b"\x1f\x8b\x08"),
    starts=(b"\x1f\x8b\x08",),
    read=lambda _reader: iter(()),
    judge=streams.judge(Compression.GZIP),
    leaves_out=(),
)
