"""The formats before GGUF, which whisper.cpp still uses. Pure data: a vocabulary and tensors.

What whisper.cpp and llama.cpp wrote is walked to its end; of what others wrote only the head is known.

Source: whisper.cpp's whisper_model_load; llama.cpp before August 2023 (llama-util.h, llama_file_loader).
"""

import math
from collections.abc import Iterator

from ringfence.artifacts.format import Format
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.core.facts import Fact, FactName
from ringfence.core.limits import LIMITS

__all__ = ["FORMAT"]

# As they lie in the file: little-endian u32 of the name.
_NAMES = {b"lmgg": "ggml", b"fmgg": "ggmf", b"tjgg": "ggjt", b"algg": "ggla"}
_LARGEST_VERSION = 16
_LARGEST_VOCABULARY = 1 << 24
_WHISPER_NUMBERS, _LLAMA_NUMBERS = 11, 7
_WHISPER_MELS = (80, 128)
_TOKEN_BYTES, _NAME_BYTES = 1024, 256

# ggml_type → (elements per block, bytes per block), as they were then
_TYPES = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 36),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292),
}  # fmt: skip


def _sniff(reader: Reader) -> bool:
    head = reader.head
    name = _NAMES.get(head[:4])
    if name is None or len(head) < 8:
        return False
    number = int.from_bytes(head[4:8], "little")
    return 0 < number <= (_LARGEST_VOCABULARY if name == "ggml" else _LARGEST_VERSION)


def _read(reader: Reader) -> Iterator[Fact | Problem]:
    name = _name(reader)
    yield Fact(name=FactName.VERSION, value=name if name == "ggml" else f"{name} {reader.u32()}")


def _judge(reader: Reader) -> Iterator[Problem]:
    name = _name(reader)
    if name == "ggml":
        *_, mels, file_type = (reader.u32() for _ in range(_WHISPER_NUMBERS))
        if mels not in _WHISPER_MELS:
            raise Malformed(ProblemKind.OVER_LIMIT, at=0, detail="not written by whisper.cpp, and not walked")
        reader.skip(reader.u32() * reader.u32() * 4)
        _skip_tokens(reader, reader.u32(), with_score=False)
        yield from _tensors(reader, aligned=False, exact=file_type // 1000 == 2)
    elif name in ("ggmf", "ggjt"):
        version = reader.u32()
        vocabulary, *_ = (reader.u32() for _ in range(_LLAMA_NUMBERS))
        _skip_tokens(reader, vocabulary, with_score=True)
        yield from _tensors(reader, aligned=name == "ggjt", exact=version >= 3)
    else:
        raise Malformed(ProblemKind.OVER_LIMIT, at=0, detail="an adapter of old, which is not walked")


def _name(reader: Reader) -> str:
    name = _NAMES.get(reader.take(4))
    if name is None:
        raise Malformed(ProblemKind.BAD_HEADER, at=0, detail="no such magic")
    return name


def _skip_tokens(reader: Reader, count: int, *, with_score: bool) -> None:
    at = reader.offset
    if count > LIMITS.header_strings:
        raise Malformed(ProblemKind.DOES_NOT_FIT, at=at, detail=f"a vocabulary of {count}")
    if count * 4 > reader.remaining_bytes:
        raise Malformed.past_end(count * 4, at=at, detail=f"a vocabulary of {count}")
    for _ in range(count):
        size = reader.u32()
        if size > _TOKEN_BYTES:
            raise Malformed(ProblemKind.DOES_NOT_FIT, at=reader.offset - 4, detail=f"a token of {size} bytes")
        reader.skip(size + (4 if with_score else 0))


def _tensors(reader: Reader, *, aligned: bool, exact: bool) -> Iterator[Problem]:
    """Walks over the rest. Not `exact`: quantised blocks had other sizes when the file was written."""
    count = 0
    while reader.remaining_bytes:
        at, count = reader.offset, count + 1
        dimensions, name_bytes, kind = reader.u32(), reader.u32(), reader.u32()
        if not 1 <= dimensions <= 4 or name_bytes > _NAME_BYTES or kind not in _TYPES:
            raise Malformed(ProblemKind.BAD_HEADER, at=at, detail="no tensor where one should begin")
        if count > LIMITS.header_items or (not exact and kind not in (0, 1)):
            raise Malformed(ProblemKind.OVER_LIMIT, at=at, detail="tensors of a kind or number not walked")
        elements = math.prod(reader.u32() for _ in range(dimensions))
        reader.skip(name_bytes)
        if aligned:
            reader.skip(-reader.offset % 32)
        block_elements, block_bytes = _TYPES[kind]
        reader.skip(elements // block_elements * block_bytes)
    if not count:
        yield Problem(kind=ProblemKind.TRUNCATED, at=reader.offset, detail="no tensors")


FORMAT = Format(
    name="ggml",
    title="GGML (before GGUF)",
    suffixes=(".ggml",),
    sniff=_sniff,
    starts=tuple(_NAMES),
    read=_read,
    judge=_judge,
)
