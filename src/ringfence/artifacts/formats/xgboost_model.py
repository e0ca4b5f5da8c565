"""XGBoost's models: JSON, and the same in UBJSON. The old binary form is identified only.

Pure data: trees, weights and texts; nothing in them is called. The texts that users attach are foreign.

Source: XGBoost's doc/model.schema; src/learner.cc for the old form.
"""

from collections.abc import Iterator

from ringfence.artifacts import ubjson
from ringfence.artifacts.format import Format, Inside
from ringfence.artifacts.json_table import table_of
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.facts import Fact, FactName

__all__ = ["FORMAT"]

_KEYS = (b"learner", b"version", b"Config")
_UBJSON = tuple(
    b"{" + size + key
    for key in _KEYS
    for size in (b"L" + len(key).to_bytes(8, "big"), b"i" + bytes([len(key)]))
)
_OLD = (b"binf", b"CONFIG-offset:")
_PARTS = (b'"learner"', b'"version"', b'"Model"', b'"Config"')
_LEARNER = (b'"gradient_booster"', b'"learner_model_param"', b'"generic_param"', b'"attributes"')


def _sniff(reader: Reader) -> bool:
    head = reader.head
    return head.startswith((*_UBJSON, *_OLD)) or _is_json(head)


def _is_json(head: bytes) -> bool:
    start = head[:64].lstrip()
    return (
        start[:1] == b"{"
        and start[1:].lstrip().startswith(_PARTS)
        and b'"learner"' in head
        and any(each in head for each in _LEARNER)
    )


def _read(reader: Reader) -> Iterator[Fact]:
    if reader.head.startswith(_OLD):
        yield Fact(name=FactName.VERSION, value="binary, before 1.0")


def _judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    head = reader.head
    if head.startswith(_OLD):
        raise Malformed(ProblemKind.OVER_LIMIT, at=0, detail="the old binary form is not walked")
    if _is_json(head):
        _check(set(table_of(reader)))
        return
    keys: set[str] = set()
    for text in ubjson.texts(reader):
        keys.update(text.path[:1])
    _check(keys)
    if reader.remaining_bytes:
        detail = f"{reader.remaining_bytes} bytes behind the model"
        yield Problem(kind=ProblemKind.TRAILING_DATA, at=reader.offset, detail=detail)


def _check(keys: set[str]) -> None:
    if not keys & {"learner", "Model"}:
        raise Malformed(ProblemKind.BAD_HEADER, at=0, detail="a model without a learner")


FORMAT = Format(
    name="xgboost",
    title="XGBoost model",
    suffixes=(".ubj",),
    written_as=(".json",),
    sniff=_sniff,
    starts=(*_OLD, b"{", b" ", b"\t", b"\n", b"\r", b"\v", b"\f"),
    read=_read,
    judge=_judge,
)
