"""All that a GGUF file says, to be compared: keys with their values, tokens, and where the tensors lie.

Source: ggml docs/gguf.md, versions 2 and 3.
"""

import hashlib
import struct
from math import prod
from typing import Final

from ringfence.artifacts.gguf_types import TENSOR_TYPES
from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.tensors.tensor import Tensor
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS

__all__ = ["GgufContent", "gguf_content"]

_VERSIONS: Final = (2, 3)
_STRING, _ARRAY = 8, 9
_SCALARS: Final = {
    kind: struct.Struct("<" + code) for kind, code in zip((*range(8), 10, 11, 12), "BbHhIif?Qqd", strict=True)
}
_ITEMS_SHOWN: Final = 16  # longer lists are told by their length and digest
_SMALLEST_KEY, _SMALLEST_TENSOR = 13, 24


@dataclass(frozen=True, slots=True, kw_only=True)
class GgufContent:
    """Texts are foreign. `lists` are those of strings, e.g. tokenizer.ggml.tokens."""

    keys: dict[str, str]
    lists: dict[str, list[str]]
    tensors: tuple[Tensor, ...]


def gguf_content(reader: Reader) -> GgufContent:
    """Everything but the tensors' bytes.

    Raises:
        Malformed: no GGUF, of another version, broken or over a limit.
    """
    reader.offset = 0
    if reader.take(4) != b"GGUF" or reader.u32() not in _VERSIONS:
        raise _bad(reader, "no GGUF of version 2 or 3")
    count = reader.count(each_at_least_bytes=_SMALLEST_TENSOR)
    keys: dict[str, str] = {}
    lists: dict[str, list[str]] = {}
    for _ in range(_at_most(reader, reader.count(each_at_least_bytes=_SMALLEST_KEY))):
        key = _text(reader.string())
        kind = reader.u32()
        if kind == _ARRAY:
            _read_array(reader, key, keys, lists)
        else:
            keys[key] = _value(reader, kind)
    return GgufContent(keys=keys, lists=lists, tensors=_tensors(reader, count, keys))


def _value(reader: Reader, kind: int) -> str:
    if kind == _STRING:
        return _text(reader.string())
    return str(_scalars(reader, kind, 1)[0])


def _scalars(reader: Reader, kind: int, count: int) -> list[object]:
    scalar = _SCALARS.get(kind)
    if scalar is None:
        raise _bad(reader, f"value type {kind} does not exist")
    return [scalar.unpack(reader.take(scalar.size))[0] for _ in range(count)]


def _read_array(reader: Reader, key: str, keys: dict[str, str], lists: dict[str, list[str]]) -> None:
    kind = reader.u32()
    scalar = _SCALARS.get(kind)
    if kind == _STRING:
        count = reader.count(each_at_least_bytes=8)
        if count + sum(map(len, lists.values())) > LIMITS.header_strings:
            raise Malformed(ProblemKind.OVER_LIMIT, at=reader.offset, detail=f"a list of {count} strings")
        lists[key] = [_text(reader.string()) for _ in range(count)]
    elif scalar is None:
        raise _bad(reader, "lists in lists are not compared")
    else:
        count = reader.count(each_at_least_bytes=scalar.size)
        if count <= _ITEMS_SHOWN:
            keys[key] = ", ".join(map(str, _scalars(reader, kind, count)))
        else:
            digest = hashlib.sha256(reader.take(count * scalar.size)).hexdigest()
            keys[key] = f"{count} numbers, sha256 {digest[:16]}"


def _tensors(reader: Reader, count: int, keys: dict[str, str]) -> tuple[Tensor, ...]:
    stated: list[tuple[str, str, tuple[int, ...], int, int]] = []
    for _ in range(_at_most(reader, count)):
        name = _text(reader.string())
        dimensions = reader.u32()
        if dimensions > LIMITS.header_depth:
            raise _bad(reader, f"a tensor of {dimensions} dimensions")
        shape = tuple(reader.u64() for _ in range(dimensions))
        kind, offset = reader.u32(), reader.u64()
        if kind not in TENSOR_TYPES:
            raise _bad(reader, f"tensor type {kind} is unknown")
        dtype, block, block_bytes = TENSOR_TYPES[kind]
        stated.append((name, dtype, shape, offset, prod(shape) // block * block_bytes))
    alignment = keys.get("general.alignment", "32")
    step = int(alignment) if alignment.isdecimal() and 0 < len(alignment) < 10 else 0
    if not step:
        raise _bad(reader, "no possible alignment")
    data = -(-reader.offset // step) * step
    if any(data + offset + size > reader.size_bytes for *_, offset, size in stated):
        raise Malformed(ProblemKind.OUT_OF_RANGE, at=data, detail="a tensor outside of the file")
    return tuple(
        Tensor(name=name, dtype=dtype, shape=shape, size_bytes=size, reader=reader, offset=data + offset)
        for name, dtype, shape, offset, size in stated
    )


def _at_most(reader: Reader, count: int) -> int:
    if count > LIMITS.header_items:
        raise Malformed(ProblemKind.OVER_LIMIT, at=reader.offset, detail=f"{count} items in the header")
    return count


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _bad(reader: Reader, detail: str) -> Malformed:
    return Malformed(ProblemKind.BAD_HEADER, at=reader.offset, detail=detail)
