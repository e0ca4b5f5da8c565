"""Zip files written record by record, for what no library would write."""

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["EVIL", "PLAIN", "Part", "raw_zip", "zipped"]

EVIL = b"\x80\x02cposix\nsystem\nX\x02\x00\x00\x00id\x85R."  # names os.system; nobody loads it here
PLAIN = b"\x80\x02}X\x01\x00\x00\x00aK\x01s."


def zipped(members: Mapping[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """As the standard library writes them."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One member, whose two headers may lie. What is None is told as it is."""

    name: bytes
    data: bytes = b""  # as it lies in the archive
    listed_name: bytes | None = None
    is_listed: bool = True
    method: int = 0
    flags: int = 0
    listed_flags: int | None = None
    crc: int | None = None
    size_bytes: int | None = None
    inflated_bytes: int | None = None
    local_size_bytes: int | None = None
    attributes: int = 0
    before: bytes = b""  # between this member and the one before it
    at: int | None = None  # where the directory says that it is


def raw_zip(
    parts: Sequence[Part],
    *,
    before: bytes = b"",
    behind: bytes = b"",
    comment: bytes = b"",
    count: int | None = None,
    moved_bytes: int = 0,
) -> bytes:
    """The archive; `moved_bytes` is added to where the end record says that the directory is."""
    out = bytearray(before)
    directory = bytearray()
    for part in parts:
        out += part.before
        at = len(out) if part.at is None else part.at
        crc = zlib.crc32(part.data) if part.crc is None else part.crc
        size = len(part.data) if part.size_bytes is None else part.size_bytes
        inflated = size if part.inflated_bytes is None else part.inflated_bytes
        local_size = size if part.local_size_bytes is None else part.local_size_bytes
        if part.at is None:
            out += struct.pack(
                "<4s5H3L2H", b"PK\3\4", 20, part.flags, part.method, 0, 0, crc, local_size, inflated,
                len(part.name), 0,
            )  # fmt: skip
            out += part.name + part.data
        if part.is_listed:
            name = part.name if part.listed_name is None else part.listed_name
            flags = part.flags if part.listed_flags is None else part.listed_flags
            directory += struct.pack(
                "<4s6H3L5H2L", b"PK\1\2", 3 << 8 | 20, 20, flags, part.method, 0, 0, crc, size, inflated,
                len(name), 0, 0, 0, 0, part.attributes, at,
            )  # fmt: skip
            directory += name
    listed = sum(part.is_listed for part in parts)
    end = struct.pack(
        "<4s4H2LH", b"PK\5\6", 0, 0, listed if count is None else count, listed if count is None else count,
        len(directory), len(out) - len(before) + moved_bytes, len(comment),
    )  # fmt: skip
    return bytes(out + directory + end + comment + behind)
