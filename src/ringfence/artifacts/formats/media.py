"""Pictures, sound and documents that ride with models. What stands behind their end is judged by itself.

Source: PNG (W3C, third edition), JPEG (ITU T.81), GIF89a, RIFF; magic numbers of the others.
"""

from collections.abc import Callable, Iterator

from ringfence.artifacts.format import Format, Inside
from ringfence.artifacts.png_texts import png_texts
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.facts import Fact
from ringfence.core.limits import LIMITS

__all__ = ["FORMAT"]

_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
# (offset, magic) of what is only identified
_OTHERS = (
    (0, b"%PDF-"), (0, b"ID3"), (0, b"OggS"), (0, b"fLaC"), (0, b"\x1aE\xdf\xa3"), (4, b"ftyp"), (0, b"BM"),
    (0, b"II*\0"), (0, b"MM\0*"), (0, b"\0\0\1\0"), (0, b"wOFF"), (0, b"wOF2"), (0, b"\0\1\0\0\0"),
    (0, b"OTTO"), (0, b"\xff\xfb"), (0, b"\xff\xf3"), (0, b"%!PS"), (0, b"v/1\1"), (0, b"#?RADIANCE"),
)  # fmt: skip
_SUFFIXES = (
    *(
        ".png",
        ".jpg",
        ".jpeg",
        ".gif",
        ".webp",
        ".pdf",
        ".mp3",
        ".ogg",
        ".flac",
        ".webm",
        ".mkv",
        ".mp4",
        ".mov",
    ),
    *(".m4a", ".avi", ".wav", ".bmp", ".tif", ".tiff", ".ico", ".woff", ".woff2", ".ttf", ".otf", ".avif"),
    *(".heic", ".ps", ".eps", ".exr", ".hdr", ".opus"),
)
_WITHOUT_SIZE = frozenset((0xD8, 0x01, *range(0xD0, 0xD8)))
_SCAN = 0xDA


def _sniff(reader: Reader) -> bool:
    head = reader.head
    return head.startswith((_PNG, _JPEG, b"GIF87a", b"GIF89a")) or (
        head[:4] == b"RIFF" and head[8:12] in (b"WEBP", b"WAVE", b"AVI ")
    )


def _sniff_named(reader: Reader) -> bool:
    head = reader.head
    return any(head.startswith(magic, at) for at, magic in _OTHERS)


def _read(_reader: Reader) -> Iterator[Fact | Problem]:
    yield from ()


def _judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    head = reader.head
    ends: tuple[tuple[bytes, Callable[[Reader], int]], ...] = (
        (_PNG, _end_of_png), (_JPEG, _end_of_jpeg), (b"GIF8", _end_of_gif), (b"RIFF", _end_of_riff)
    )  # fmt: skip
    end = next((find(reader) for magic, find in ends if head.startswith(magic)), reader.size_bytes)
    if head.startswith(_PNG):
        yield from png_texts(reader)
    behind = reader.size_bytes - end
    if behind > 0 and reader.at(end, min(behind, 64)).strip(b"\0\r\n "):
        if reader.at(end, min(behind, 3)) != _JPEG:  # cameras put a larger or a brighter picture there
            detail = f"{behind} bytes behind the end of the picture"
            yield Problem(kind=ProblemKind.TRAILING_DATA, at=end, detail=detail)
        yield Inside(name="", reader=reader.part(end, behind), at=end)


def _end_of_png(reader: Reader) -> int:
    at = len(_PNG)
    for _ in range(LIMITS.header_items):
        size, kind = int.from_bytes(reader.at(at, 4), "big"), reader.at(at + 4, 4)
        at += 12 + size
        if at > reader.size_bytes:
            raise Malformed(ProblemKind.TRUNCATED, at=at, detail="the picture ends before its last part")
        if kind == b"IEND":
            return at
    raise Malformed(ProblemKind.OVER_LIMIT, at=at, detail="more parts than are read")


def _end_of_jpeg(reader: Reader) -> int:
    at = 2
    for _ in range(LIMITS.header_items):
        marker, code = reader.at(at, 2)
        if marker != 0xFF:
            raise Malformed(ProblemKind.BAD_HEADER, at=at, detail="no marker where one belongs")
        if code == 0xD9:
            return at + 2
        if code == 0xFF:
            at += 1
            continue
        at += 2 if code in _WITHOUT_SIZE else 2 + int.from_bytes(reader.at(at + 2, 2), "big")
        if code == _SCAN:
            at = _end_of_scan(reader, at)
    raise Malformed(ProblemKind.OVER_LIMIT, at=at, detail="more parts than are read")


def _end_of_scan(reader: Reader, at: int) -> int:
    """Where the next marker stands that is neither stuffing nor a restart."""
    while at < reader.size_bytes:
        piece = reader.at(at, min(LIMITS.text_piece_bytes, reader.size_bytes - at))
        found = piece.find(b"\xff")
        while 0 <= found < len(piece) - 1:
            if piece[found + 1] != 0 and not 0xD0 <= piece[found + 1] <= 0xD7:
                return at + found
            found = piece.find(b"\xff", found + 1)
        at += len(piece) if found < 0 else max(1, found)
    raise Malformed(ProblemKind.TRUNCATED, at=at, detail="the picture has no end")


def _end_of_gif(reader: Reader) -> int:
    flags = reader.at(10, 1)[0]
    at = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    for _ in range(LIMITS.header_items):
        kind = reader.at(at, 1)[0]
        if kind == 0x3B:
            return at + 1
        if kind == 0x2C:
            flags = reader.at(at + 9, 1)[0]
            at += 11 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
        elif kind == 0x21:
            at += 2
        else:
            raise Malformed(ProblemKind.BAD_HEADER, at=at, detail="no block where one belongs")
        while size := reader.at(at, 1)[0]:
            at += 1 + size
        at += 1
    raise Malformed(ProblemKind.OVER_LIMIT, at=at, detail="more parts than are read")


def _end_of_riff(reader: Reader) -> int:
    size = int.from_bytes(reader.at(4, 4), "little")
    if size in (0, 0xFFFFFFFF):  # sound that was recorded into a pipe
        return reader.size_bytes
    end = 8 + size + size % 2
    if end > reader.size_bytes + 1:
        raise Malformed(ProblemKind.TRUNCATED, at=end, detail="it ends before its last part")
    return min(end, reader.size_bytes)


FORMAT = Format(
    name="media",
    title="a picture, sound or document",
    suffixes=_SUFFIXES,
    sniff=_sniff,
    starts=(_PNG, _JPEG, b"GIF8", b"RIFF"),
    sniff_named=_sniff_named,
    read=_read,
    judge=_judge,
    judges_structure=True,
    leaves_out=("what pictures, sounds and documents show, and the programs that show them",),
)
