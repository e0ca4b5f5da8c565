"""What the members of a zip file hold, ready to be judged: stored ones where they lie, others inflated.

Checksums and the bit that says "encrypted" are not believed: there are loaders that do not look at them.

Source: PKWARE APPNOTE 6.3.10, sections 4.4 and 5.8; CPython's Lib/zipfile.
"""

import lzma
import zlib
from collections.abc import Iterator

from ringfence.artifacts.decoders import DECODER_ERRORS, Decoder, MissingLibrary, decoder
from ringfence.artifacts.format import Inside, Judge
from ringfence.artifacts.inflating import Compression
from ringfence.artifacts.member_names import escapes
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spool import spooled
from ringfence.artifacts.spotted import Spotted
from ringfence.artifacts.zip_directory import STORED
from ringfence.artifacts.zip_layout import Entry
from ringfence.core.findings import Confidence, Severity
from ringfence.core.limits import LIMITS

__all__ = ["beginning", "inside"]

_LZMA = 14
_METHODS = {8: Compression.DEFLATE, 12: Compression.BZIP2, 93: Compression.ZSTD}
_OPENED = frozenset((*_METHODS, _LZMA))
_IN_BYTES, _OUT_BYTES = 64 * 1024, 1024 * 1024
_LINK_BYTES = 4096


def inside(
    reader: Reader, entry: Entry, *, judge: Judge | None = None, checks_crc: bool = True
) -> Iterator[Inside | Spotted | Problem]:
    """The member, to be judged by `judge` or by its content, and what is wrong with it. Empty ones are not.

    Without `checks_crc` wrong checksums are no problem: some writers do not work them out.
    """
    if entry.is_link:
        target = beginning(reader, entry, max_bytes=_LINK_BYTES).decode("utf-8", "replace")
        yield from escapes(entry.name, at=entry.at, link_to=target)
    elif entry.method == STORED:
        yield from _stored(reader, entry, judge, checks_crc)
    elif entry.size_bytes and entry.method in _OPENED:
        yield from _inflated(reader, entry, judge, checks_crc)
    elif entry.size_bytes:
        yield _closed(entry, f"compressed by method {entry.method}")


def beginning(reader: Reader, entry: Entry, *, max_bytes: int) -> bytes:
    """The first bytes of what the member holds, as far as they can be had.

    Raises:
        Malformed: it is compressed in a way that is not known here, or not validly.
    """
    if entry.method == STORED:
        return reader.at(entry.data_at, min(entry.size_bytes, max_bytes))
    if entry.method not in _OPENED:
        detail = f"a member is compressed by method {entry.method}"
        raise Malformed(ProblemKind.OVER_LIMIT, at=entry.at, detail=detail)
    found = b""
    try:
        for chunk in _chunks(reader, entry, checks_crc=False, piece_bytes=max_bytes):
            reader.budget.inflate(len(chunk), at=entry.at)
            found += chunk
            if len(found) >= max_bytes:
                break
    except MissingLibrary as missing:
        raise Malformed(ProblemKind.OVER_LIMIT, at=entry.at, detail=_missing(missing)) from missing
    return found[:max_bytes]


def _stored(
    reader: Reader, entry: Entry, judge: Judge | None, checks_crc: bool
) -> Iterator[Inside | Spotted | Problem]:
    if entry.encrypted:
        yield _closed(entry, "encrypted")
        if entry.inflated_bytes != entry.size_bytes:  # ciphers put something before it
            return
    elif checks_crc and not _crc_is_right(reader, entry):
        yield _malformed(entry, "its checksum is wrong").problem
    if entry.size_bytes:
        part = reader.part(entry.data_at, entry.size_bytes)
        yield Inside(name=entry.name, reader=part, at=entry.data_at, judge=judge)


def _crc_is_right(reader: Reader, entry: Entry) -> bool:
    """False when it surely is wrong. Large members, weights most of them, are not read for its sake."""
    if entry.crc is None or entry.size_bytes > LIMITS.inflated_bytes:
        return True
    return zlib.crc32(reader.at(entry.data_at, entry.size_bytes)) == entry.crc


def _inflated(
    reader: Reader, entry: Entry, judge: Judge | None, checks_crc: bool
) -> Iterator[Inside | Spotted | Problem]:
    chunks = _chunks(reader, entry, checks_crc=checks_crc)
    # What is over the limit anyway is only looked at where it begins: that is enough for most payloads.
    is_much = (entry.inflated_bytes or 0) > LIMITS.judged_inflated_bytes
    most = LIMITS.spool_memory_bytes if is_much else None
    try:
        found = spooled(chunks, budget=reader.budget, at=entry.at, max_bytes=most)
    except MissingLibrary as missing:
        yield _spotted("needs-extra", entry, _missing(missing), "install it, and inspect the file again")
        return
    if entry.encrypted:
        yield _closed(entry, "encrypted")
        if found.problem is not None:
            return
    elif found.problem is not None:
        yield found.problem
    if found.reader.size_bytes:
        yield Inside(name=entry.name, reader=found.reader, at=None, judge=judge)


def _decoder(reader: Reader, entry: Entry) -> tuple[Decoder, int]:
    """What inflates the member, and how many bytes of a header of its own to leave out."""
    if entry.method == _LZMA:
        return _raw_lzma(reader, entry)
    return decoder(_METHODS[entry.method]), 0


def _raw_lzma(reader: Reader, entry: Entry) -> tuple[Decoder, int]:
    """A decompressor by the header of the member's data, and the length of that header."""
    head = reader.at(entry.data_at, min(9, entry.size_bytes))
    if len(head) < 9 or head[2:4] != b"\5\0" or head[4] >= 9 * 5 * 5:
        raise Malformed(ProblemKind.BAD_HEADER, at=entry.data_at, detail="no LZMA data")
    dictionary = int.from_bytes(head[5:9], "little")
    if dictionary > LIMITS.decompressor_bytes:
        detail = f"LZMA with a dictionary of {dictionary} bytes"
        raise Malformed(ProblemKind.OVER_LIMIT, at=entry.data_at, detail=detail)
    by_place, literal = divmod(head[4], 9)
    filters = [
        {
            "id": lzma.FILTER_LZMA1,
            "dict_size": max(4096, dictionary),
            "lc": literal,
            "lp": by_place % 5,
            "pb": by_place // 5,
        }
    ]
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=filters), len(head)


def _chunks(
    reader: Reader, entry: Entry, *, checks_crc: bool, piece_bytes: int = _OUT_BYTES
) -> Iterator[bytes]:
    """What the member inflates to.

    Raises:
        Malformed: it is no such data, is cut short or goes on behind its end, or is not what was said of it.
    """
    crc, size = 0, 0
    at, end = entry.data_at, entry.data_at + entry.size_bytes
    try:
        inner, skipped = _decoder(reader, entry)
        at += skipped
        while not inner.eof:
            data = b""
            if inner.needs_input:
                if at == end:
                    break
                data = reader.at(at, min(_IN_BYTES, end - at))
                at += len(data)
            chunk = inner.decompress(data, piece_bytes)
            crc, size = zlib.crc32(chunk, crc) if checks_crc else 0, size + len(chunk)
            yield chunk
    except DECODER_ERRORS as error:
        raise Malformed(ProblemKind.BAD_HEADER, at=entry.at, detail="a member is no valid data") from error
    if not inner.eof and (entry.method != _LZMA or size != entry.inflated_bytes):
        raise Malformed(ProblemKind.TRUNCATED, at=entry.at, detail="a member ends before its data do")
    if at - len(inner.unused_data) < end and entry.inflated_bytes is not None:
        raise Malformed(ProblemKind.TRAILING_DATA, at=entry.at, detail="bytes behind a member's data")
    if entry.inflated_bytes not in (None, size):
        raise _malformed(entry, f"inflates to {size} bytes, said to be {entry.inflated_bytes}")
    if checks_crc and entry.crc not in (None, crc):
        raise _malformed(entry, "its checksum is wrong")


def _missing(missing: MissingLibrary) -> str:
    return f"install ringfence[{missing.extra}]"


def _closed(entry: Entry, how: str) -> Spotted:
    advice = "unpack the archive with what can, and have the files judged"
    return _spotted("closed-member", entry, how, advice)


def _spotted(check: str, entry: Entry, why: str, advice: str) -> Spotted:
    return Spotted(
        check=check,
        severity=Severity.MEDIUM,
        confidence=Confidence.CERTAIN,
        at=entry.at,
        evidence=(entry.name, why),
        advice=advice,
    )


def _malformed(entry: Entry, why: str) -> Malformed:
    return Malformed(ProblemKind.BAD_HEADER, at=entry.at, detail=f"member {entry.name}: {why}")
