"""xz, and its predecessor .lzma: one file, compressed. What it holds is judged.

Source: the .xz file format 1.2; the standard library's lzma.
"""

from collections.abc import Iterator

from ringfence.artifacts import streams
from ringfence.artifacts.format import Format, Inside
from ringfence.artifacts.inflating import Compression, compression_of
from ringfence.artifacts.problems import Problem
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted

__all__ = ["FORMAT"]


def _judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    kind = compression_of(reader.head)
    yield from streams.judge_streams(reader, Compression.XZ if kind is Compression.XZ else Compression.LZMA)


FORMAT = Format(
    name="xz",
    title="xz",
    suffixes=(".xz", ".txz", ".lzma"),
    sniff=lambda reader: compression_of(reader.head) in (Compression.XZ, Compression.LZMA),
    starts=(b"\xfd7zXZ", b"]\0"),
    sniff_named=lambda reader: reader.head[13:14] == b"\0" and len(reader.head) > 13,
    read=lambda _reader: iter(()),
    judge=_judge,
    leaves_out=(),
)
