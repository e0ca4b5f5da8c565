"""JSON files that are one large table: models of trees."""

from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.core.bounded_json import BadJson, DuplicateKey, Json, parse
from ringfence.core.limits import LIMITS

__all__ = ["table_of"]


def table_of(reader: Reader) -> dict[str, Json]:
    """The object that is the whole file.

    Raises:
        Malformed: it is none, has a key twice, or is larger than `limits.judged_json_bytes`.
    """
    if reader.size_bytes > LIMITS.judged_json_bytes:
        raise Malformed(ProblemKind.OVER_LIMIT, at=0, detail=f"{reader.size_bytes} bytes of JSON")
    try:
        value = parse(reader.at(0, reader.size_bytes), max_bytes=LIMITS.judged_json_bytes)
    except BadJson as error:
        kind = ProblemKind.DUPLICATE_KEY if isinstance(error, DuplicateKey) else ProblemKind.BAD_HEADER
        raise Malformed(kind, at=0, detail=str(error)) from error
    if not isinstance(value, dict):
        raise Malformed(ProblemKind.BAD_HEADER, at=0, detail="no JSON object")
    return value
