"""Makes broken files out of real ones: the same seed makes the same bytes."""

import gzip
import io
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Sequence
from random import Random

__all__ = ["LARGEST_BYTES", "mutant", "stored"]

LARGEST_BYTES = 65_536
_INTEGERS = (0, 1, -1, 0x7F, 0x80, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1)
_WIDTHS = (1, 2, 4, 8)
_WORDS = (
    b"-1",
    b"1e999",
    b"NaN",
    b"18446744073709551616",
    b"null",
    b"{" * 40,
    b"[" * 2000,
    b"\xff\xfe",
    b"\0",
)
_MOST_STEPS, _MOST_REPEATS, _LONGEST_BLOCK = 4, 64, 256
_WRAPPED_SHARE = 0.04


def mutant(random: Random, sample: bytes, others: Sequence[bytes], magics: Sequence[bytes]) -> bytes:
    """`sample` after one to four changes. `others` are of its format, `magics` begin others."""
    data = bytearray(sample)
    for _ in range(random.randint(1, _MOST_STEPS)):
        if not data:
            data += random.choice(magics)
        change = random.choice(_CHANGES)
        change(random, data, others, magics)
    made = bytes(data[:LARGEST_BYTES])
    return random.choice(_WRAPPINGS)(made) if random.random() < _WRAPPED_SHARE else made


def stored(sample: bytes) -> bytes | None:
    """A zip archive's members uncompressed, where changes reach them; None for other files."""
    if not sample.startswith(b"PK\x03\x04"):
        return None
    out = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(sample)) as old, zipfile.ZipFile(out, "w") as new:
            for member in old.infolist()[:50]:
                if member.file_size <= LARGEST_BYTES:
                    new.writestr(zipfile.ZipInfo(member.filename), old.read(member))
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError, OSError):
        return None  # broken on purpose
    return out.getvalue() if out.tell() <= LARGEST_BYTES else None


_Change = Callable[[Random, bytearray, Sequence[bytes], Sequence[bytes]], None]


def _block(random: Random, data: bytes | bytearray) -> slice:
    start = random.randrange(len(data))
    return slice(start, min(len(data), start + random.randint(1, _LONGEST_BLOCK)))


def _flip(random: Random, data: bytearray, *_: object) -> None:
    for _bit in range(random.choice((1, 1, 2, 8))):
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)


def _integer(random: Random, data: bytearray, *_: object) -> None:
    width, order = random.choice(_WIDTHS), random.choice(("little", "big"))
    value = random.choice(_INTEGERS) % (1 << 8 * width)
    start = random.randrange(len(data))
    data[start : start + width] = value.to_bytes(width, "little" if order == "little" else "big")


def _nudge(random: Random, data: bytearray, *_: object) -> None:
    at = random.randrange(len(data))
    data[at] = (data[at] + random.choice((-1, 1, 16, -16))) % 256


def _truncate(random: Random, data: bytearray, *_: object) -> None:
    del data[random.randrange(len(data)) :]


def _delete(random: Random, data: bytearray, *_: object) -> None:
    del data[_block(random, data)]


def _repeat(random: Random, data: bytearray, *_: object) -> None:
    block = _block(random, data)
    times = random.choice((1, 2, random.randint(1, _MOST_REPEATS)))
    data[block.start : block.start] = data[block] * times


def _swap(random: Random, data: bytearray, *_: object) -> None:
    first, second = _block(random, data), _block(random, data)
    if first.stop <= second.start:
        one, other = data[first], data[second]
        data[second], data[first] = one, other


def _splice(random: Random, data: bytearray, others: Sequence[bytes], _magics: object) -> None:
    other = random.choice(others)
    if other:
        data[random.randrange(len(data)) :] = other[random.randrange(len(other)) :]


def _graft(random: Random, data: bytearray, others: Sequence[bytes], _magics: object) -> None:
    other = random.choice(others)
    if other:
        at = random.randrange(len(data))
        data[at:at] = other[_block(random, other)]


def _magic(random: Random, data: bytearray, _others: object, magics: Sequence[bytes]) -> None:
    magic = random.choice(magics)
    at = random.choice((0, random.randrange(len(data))))
    data[at : at + random.choice((0, len(magic)))] = magic


def _word(random: Random, data: bytearray, *_: object) -> None:
    at = random.randrange(len(data))
    word = random.choice(_WORDS)
    data[at : at + random.choice((0, len(word)))] = word


_CHANGES: tuple[_Change, ...] = (
    *(_flip, _flip, _integer, _integer, _nudge, _truncate, _delete, _repeat),
    *(_swap, _splice, _graft, _magic, _word),
)


def _zipped(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("archive/data.pkl"), data)
    return out.getvalue()


def _tarred(data: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        member = tarfile.TarInfo("model.bin")
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


_WRAPPINGS: tuple[Callable[[bytes], bytes], ...] = (
    *(lambda data: gzip.compress(data, 1, mtime=0), lambda data: zlib.compress(data, 1)),
    *(_zipped, _tarred),
)
