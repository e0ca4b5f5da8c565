"""JSON that is a whole file, and what it means when it is none."""

from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.core.bounded_json import BadJson, DuplicateKey, Json, parse
from ringfence.core.limits import LIMITS

__all__ = ["bad_json", "document_of", "table_of"]


def bad_json(error: BadJson, *, at: int | None, of: str = "") -> Malformed:
    """What is wrong with the document at `at`; `of` says whose it is where a file holds several."""
    kind = ProblemKind.DUPLICATE_KEY if isinstance(error, DuplicateKey) else ProblemKind.BAD_HEADER
    return Malformed(kind, at=at, detail=f"{of}: {error}" if of else str(error))


def document_of(reader: Reader) -> Json:
    """The value that is the whole file.

    Raises:
        Malformed: it is none, has a key twice, or is larger than `limits.judged_json_bytes`.
    """
    if reader.size_bytes > LIMITS.judged_json_bytes:
        raise Malformed(ProblemKind.OVER_LIMIT, at=0, detail=f"{reader.size_bytes} bytes of JSON")
    try:
        return parse(reader.at(0, reader.size_bytes), max_bytes=LIMITS.judged_json_bytes)
    except BadJson as error:
        raise bad_json(error, at=0) from error


def table_of(reader: Reader) -> dict[str, Json]:
    """The object that is the whole file.

    Raises:
        Malformed: it is no object, or as `document_of` does.
    """
    value = document_of(reader)
    if not isinstance(value, dict):
        raise Malformed(ProblemKind.BAD_HEADER, at=0, detail="no JSON object")
    return value
