import hashlib
from pathlib import Path

import pytest

from ringfence.core.limits import LIMITS
from ringfence.endpoint.found import FoundFile
from ringfence.endpoint.pieces import NoDigest, Piece, hash_pieces


def found(path: Path, content: bytes) -> FoundFile:
    path.write_bytes(content)
    return FoundFile.of(path, path.stat())


@pytest.mark.parametrize("threads", [1, 2, 9])
def test_every_piece_has_the_digest_of_its_own_bytes_in_the_order_they_were_asked(
    tmp_path: Path, threads: int
) -> None:
    content = bytes(range(256)) * 4000
    file = found(tmp_path / "a", content)
    ranges = [(0, 0), (5, 6), (0, len(content)), (300_000, 900_001)]
    told: list[int] = []
    digests = hash_pieces(
        [Piece(file, start, end) for start, end in ranges],
        hasher=hashlib.blake2b,
        threads=threads,
        on_progress=told.append,
    )
    assert digests == [hashlib.blake2b(content[start:end]).hexdigest() for start, end in ranges]
    assert told[-1] == sum(end - start for start, end in ranges)


def test_what_cannot_be_read_says_why_and_the_rest_is_read(tmp_path: Path) -> None:
    good, gone = found(tmp_path / "good", b"x"), found(tmp_path / "gone", b"x")
    grown, holes = found(tmp_path / "grown", b"x"), tmp_path / "holes"
    (tmp_path / "gone").unlink()
    (tmp_path / "grown").write_bytes(b"xy")
    with holes.open("wb") as file:
        file.truncate(LIMITS.hashed_hole_bytes + (1 << 20))
    sparse = FoundFile.of(holes, holes.stat())
    assert hash_pieces([Piece(each, 0, 1) for each in (good, gone, grown, sparse)], threads=2) == [
        hashlib.sha256(b"x").hexdigest(),
        NoDigest("vanished while it was looked at"),
        NoDigest("it changed while it was looked at"),
        NoDigest("it is nearly all holes, made to be read for ever"),
    ]


def test_nothing_to_read_is_no_digest(tmp_path: Path) -> None:
    assert hash_pieces([], threads=2) == []
