"""GGUF, the single-file format of llama.cpp. Reads keys and the list of tensors; never touches a tensor.

Source: ggml docs/gguf.md, versions 1 to 3 (version 1 has 32-bit counts and lengths and is only identified).
"""

import math
import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from ringfence.artifacts.budget import Budget
from ringfence.artifacts.format import Format, Inside
from ringfence.artifacts.gguf_tokens import BY_LETTERS, TOKENS, TYPES, Listed, judge_lists
from ringfence.artifacts.gguf_types import TENSOR_TYPES
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind, past_end
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.dataclass import dataclass
from ringfence.core.facts import Fact, FactName
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip

__all__ = ["FORMAT"]

_VERSIONS_READ = (2, 3)
_VERSIONS_NOT_READ = {1: "too old to be read", 2 << 24: "big-endian", 3 << 24: "big-endian"}
_KEY_BYTES = 65_535
_TYPES_TO_COME = 256  # tensor types up to here may be younger than this file

_STRING, _ARRAY = 8, 9
_SCALARS = {
    0: "<B",
    1: "<b",
    2: "<H",
    3: "<h",
    4: "<I",
    5: "<i",
    6: "<f",
    7: "<?",
    10: "<Q",
    11: "<q",
    12: "<d",
}
# What follows a tensor's name and number of dimensions: sizes, type, offset.
_TENSOR = {dimensions: struct.Struct(f"<{dimensions}QIQ") for dimensions in range(1, 5)}
_SCALAR = {kind: struct.Struct(code) for kind, code in _SCALARS.items()}

# llama_ftype → the name that quantisers put into file names; llama.h, September 2026.
_FILE_TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S",
    12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K",
    19: "IQ2_XXS", 20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL",
    26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S", 29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16",
    36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4_MOE", 39: "NVFP4", 40: "Q1_0",
}  # fmt: skip

_TEMPLATE = "tokenizer.chat_template"
_FACT_OF_KEY = {
    "general.name": FactName.NAME,
    "general.architecture": FactName.ARCHITECTURE,
    "general.license": FactName.LICENSE,
    "general.license.name": FactName.LICENSE_NAME,
    "general.license.link": FactName.LICENSE_LINK,
    "general.quantized_by": FactName.PRODUCER,
    _TEMPLATE: FactName.CHAT_TEMPLATE,
}

# Of the other strings nothing is kept.
_KEPT = frozenset(_FACT_OF_KEY)
_KEPT_PREFIX = "general.base_model."

_Value = str | int | float | bool | None
_Keys = dict[str, _Value]


def _sniff(reader: Reader) -> bool:
    return reader.head[:4] == b"GGUF" and reader.size_bytes >= 8


@dataclass(slots=True)
class _Text:
    """A string that a key holds."""

    at: int  # of the key
    key: str
    value: bytes


def _read(reader: Reader) -> Iterator[Fact | Problem]:
    yield from (item for item in _read_header(reader, {}, None) if not isinstance(item, _Text))


def _judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    """The structure, every string that a key holds, and what templates and the vocabulary would do."""
    keys: _Keys = {}
    listed = Listed()
    broken: Malformed | None = None
    try:
        for item in _read_header(reader, keys, listed):
            if isinstance(item, Problem):
                yield item
                if item.kind is ProblemKind.TRAILING_DATA and item.at is not None:
                    yield Inside(
                        name="", reader=reader.part(item.at, reader.size_bytes - item.at), at=item.at
                    )
            elif isinstance(item, _Text):
                listed.by_letters = listed.by_letters or (item.key, item.value) == BY_LETTERS
                reader.budget.check_time(at=item.at)
                yield from (replace(each, at=item.at) for each in _judge_text(item, reader.budget))
    except Malformed as stop:
        broken = stop
    yield from judge_lists(reader, listed, keys)
    if broken:
        raise broken


def _judge_text(item: _Text, budget: Budget) -> Iterator[Spotted]:
    from ringfence.artifacts.texts.suspicious_text import judge_value
    from ringfence.artifacts.texts.templates import judge_template

    key, text = item.key, _text(item.value)
    is_template = key == _TEMPLATE or key.startswith(_TEMPLATE + ".")
    if is_template:
        yield from judge_template(text, budget=budget)
    yield from judge_value(key, "" if is_template else text, budget=budget)


def _read_header(reader: Reader, keys: _Keys, listed: Listed | None) -> Iterator[Fact | Problem | _Text]:
    reader.skip(4)
    version = reader.u32()
    yield Fact(name=FactName.VERSION, value=str(version))
    if version not in _VERSIONS_READ:
        why = _VERSIONS_NOT_READ.get(version)
        kind = ProblemKind.OVER_LIMIT if why else ProblemKind.BAD_HEADER
        raise Malformed(kind, at=4, detail=f"version {version} is {why or 'unknown'}")
    tensors = reader.count(each_at_least_bytes=24)
    yield Fact(name=FactName.TENSORS, value=tensors)
    yield from _read_keys(reader, keys, listed)
    yield from _facts(keys)
    yield from _read_tensors(reader, tensors, keys)


FORMAT = Format(
    name="gguf",
    title="GGUF (llama.cpp)",
    suffixes=(".gguf",),
    sniff=_sniff,
    starts=(b"GGUF",),
    read=_read,
    judge=_judge,
    judges_structure=True,
)


def _read_keys(reader: Reader, keys: _Keys, listed: Listed | None) -> Iterator[Problem | _Text]:
    """Fills `keys` with every key; with numbers, and the strings that become facts; `listed` with lists."""
    arrays = _Arrays(reader, listed)
    count = reader.count(each_at_least_bytes=13)
    for _ in range(_at_most(count, reader.offset)):
        at = reader.offset
        key = _text(reader.string(max_bytes=_KEY_BYTES))
        kind = reader.u32()
        value: _Value = None
        if kind == _STRING:
            text = reader.string()
            value = _kept(key, text)
            yield _Text(at, key, text)
        elif kind == _ARRAY:
            count = arrays.skip(key, depth=1)
            value = count if key == TOKENS else None
        else:
            value = _read_scalar(reader, kind)
        if key in keys:
            yield Problem(
                kind=ProblemKind.DUPLICATE_KEY, at=at, detail=f"key {clip(key, chars=80)} stands twice"
            )
            continue
        keys[key] = value


def _kept(key: str, text: bytes) -> str | None:
    wanted = key in _KEPT or key.startswith(_KEPT_PREFIX)
    return _text(text[: 4 * LIMITS.metadata_value_chars]) if wanted else None


def _read_scalar(reader: Reader, kind: int) -> _Value:
    scalar = _SCALAR.get(kind)
    if scalar is None:
        raise Malformed(
            ProblemKind.BAD_HEADER, at=reader.offset - 4, detail=f"value type {kind} does not exist"
        )
    value: _Value = scalar.unpack(reader.take(scalar.size))[0]
    return value


class _Arrays:
    """Steps over arrays. Those within others are counted: an empty one costs an attacker 12 bytes."""

    def __init__(self, reader: Reader, listed: Listed | None) -> None:
        self._reader = reader
        self._listed = listed
        self._left = LIMITS.nested_arrays
        self._strings_left = LIMITS.header_strings

    def skip(self, key: str, *, depth: int) -> int:
        """Moves behind the array whose type comes next, and says how many items it has."""
        reader = self._reader
        self._left -= depth > 1
        if depth > LIMITS.header_depth or not self._left:
            detail = f"arrays nested deeper than {depth - 1}" if self._left else "too many nested arrays"
            raise Malformed(ProblemKind.OVER_LIMIT, at=reader.offset, detail=detail)
        kind = reader.u32()
        count = reader.count(each_at_least_bytes=_smallest_item(kind, reader.offset))
        if kind == _STRING:
            self._strings_left -= count
            if self._strings_left < 0:
                raise Malformed(
                    ProblemKind.OVER_LIMIT, at=reader.offset - 8, detail=f"a list of {count} strings"
                )
            if self._listed is None:
                reader.skip_strings(count)
            else:
                self._listed.read(reader, key, count)
        elif kind == _ARRAY:
            for _ in range(_at_most(count, reader.offset)):
                self.skip(key, depth=depth + 1)
        else:
            if self._listed is not None and key == TYPES:
                self._listed.types = (reader.offset, count, kind)
            reader.skip(count * _SCALAR[kind].size)
        return count


def _smallest_item(kind: int, offset: int) -> int:
    """Bytes that an item of an array takes at least."""
    if kind in _SCALAR:
        return _SCALAR[kind].size
    if kind not in (_STRING, _ARRAY):
        raise Malformed(ProblemKind.BAD_HEADER, at=offset - 4, detail=f"array type {kind} does not exist")
    return 8 if kind == _STRING else 12


def _facts(keys: _Keys) -> Iterator[Fact]:
    for key, name in _FACT_OF_KEY.items():
        value = keys.get(key)
        if isinstance(value, str) and value:
            yield Fact(name=name, value=clip(value, chars=LIMITS.metadata_value_chars))
    file_type = keys.get("general.file_type")
    if isinstance(file_type, int) and file_type in _FILE_TYPES:
        yield Fact(name=FactName.QUANTIZATION, value=_FILE_TYPES[file_type])
    context = keys.get(f"{keys.get('general.architecture')}.context_length")
    if isinstance(context, int):
        yield Fact(name=FactName.CONTEXT, value=context)
    shards = keys.get("split.count")
    if isinstance(shards, int) and shards > 1:
        yield Fact(name=FactName.SHARDS, value=shards)
    templates = tuple(k.removeprefix(_TEMPLATE + ".") for k in keys if k.startswith(_TEMPLATE + "."))
    if _TEMPLATE in keys:
        templates = ("default", *templates)
    if templates:
        yield Fact(name=FactName.CHAT_TEMPLATES, value=templates[: LIMITS.evidence_items])
    bases = tuple(_base_models(keys))
    if bases:
        yield Fact(name=FactName.BASE_MODELS, value=bases)


def _base_models(keys: _Keys) -> Iterator[str]:
    for i in range(LIMITS.evidence_items):
        stated = keys.get(f"general.base_model.{i}.repo_url") or keys.get(f"general.base_model.{i}.name")
        if not isinstance(stated, str):
            return
        yield clip(stated, chars=LIMITS.name_chars)


def _read_tensors(reader: Reader, count: int, keys: _Keys) -> Iterator[Fact | Problem]:
    alignment = keys.get("general.alignment", 32)
    if not isinstance(alignment, int) or alignment < 1 or alignment & (alignment - 1):
        raise Malformed(ProblemKind.BAD_HEADER, at=None, detail="the alignment is no power of two")
    elements: Counter[str] = Counter()
    spans: list[tuple[int, int]] = []
    names: set[bytes] = set()
    for _ in range(_at_most(count, reader.offset)):
        at = reader.offset
        name = reader.string(max_bytes=_KEY_BYTES)
        if name in names:
            shown = clip(_text(name), chars=80)
            yield Problem(kind=ProblemKind.DUPLICATE_KEY, at=at, detail=f"tensor {shown} stands twice")
        names.add(name)
        spans.append(_read_tensor(reader, at, elements))
    if elements:
        yield Fact(name=FactName.PARAMETERS, value=elements.total())
        yield Fact(name=FactName.DTYPES, value=tuple(name for name, _ in elements.most_common()))
    data = -(-reader.offset // alignment) * alignment
    yield from _check_spans(spans, data, alignment, reader.size_bytes)


def _read_tensor(reader: Reader, at: int, elements: Counter[str]) -> tuple[int, int]:
    """What follows a tensor's name: (offset in the data, bytes)."""
    dimensions = reader.u32()
    if not 1 <= dimensions <= 4:
        raise Malformed(ProblemKind.BAD_HEADER, at=at, detail=f"a tensor of {dimensions} dimensions")
    *shape, kind, offset = _TENSOR[dimensions].unpack(reader.take(_TENSOR[dimensions].size))
    if kind not in TENSOR_TYPES:
        problem = ProblemKind.OVER_LIMIT if kind < _TYPES_TO_COME else ProblemKind.BAD_HEADER
        raise Malformed(problem, at=at, detail=f"tensor type {kind} is unknown")
    name, block_elements, block_bytes = TENSOR_TYPES[kind]
    n = math.prod(shape)
    if n >= 1 << 63:
        raise Malformed(ProblemKind.DOES_NOT_FIT, at=at, detail="a tensor of more than 2^63 elements")
    if not n or shape[0] % block_elements:
        raise Malformed(
            ProblemKind.BAD_HEADER, at=at, detail=f"a row of {shape[0]} is no whole {name} blocks"
        )
    elements[name] += n
    return offset, n // block_elements * block_bytes


def _check_spans(
    spans: list[tuple[int, int]], data: int, alignment: int, size_bytes: int
) -> Iterator[Problem]:
    end = 0
    for offset, size in sorted(spans):
        if data + offset + size > size_bytes:
            detail = f"a tensor of {size} bytes ends past the file's {size_bytes}"
            yield past_end(offset + size, at=data + offset, detail=detail)
            return
        if offset < end:
            yield Problem(kind=ProblemKind.OVERLAP, at=data + offset, detail="two tensors share bytes")
            return
        if offset % alignment:
            detail = f"a tensor does not lie at a multiple of {alignment}"
            yield Problem(kind=ProblemKind.BAD_HEADER, at=data + offset, detail=detail)
            return
        end = max(end, offset + size)
    end = data + -(-end // alignment) * alignment
    if end < size_bytes:
        detail = f"{size_bytes - end} bytes behind the last tensor"
        yield Problem(kind=ProblemKind.TRAILING_DATA, at=end, detail=detail)


def _at_most(count: int, offset: int) -> int:
    if count > LIMITS.header_items:
        raise Malformed(ProblemKind.OVER_LIMIT, at=offset - 8, detail=f"{count} items in one list")
    return count


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
