"""safetensors: a JSON header and nothing but tensors behind it. Checks that they tile the rest exactly.

Source: the format section of huggingface/safetensors' README and safetensors/src/tensor.rs, version 0.8.
"""

from collections import Counter
from collections.abc import Iterator

from ringfence.artifacts.format import Format, Inside
from ringfence.artifacts.json_table import bad_json
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind, past_end
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.bounded_json import BadJson, Json, parse
from ringfence.core.dataclass import dataclass
from ringfence.core.facts import Fact, FactName
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip

__all__ = ["FORMAT"]

_BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8,
    "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "I16": 16, "U16": 16, "F16": 16, "BF16": 16,
    "I32": 32, "U32": 32, "F32": 32, "I64": 64, "U64": 64, "F64": 64, "C64": 64,
}  # fmt: skip

_FACT_OF_KEY = {
    "modelspec.title": FactName.NAME,
    "modelspec.architecture": FactName.ARCHITECTURE,
    "modelspec.license": FactName.LICENSE,
}
_DIMENSIONS = 64
_DATA_AT = 8


@dataclass(frozen=True, slots=True)
class _Span:
    """Where a tensor lies behind the header."""

    start: int
    end: int
    name: str


def _sniff(reader: Reader) -> bool:
    head = reader.head
    if head[8:9] != b"{":
        return False
    if b'"dtype"' in head or b'"__metadata__"' in head:
        return True
    size = _header_bytes(reader)
    fits = 2 <= size <= min(reader.size_bytes - _DATA_AT, LIMITS.header_bytes)
    return fits and reader.at(_DATA_AT + size - 1, 1) in b"} "


def _sniff_named(reader: Reader) -> bool:
    return reader.head[8:9] == b"{"


def _read(reader: Reader) -> Iterator[Fact | Problem]:
    size = _header_bytes(reader)
    metadata, header = reader.once(_header)
    yield from _metadata_facts(metadata)
    yield Fact(name=FactName.TENSORS, value=len(header))
    elements: Counter[str] = Counter()
    spans: list[_Span] = []
    for name, tensor in header.items():
        problem = _add_tensor(name, tensor, elements, spans)
        if problem:
            yield problem
    if elements:
        yield Fact(name=FactName.PARAMETERS, value=elements.total())
        yield Fact(name=FactName.DTYPES, value=tuple(name for name, _ in elements.most_common()))
    yield from _check_spans(spans, _DATA_AT + size, reader.size_bytes)


def _judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    """The structure, what the metadata holds, and what stands behind the tensors."""
    from ringfence.artifacts.texts.suspicious_text import judge_name, judge_value
    from ringfence.artifacts.texts.templates import judge_template

    for item in _read(reader):
        if isinstance(item, Problem):
            yield item
            if item.kind is ProblemKind.TRAILING_DATA and item.at is not None:
                yield Inside(name="", reader=reader.part(item.at, reader.size_bytes - item.at), at=item.at)
    metadata, header = reader.once(_header)
    for key, value in metadata.items() if isinstance(metadata, dict) else ():
        reader.budget.check_time(at=0)
        if key.startswith("chat_template") and isinstance(value, str):
            yield from judge_template(value, budget=reader.budget)
        yield from judge_value(key, value if isinstance(value, str) else "", budget=reader.budget)
    for name in header:
        yield from judge_name(name)


FORMAT = Format(
    name="safetensors",
    title="safetensors",
    suffixes=(".safetensors",),
    sniff=_sniff,
    sniff_named=_sniff_named,
    read=_read,
    judge=_judge,
    judges_structure=True,
)


def _header_bytes(reader: Reader) -> int:
    return int.from_bytes(reader.head[:8], "little")


def _header(reader: Reader) -> tuple[Json, dict[str, Json]]:
    """The metadata, and what the header says of each tensor."""
    size = _header_bytes(reader)
    if size > reader.size_bytes - _DATA_AT:
        detail = f"a header of {size} bytes does not fit into the file's {reader.size_bytes}"
        if size > LIMITS.header_bytes:
            raise Malformed(ProblemKind.DOES_NOT_FIT, at=0, detail=detail)
        raise Malformed(ProblemKind.TRUNCATED, at=0, detail=detail)
    header = _parse(reader, size)
    return header.pop("__metadata__", {}), header


def _parse(reader: Reader, size: int) -> dict[str, Json]:
    if size > LIMITS.json_header_bytes:
        raise Malformed(ProblemKind.OVER_LIMIT, at=0, detail=f"{size} bytes of header")
    data = reader.at(_DATA_AT, size)
    if data.count(b"{") + data.count(b"[") > LIMITS.header_items:
        raise Malformed(
            ProblemKind.OVER_LIMIT, at=0, detail=f"more than {LIMITS.header_items} items in the header"
        )
    try:
        header = parse(data, max_bytes=LIMITS.json_header_bytes)
    except BadJson as error:
        raise bad_json(error, at=_DATA_AT, of="the header") from error
    if not isinstance(header, dict):
        raise Malformed(ProblemKind.BAD_HEADER, at=_DATA_AT, detail="the header is no JSON object")
    return header


def _metadata_facts(metadata: Json) -> Iterator[Fact | Problem]:
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        yield Problem(
            kind=ProblemKind.BAD_HEADER, at=_DATA_AT, detail="__metadata__ is not a table of strings"
        )
        return
    for key, name in _FACT_OF_KEY.items():
        if value := metadata.get(key):
            yield Fact(name=name, value=str(value))
    others = [f"{key}={value}" for key, value in metadata.items() if key not in _FACT_OF_KEY]
    if others:
        yield Fact(name=FactName.METADATA, value=tuple(others[: LIMITS.evidence_items]))


def _add_tensor(name: str, tensor: Json, elements: Counter[str], spans: list[_Span]) -> Problem | None:
    """Counts the tensor in; what is wrong with its entry."""
    shown = clip(name, chars=80)
    match tensor:
        case {"dtype": str(dtype), "shape": list(shape), "data_offsets": [int(start), int(end)]}:
            pass
        case _:
            return Problem(
                kind=ProblemKind.BAD_HEADER, at=_DATA_AT, detail=f"{shown} is no dtype, shape and offsets"
            )
    bits = _BITS.get(dtype)
    if bits is None:
        detail = f"{shown} has the unknown dtype {clip(dtype, chars=20)}"
        return Problem(kind=ProblemKind.BAD_HEADER, at=_DATA_AT, detail=detail)
    n = _product(shape)
    if n is None or not 0 <= start <= end < 1 << 63:
        return Problem(
            kind=ProblemKind.BAD_HEADER, at=_DATA_AT, detail=f"{shown} has an impossible shape or place"
        )
    spans.append(_Span(start, end, shown))
    elements[dtype] += n
    if n * bits != 8 * (end - start):
        detail = f"{shown} has {n} {dtype} elements in {end - start} bytes"
        return Problem(kind=ProblemKind.BAD_HEADER, at=_DATA_AT, detail=detail)
    return None


def _product(shape: list[Json]) -> int | None:
    """Elements of that shape; None when it is none or they are 2^63 or more."""
    n = 1
    for size in shape if len(shape) <= _DIMENSIONS else [None]:
        if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size < 1 << 63:
            return None
        n *= size
        if n >= 1 << 63:
            return None
    return n


def _check_spans(spans: list[_Span], data: int, size_bytes: int) -> Iterator[Problem]:
    """Whether the tensors tile the rest of the file: no gap, no overlap, nothing left."""
    end = 0
    for span in sorted(spans, key=lambda each: (each.start, each.end)):
        at = data + span.start
        if data + span.end > size_bytes:
            detail = f"{span.name} ends at {data + span.end}, past the file's {size_bytes} bytes"
            yield past_end(span.end, at=at, detail=detail)
            return
        if span.start < end:
            detail = f"{span.name} shares bytes with another tensor"
            yield Problem(kind=ProblemKind.OVERLAP, at=at, detail=detail)
        elif span.start > end:
            detail = f"{span.start - end} bytes before {span.name} belong to no tensor"
            yield Problem(kind=ProblemKind.BAD_HEADER, at=data + end, detail=detail)
        end = max(end, span.end)
    if data + end < size_bytes:
        detail = f"{size_bytes - data - end} bytes behind the last tensor"
        yield Problem(kind=ProblemKind.TRAILING_DATA, at=data + end, detail=detail)
