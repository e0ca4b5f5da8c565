"""CatBoost's models: a flatbuffer behind its size, or JSON. Pure data.

Source: catboost/libs/model/flatbuffers/model.fbs and model_export/json_model_helpers.cpp.
"""

from collections.abc import Iterator

from ringfence.artifacts import payloads
from ringfence.artifacts.format import Format, Inside
from ringfence.artifacts.json_table import table_of
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.facts import Fact

__all__ = ["FORMAT"]

_MAGIC = b"CBM1"
_CORE_AT = 8
_PARTS_FIELD = 3  # of TModelCore: names of the parts that follow the core
_TREES_FIELD = 1
_TREES = ("oblivious_trees", "trees")


def _sniff(reader: Reader) -> bool:
    return reader.head.startswith(_MAGIC) or _is_json(reader.head)


def _is_json(head: bytes) -> bool:
    start = head.lstrip()
    return start[:1] == b"{" and start[1:].lstrip().startswith(
        (b'"features_info"', b'"ctr_data"', b'"model_info"')
    )


def _read(_reader: Reader) -> Iterator[Fact]:
    yield from ()


def _judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    if _is_json(reader.head):
        if not any(each in table_of(reader) for each in _TREES):
            raise Malformed(ProblemKind.BAD_HEADER, at=0, detail="a model without trees")
        return
    reader.skip(4)
    size = reader.u32()
    if size > reader.remaining_bytes:
        detail = f"a core of {size} bytes, of which {reader.remaining_bytes} are there"
        raise Malformed(ProblemKind.TRUNCATED, at=4, detail=detail)
    core = reader.part(_CORE_AT, size)
    if _field(core, _TREES_FIELD) is None:
        raise Malformed(ProblemKind.BAD_HEADER, at=_CORE_AT, detail="a model without trees")
    rest_at = _CORE_AT + size
    rest_bytes = reader.size_bytes - rest_at
    if not rest_bytes:
        return
    parts = _field(core, _PARTS_FIELD)
    if parts is None or not _number(core, parts + _number(core, parts, 4), 4):
        detail = f"{rest_bytes} bytes behind the model"
        yield Problem(kind=ProblemKind.TRAILING_DATA, at=rest_at, detail=detail)
    yield from payloads.in_weights(reader, rest_at, rest_bytes, name="what follows the trees")


def _field(core: Reader, number: int) -> int | None:
    """Where a field of the flatbuffer's root table lies; None when it is not there.

    Raises:
        Malformed: the table does not lie in the buffer.
    """
    table = _number(core, 0, 4)
    index = table - int.from_bytes(core.at(table, 4), "little", signed=True)
    if index < 0 or 4 + 2 * number + 2 > _number(core, index, 2):
        if index < 0:
            raise Malformed(ProblemKind.DOES_NOT_FIT, at=_CORE_AT, detail="no table in the flatbuffer")
        return None
    offset = _number(core, index + 4 + 2 * number, 2)
    return table + offset if offset else None


def _number(core: Reader, at: int, size_bytes: int) -> int:
    return int.from_bytes(core.at(at, size_bytes), "little")


FORMAT = Format(
    name="catboost",
    title="CatBoost model",
    suffixes=(".cbm",),
    written_as=(".json",),
    sniff=_sniff,
    starts=(_MAGIC, b"{", b" ", b"\t", b"\n", b"\r", b"\v", b"\f"),
    read=_read,
    judge=_judge,
)
