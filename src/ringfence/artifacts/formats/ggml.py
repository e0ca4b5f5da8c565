"""The formats before GGUF, which whisper.cpp still uses: identified, and not read on.

Source: llama.cpp before August 2023 (llama-util.h), whisper.cpp.
"""

from collections.abc import Iterator

from ringfence.artifacts.format import Format
from ringfence.artifacts.problems import Problem
from ringfence.artifacts.reader import Reader
from ringfence.core.facts import Fact, FactName

__all__ = ["FORMAT"]

# As they lie in the file: little-endian u32 of the name.
_NAMES = {b"lmgg": "ggml", b"fmgg": "ggmf", b"tjgg": "ggjt", b"algg": "ggla"}
_LARGEST_VERSION = 16
_LARGEST_VOCABULARY = 1 << 24


def _sniff(reader: Reader) -> bool:
    head = reader.head
    name = _NAMES.get(head[:4])
    if name is None or len(head) < 8:
        return False
    number = int.from_bytes(head[4:8], "little")
    return 0 < number <= (_LARGEST_VOCABULARY if name == "ggml" else _LARGEST_VERSION)


def _read(reader: Reader) -> Iterator[Fact | Problem]:
    name = _NAMES[reader.take(4)]
    yield Fact(name=FactName.VERSION, value=name if name == "ggml" else f"{name} {reader.u32()}")


FORMAT = Format(name="ggml", title="GGML (before GGUF)", suffixes=(".ggml",), sniff=_sniff, read=_read)
