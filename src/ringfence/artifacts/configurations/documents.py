"""JSON of strangers as values, forgiving what loaders forgive, with what else a key that stands twice had."""

import json
from collections.abc import Iterator
from dataclasses import field

from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.core.bounded_json import Json
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS

__all__ = ["Document", "Entry", "entries", "json_documents"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One document. `shadowed` is what a loader that takes the first of two equal keys would see."""

    value: Json
    shadowed: list[tuple[str, Json]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One mapping within a document."""

    path: str  # keys from the top, for people: task.model
    mapping: dict[str, Json]


def json_documents(data: bytes) -> list[Document]:
    """The one document, or one for each line where that is how it is written.

    NaN and Infinity are let through, as by the loaders of models, which write them.

    Raises:
        Malformed: too long, too deep, not UTF-8, or not JSON.
    """
    if len(data) > LIMITS.configuration_json_bytes:
        raise Malformed(
            ProblemKind.OVER_LIMIT, at=0, detail=f"more than {LIMITS.configuration_json_bytes} bytes of JSON"
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Malformed(ProblemKind.BAD_HEADER, at=error.start, detail="the JSON is not UTF-8") from error
    try:
        return [_parsed(text)]
    except ValueError as error:
        first, _, rest = text.partition("\n")
        if rest.strip() and _is_document(first):
            return _lines(text)
        at = error.pos if isinstance(error, json.JSONDecodeError) else None
        raise Malformed(ProblemKind.BAD_HEADER, at=at, detail="not valid JSON") from error
    except RecursionError as error:
        raise Malformed(ProblemKind.OVER_LIMIT, at=None, detail="nested too deep") from error


def entries(value: Json) -> Iterator[Entry]:
    """All mappings, from the outside in and in the order of the text; what is shared comes once."""
    waiting: list[tuple[str, Json]] = [("", value)]
    seen: set[int] = set()
    while waiting:
        path, node = waiting.pop()
        if isinstance(node, dict):
            if id(node) in seen:
                continue
            seen.add(id(node))
            yield Entry(path=path, mapping=node)
            inner = [
                (f"{path}.{key}" if path else key, each)
                for key, each in node.items()
                if isinstance(each, dict | list)
            ]
            waiting.extend(reversed(inner))
        elif isinstance(node, list):
            if id(node) in seen:
                continue
            seen.add(id(node))
            waiting.extend((path, each) for each in reversed(node) if isinstance(each, dict | list))


def _parsed(text: str) -> Document:
    shadowed: list[tuple[str, Json]] = []

    def pairs(found: list[tuple[str, Json]]) -> dict[str, Json]:
        mapping = dict(found)
        if len(mapping) != len(found):
            for key, value in found:
                if mapping[key] is not value:
                    shadowed.append((key, value))
        return mapping

    return Document(value=json.loads(text, object_pairs_hook=pairs), shadowed=shadowed)


def _is_document(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict | list)
    except (ValueError, RecursionError):
        return False


def _lines(text: str) -> list[Document]:
    found = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                found.append(_parsed(line))
            except (ValueError, RecursionError) as error:
                raise Malformed(
                    ProblemKind.BAD_HEADER, at=None, detail=f"line {number} is not valid JSON"
                ) from error
    return found
