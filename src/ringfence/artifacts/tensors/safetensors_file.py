"""safetensors files: what one lists, and one written from tensors of any other file.

What is written is the same bytes for the same tensors: widest types first, so that each is aligned, then by
name.

Source: the format section of huggingface/safetensors' README; safetensors/src/tensor.rs, version 0.8.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from math import prod

from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.tensors.tensor import Tensor, chunks
from ringfence.core.bounded_json import BadJson, Json, parse
from ringfence.core.limits import LIMITS

__all__ = ["header", "metadata_of", "tensors_of", "written"]

_DATA_AT = 8
_ALIGNMENT = 8
_METADATA = "__metadata__"


def tensors_of(reader: Reader) -> Iterator[Tensor]:
    """The tensors in the order of the header.

    Raises:
        Malformed: the header is none, or a tensor lies outside of the file.
    """
    size = int.from_bytes(reader.at(0, _DATA_AT), "little")
    data_at = _DATA_AT + size
    for name, stated in _listed(reader).items():
        match stated:
            case {"dtype": str(dtype), "shape": list(shape), "data_offsets": [int(start), int(end)]}:
                sizes = tuple(n for n in shape if isinstance(n, int))
            case _ if name == _METADATA:
                continue
            case _:
                raise _bad("a tensor without type, shape and place")
        if not 0 <= start <= end <= reader.size_bytes - data_at or len(sizes) != len(shape):
            raise Malformed(ProblemKind.OUT_OF_RANGE, at=data_at, detail="a tensor outside of the file")
        yield Tensor(
            name=name,
            dtype=dtype,
            shape=sizes,
            size_bytes=end - start,
            reader=reader,
            offset=data_at + start,
        )


def metadata_of(reader: Reader) -> dict[str, str]:
    """The header's table of strings.

    Raises:
        Malformed: the header is none.
    """
    found = _listed(reader).get(_METADATA)
    return {key: str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def header(tensors: Iterable[Tensor]) -> tuple[bytes, Sequence[Tensor]]:
    """What stands before the tensors, and the order in which they follow.

    Raises:
        Malformed: a name that no reader should see, or a header longer than readers take.
    """
    ordered = sorted(tensors, key=lambda each: (-_width(each), each.name))
    table: dict[str, object] = {_METADATA: {"format": "pt"}}
    at = 0
    for each in ordered:
        if not _is_name(each.name):
            raise _bad("a tensor's name is empty, reserved or holds control characters")
        end = at + each.size_bytes
        table[each.name] = {"dtype": each.dtype, "shape": list(each.shape), "data_offsets": [at, end]}
        at = end
    if len(table) != len(ordered) + 1:
        raise Malformed(ProblemKind.DUPLICATE_KEY, at=None, detail="two tensors of the same name")
    text = json.dumps(table, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    if len(text) > LIMITS.json_header_bytes:
        raise Malformed(ProblemKind.OVER_LIMIT, at=None, detail=f"a header of {len(text)} bytes")
    return len(text).to_bytes(_DATA_AT, "little") + text, ordered


def written(tensors: Iterable[Tensor]) -> Iterator[bytes | bytearray]:
    """The file, piece by piece.

    Raises:
        Malformed: as `header` and `chunks` say.
    """
    start, ordered = header(tensors)
    yield start
    for each in ordered:
        yield from chunks(each)


def _width(tensor: Tensor) -> int:
    """Bytes of an element; those of tensors without any are told by their type."""
    if elements := prod(tensor.shape):
        return tensor.size_bytes // elements
    return max(1, int("".join(filter(str.isdigit, tensor.dtype.partition("_")[0])) or 8) // 8)


def _is_name(name: str) -> bool:
    hidden = any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 or 0xD800 <= ord(c) < 0xE000 for c in name)
    return bool(name) and name != _METADATA and not hidden


def _listed(reader: Reader) -> dict[str, Json]:
    size = int.from_bytes(reader.at(0, _DATA_AT), "little")
    if size > LIMITS.json_header_bytes:
        raise Malformed(ProblemKind.OVER_LIMIT, at=0, detail=f"{size} bytes of header")
    try:
        found = parse(reader.at(_DATA_AT, size), max_bytes=LIMITS.json_header_bytes)
    except BadJson as error:
        raise _bad(f"the header: {error}") from error
    if not isinstance(found, dict):
        raise _bad("the header is no JSON object")
    return found


def _bad(detail: str) -> Malformed:
    return Malformed(ProblemKind.BAD_HEADER, at=None, detail=detail)
