"""HDF5, Keras' older format among it. Reads the superblock and looks for Keras' marks; the rest is h5py's.

Source: HDF5 File Format Specification 3.0, section II.A; keras/src/legacy/saving/legacy_h5_format.py.
"""

from collections.abc import Iterator

from ringfence.artifacts.format import Format, Inside
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.artifacts.tar_headers import starts_tar
from ringfence.core.facts import Fact, FactName
from ringfence.core.limits import LIMITS

__all__ = ["FORMAT"]

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_FIRST_PLACE = 512  # a user block's size is this or doubled as often as one likes
_KERAS_MARKS = (b"keras_version", b"model_config")
_LAMBDA_MARKS = (b'"class_name": "Lambda"', b'"class_name": "__lambda__"')
_SUPERBLOCK_BYTES = 64
# version → where the offsets' size stands, and where the addresses start: base, one other, end of file
_PLACES = {0: (13, 24), 1: (13, 28), 2: (9, 12), 3: (9, 12)}


def _sniff(reader: Reader) -> bool:
    head = reader.head
    if not any(head.startswith(_SIGNATURE, at) for at in (0, *_places(len(head)))):
        return False
    return not starts_tar(reader)  # whose first member, at byte 512, may be one


def _sniff_named(reader: Reader) -> bool:
    """Whether there is a signature behind a large user block."""
    return any(reader.at(at, 8) == _SIGNATURE for at in _places(reader.size_bytes - 8))


def _read(reader: Reader) -> Iterator[Fact | Problem]:
    start = _start(reader)
    block, version = _superblock(reader, start)
    yield Fact(name=FactName.VERSION, value=f"superblock {version}")
    prefix = reader.at(start, min(LIMITS.prefix_bytes, reader.size_bytes - start))
    if any(mark in prefix for mark in _KERAS_MARKS):
        yield Fact(name=FactName.PRODUCER, value="keras")
    if any(mark in prefix for mark in _LAMBDA_MARKS):
        yield Fact(name=FactName.RUNS_CODE, value=("keras lambda",))
    yield from _check_end(block, version, start, reader.size_bytes)


def _judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    from ringfence.artifacts import hdf5_judge

    start = _start(reader)
    block, version = _superblock(reader, start)
    if any(reader.at(at, min(_SUPERBLOCK_BYTES, start - at)).strip(b"\0") for at in range(0, start, 64)):
        size = start
        while size and not reader.at(size - 64, 64).strip(b"\0"):
            size -= 64
        size -= 64 - len(reader.at(size - 64, 64).rstrip(b"\0"))
        yield Inside(name="user block", reader=reader.part(0, size), at=0)
    end = _end(block, version, start)[1]
    if end < reader.size_bytes:
        behind = reader.size_bytes - end
        detail = f"{behind} bytes behind the end that the superblock says"
        yield Problem(kind=ProblemKind.TRAILING_DATA, at=end, detail=detail)
        yield Inside(name="behind the end", reader=reader.part(end, behind), at=end)
    yield from hdf5_judge.judge_objects(reader)


FORMAT = Format(
    name="hdf5",
    title="HDF5 (Keras and others)",
    suffixes=(".h5", ".hdf5", ".keras"),
    sniff=_sniff,
    sniff_named=_sniff_named,
    read=_read,
    holds_anything=True,
    judge=_judge,
)


def _places(below: int) -> Iterator[int]:
    at = _FIRST_PLACE
    while at < below:
        yield at
        at *= 2


def _start(reader: Reader) -> int:
    """Where the superblock lies."""
    return next(
        at for at in (0, *_places(reader.size_bytes - 8)) if reader.at(at, len(_SIGNATURE)) == _SIGNATURE
    )


def _superblock(reader: Reader, start: int) -> tuple[bytes, int]:
    """Its bytes, and its version."""
    block = reader.at(start, min(_SUPERBLOCK_BYTES, reader.size_bytes - start))
    version = block[8] if len(block) > 8 else -1
    if version not in _PLACES:
        raise Malformed(
            ProblemKind.BAD_HEADER, at=start + 8, detail=f"superblock version {version} is unknown"
        )
    return block, version


def _end(block: bytes, version: int, start: int) -> tuple[int, int]:
    """Where the superblock says the file's end, and where that is."""
    width_at, addresses_at = _PLACES[version]
    width = block[width_at] if len(block) > width_at else 0
    end_at = addresses_at + 2 * width
    if width not in (2, 4, 8) or len(block) < end_at + width:
        raise Malformed(ProblemKind.BAD_HEADER, at=start + width_at, detail="the superblock makes no sense")
    return end_at, int.from_bytes(block[end_at : end_at + width], "little")


def _check_end(block: bytes, version: int, start: int, size_bytes: int) -> Iterator[Problem]:
    """Whether the file reaches as far as the superblock says."""
    end_at, end = _end(block, version, start)
    if end > size_bytes:
        detail = f"the superblock says {end} bytes, the file has {size_bytes}"
        yield Problem(kind=ProblemKind.TRUNCATED, at=start + end_at, detail=detail)
