"""Archives and disk images that are only recognised. Nobody looks inside, so that they are never clean."""

from ringfence.artifacts.format import Format
from ringfence.artifacts.reader import Reader

__all__ = ["FORMAT"]

_MAGIC = (
    b"Rar!\x1a\x07",
    b"RE~^",  # rar before 1.5
    b"MSCF\0\0\0\0",  # cab
    b"ISc(",  # InstallShield cab
    b"!<thin>\n",  # ar of files that stand elsewhere
    b"hsqs",  # squashfs
    b"sqsh",
    b"xar!",
    b"LZIP",
    b"\x89LZO\0",
    b"\x1f\x9d",  # compress
    b"\x1f\xa0",
    b"\x02\x21\x4c\x18",  # lz4 as it was before frames
    b"\xeb\x3c\x90",  # FAT image
    b"conectix",
    b"KDMV",  # vmdk
    b"QFI\xfb",  # qcow
)
_ARJ, _ZOO, _LHA, _DMG, _ISO = b"\x60\xea", b"\xdc\xa7\xc4\xfd", b"-lh", b"koly", b"CD001"
_ISO_AT, _DMG_BYTES = 0x8001, 512


def _sniff(reader: Reader) -> bool:
    head, size = reader.head, reader.size_bytes
    return (
        head.startswith(_MAGIC)
        or (head.startswith(_ARJ) and len(head) > 10 and head[10] == 2)
        or head[20:24] == _ZOO
        or (head[2:5] == _LHA and head[6:7] == b"-")
        or (size >= _ISO_AT + 5 and reader.at(_ISO_AT, 5) == _ISO)
        or (size >= _DMG_BYTES and reader.at(size - _DMG_BYTES, 4) == _DMG)
    )


FORMAT = Format(
    name="other-archive",
    title="an archive that ringfence does not open",
    suffixes=(".rar", ".cab", ".arj", ".zoo", ".lzh", ".iso", ".squashfs", ".dmg"),
    sniff=_sniff,
    read=lambda _reader: iter(()),
    leaves_out=(),
)
