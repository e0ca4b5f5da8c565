"""Sparse members of tar files: what was left out is zeros again, without writing a single one.

Source: GNU tar's manual, "Storing Sparse Files": the old format, and pax versions 0.1 and 1.0.
"""

from bisect import bisect_right
from collections.abc import Sequence

from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.tar_headers import BLOCK_BYTES, SPARSE, TarMember, octal
from ringfence.core.limits import LIMITS

__all__ = ["is_sparse", "with_holes"]

_Piece = tuple[int, int]  # where it belongs, and its bytes
_NUMBER_DIGITS = 20


def is_sparse(member: TarMember) -> bool:
    """Whether holes were left out of it."""
    return member.kind == SPARSE or any(key.startswith("GNU.sparse.") for key in member.attributes)


def with_holes(reader: Reader, member: TarMember) -> Reader:
    """The member as it was before the holes were left out.

    Raises:
        Malformed: it does not say where they were, or says nonsense.
    """
    said, skipped = member.attributes, 0
    if member.kind == SPARSE:
        pieces, size = _old_pieces(reader, member), octal(member.block[483:495])
    elif "GNU.sparse.map" in said:
        pieces = _pairs(said["GNU.sparse.map"].split(b","))
        size = _number(said.get("GNU.sparse.size", b""))
    elif said.get("GNU.sparse.major") == b"1":
        pieces, skipped = _pieces_in_data(reader, member)
        size = _number(said.get("GNU.sparse.realsize", b""))
    else:
        raise _bad(member)
    end = 0
    for at, count in pieces:
        if at < end:
            raise _bad(member)
        end = at + count
    if size is None or end > size or skipped + sum(count for _, count in pieces) > member.size_bytes:
        raise _bad(member)
    data = reader.part(member.data_at + skipped, member.size_bytes - skipped)
    return _filled(data, [piece for piece in pieces if piece[1]], size)


def _filled(data: Reader, pieces: Sequence[_Piece], size_bytes: int) -> Reader:
    starts = [at for at, _ in pieces]
    places, place = [], 0
    for _, count in pieces:
        places.append(place)
        place += count

    def read_at(size: int, offset: int) -> bytes:
        size = max(0, min(size, size_bytes - offset, LIMITS.header_bytes))
        i = bisect_right(starts, offset) - 1
        within = offset - starts[i] if i >= 0 else 0
        if i >= 0 and within < pieces[i][1]:
            return data.at(places[i] + within, min(size, pieces[i][1] - within))
        until = starts[i + 1] if i + 1 < len(starts) else size_bytes
        return bytes(min(size, until - offset))

    return Reader(read_at, size_bytes, budget=data.budget)


def _old_pieces(reader: Reader, member: TarMember) -> list[_Piece]:
    starts = range(member.header_at + BLOCK_BYTES, member.data_at, BLOCK_BYTES)
    numbers = member.block[386:482] + b"".join(reader.at(at, 504) for at in starts)
    pieces = []
    for i in range(0, len(numbers) - 23, 24):
        if not numbers[i]:
            break
        at, count = octal(numbers[i : i + 12]), octal(numbers[i + 12 : i + 24])
        if at is None or count is None:
            raise _bad(member)
        pieces.append((at, count))
    return pieces


def _pieces_in_data(reader: Reader, member: TarMember) -> tuple[list[_Piece], int]:
    """The pieces by version 1.0, which stand as lines before the data; and the bytes that they take."""
    text = reader.at(member.data_at, min(member.size_bytes, LIMITS.tar_header_bytes))
    count_end = text.find(b"\n")
    count = _number(text[:count_end]) if count_end >= 0 else None
    if count is None or count > LIMITS.header_items:
        raise _bad(member)
    lines = text.split(b"\n", 2 * count + 1)
    if len(lines) != 2 * count + 2:
        raise _bad(member)
    taken = len(text) - len(lines[-1])
    return _pairs(lines[1:-1]), -(-taken // BLOCK_BYTES) * BLOCK_BYTES


def _pairs(words: Sequence[bytes]) -> list[_Piece]:
    numbers = [number for number in map(_number, words) if number is not None]
    if len(numbers) != len(words) or len(numbers) % 2:
        raise Malformed(ProblemKind.BAD_HEADER, at=None, detail="a list of holes that is none")
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _number(word: bytes) -> int | None:
    return int(word) if word.isdigit() and len(word) <= _NUMBER_DIGITS else None


def _bad(member: TarMember) -> Malformed:
    return Malformed(ProblemKind.BAD_HEADER, at=member.at, detail="a member does not say where its holes are")
