"""Whether bytes that should be weights or words begin as a program, an archive or a pickle does.

Only marks so long that weights do not have them by chance.

Source: the ELF, PE, Mach-O and DEX specifications, PKWARE APPNOTE, 7zFormat.txt.
"""

import base64
import binascii
from collections.abc import Iterator

from ringfence.artifacts import pickle_walk
from ringfence.artifacts.format import Inside
from ringfence.artifacts.problems import Malformed
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.findings import Confidence, Severity

__all__ = ["behind", "in_text", "in_weights", "program"]

_MARKS = (
    (b"\x7fELF", "a program (ELF)"),
    (b"\xcf\xfa\xed\xfe", "a program (Mach-O)"),
    (b"\xca\xfe\xba\xbe", "a program (Mach-O or Java)"),
    (b"dex\n03", "a program (DEX)"),
    (b"#!/", "a script"),
    (b"PK\x03\x04", "a zip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
)
_WORTH_LOOKING_BYTES = 16
_PADDING_BYTES = 64 * 1024  # of zeros, to which formats align
_BASE64 = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n")
_SHORT_MARKS = (
    (b"\x1f\x8b\x08", "a gzip stream"),
    (b"BZh", "a bzip2 stream"),
    (b"\xfd7zXZ\0", "an xz stream"),
)
_GO_INTO = (*(kind for _, kind in _SHORT_MARKS), "a pickle", "a zip archive", "a 7z archive")


def in_weights(reader: Reader, at: int, size_bytes: int, *, name: str) -> Iterator[Spotted | Inside]:
    """What hides in the bytes of the weight called `name`, judged by how they begin."""
    if size_bytes < _WORTH_LOOKING_BYTES:
        return
    part = reader.part(at, size_bytes)
    if kind := _kind(part):
        yield from _found(part, kind, at, name)


def program(start: Reader) -> str | None:
    """Of which kind the program or native library is that begins like this; None for anything else."""
    kind = _kind(start) if start.size_bytes >= _WORTH_LOOKING_BYTES else None
    return kind if kind and kind.startswith("a program") else None


def behind(reader: Reader, at: int) -> Iterator[Spotted | Inside]:
    """What stands from `at` on, behind padding, where the format ends: there a short mark is no chance."""
    padded = reader.at(at, min(_PADDING_BYTES, reader.size_bytes - at))
    at += len(padded) - len(padded.lstrip(b"\0"))
    part = reader.part(at, reader.size_bytes - at)
    start = part.at(0, min(_WORTH_LOOKING_BYTES, part.size_bytes))
    kind = next((kind for mark, kind in _SHORT_MARKS if start.startswith(mark)), None) or _kind(part)
    if kind:
        yield from _found(part, kind, at, "(behind the end)")


def in_text(reader: Reader, at: int, size_bytes: int, *, name: str) -> Iterator[Spotted | Inside]:
    """The same for a text, which may hold it in base64 too."""
    if size_bytes < _WORTH_LOOKING_BYTES:
        return
    yield from in_weights(reader, at, size_bytes, name=name)
    start = reader.at(at, min(size_bytes, 64))
    if not _BASE64.issuperset(start):
        return
    # The start first, because most long words are no base64 of anything.
    if decoded := _decoded(reader, at, min(size_bytes, 4096)):
        part = Reader.of_bytes(decoded, budget=reader.budget)
        if kind := _kind(part, cut=size_bytes > 4096):
            whole = _decoded(reader, at, size_bytes)
            reader.budget.inflate(len(whole), at=at)
            yield from _found(Reader.of_bytes(whole, budget=reader.budget), kind, None, name)


def _decoded(reader: Reader, at: int, size_bytes: int) -> bytes:
    text = b"".join(reader.at(at, size_bytes).split()).rstrip(b"=")
    try:
        return base64.b64decode(text[: len(text) // 4 * 4], validate=True)
    except binascii.Error:
        return b""


def _kind(part: Reader, *, cut: bool = False) -> str | None:
    start = part.at(0, min(_WORTH_LOOKING_BYTES, part.size_bytes))
    for mark, kind in _MARKS:
        if start.startswith(mark):
            return kind
    if start[:2] == b"MZ" and part.size_bytes > 0x40:
        header_at = int.from_bytes(part.at(0x3C, 4), "little")
        if header_at + 4 <= part.size_bytes and part.at(header_at, 4) == b"PE\0\0":
            return "a program (PE)"
    if start[:1] == b"\x80" and pickle_walk.looks_like_pickle(part.at(0, min(256, part.size_bytes))):
        found = pickle_walk.Pickle()
        try:
            pickle_walk.walk_tolerantly(part, found)
        except Malformed:
            return None
        return "a pickle" if found.complete or (cut and found.imports) else None
    return None


def _found(part: Reader, kind: str, at: int | None, name: str) -> Iterator[Spotted | Inside]:
    yield Spotted(
        check="payload-in-model",
        severity=Severity.HIGH,
        confidence=Confidence.POSSIBLE,
        at=at,
        evidence=(name, f"begins as {kind} does"),
        advice="do not load it before you know what these bytes are for",
    )
    if kind in _GO_INTO:
        part.offset = 0
        yield Inside(name=name, reader=part, at=at)
