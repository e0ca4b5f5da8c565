"""tar: every member is judged, and where it would be unpacked to.

Source: POSIX.1-2017 pax, GNU tar's manual.
"""

from ringfence.artifacts import tars
from ringfence.artifacts.format import Format
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.tar_headers import BLOCK_BYTES, starts_tar

__all__ = ["FORMAT"]


def _sniff_named(reader: Reader) -> bool:
    """An archive of nothing is nothing but zeros."""
    return reader.size_bytes >= 2 * BLOCK_BYTES and not any(reader.head)


FORMAT = Format(
    name="tar",
    title="tar",
    suffixes=(".tar",),
    sniff=starts_tar,
    sniff_named=_sniff_named,
    read=lambda _reader: iter(()),
    judge=tars.judge,
    leaves_out=(),
)
