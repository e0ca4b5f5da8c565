"""What explains that a large model lies here: records in `models.lock` documents.

    {"schema": "ringfence.models.lock/1",
     "models": [{"name": "acme/chat", "revision": "4f1c…", "explanation": "approval", "by": "dana",
                 "files": [{"path": "model.gguf", "sha256": "9a0b…"}]}]}

`revision` and `by` may be null or left out. A document with anything else in it explains nothing, because it
was written for rules that this version does not know. A record is a statement by whoever wrote the file;
docs/decisions/0003 says what that is worth.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from ringfence.core.bounded_json import BadJson, Json, parse
from ringfence.core.digests import Sha256, parse_sha256
from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.core.models import Model, ModelFile
from ringfence.core.text import clip, printable
from ringfence.endpoint.opening import read_small

__all__ = [
    "NO_EXPLANATIONS",
    "SCHEMA",
    "BadLock",
    "Explained",
    "Explanations",
    "LockRecord",
    "Reason",
    "parse_lock",
    "read_explanations",
]

SCHEMA = "ringfence.models.lock/1"

_OPENING_COST = 1024  # bytes that could have been read instead of opening one more file


class BadLock(ValueError):
    """Not a models.lock of this version. The message never quotes the document."""


class Reason(StrEnum):
    """Why a model may lie here."""

    LOCK = "lock"  # a project depends on it
    APPROVAL = "approval"  # somebody allowed it
    PULL = "pull"  # it came through a way that keeps records


@dataclass(frozen=True, slots=True, kw_only=True)
class LockRecord:
    """One model that a document explains. Names are as the document writes them, clipped."""

    name: str
    revision: str | None
    reason: Reason
    by: str | None
    digests: frozenset[Sha256]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """Why a model may lie here. `claimed` when some file's digest has not been verified yet."""

    records: tuple[LockRecord, ...]
    claimed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanations:
    """All records that were found, by digest, and the documents that could not be used."""

    by_digest: Mapping[Sha256, LockRecord]
    skipped: tuple[Skipped, ...] = ()

    def explains(self, file: ModelFile) -> LockRecord | None:
        """The record for one file: by its verified digest, or by the claimed one until it is verified."""
        digest = file.sha256 or file.sha256_claimed
        return self.by_digest.get(digest) if digest else None

    def explain(self, model: Model) -> Explained | None:
        """Why the model may lie here; None unless a record stands for every weight file it has."""
        weights = tuple(file for file in model.files if file.format is not None)
        records = tuple(self.explains(file) for file in weights)
        if not records or None in records:
            return None
        return Explained(
            records=tuple(dict.fromkeys(record for record in records if record)),
            claimed=any(file.sha256 is None for file in weights),
        )


NO_EXPLANATIONS = Explanations(by_digest=MappingProxyType({}))


def read_explanations(paths: Iterable[Path]) -> Explanations:
    """The records of the documents at `paths`; of two records for one digest the first counts.

    Once `limits.locks_bytes` are read, the rest explains nothing.
    """
    by_digest: dict[Sha256, LockRecord] = {}
    skipped: list[Skipped] = []
    left = LIMITS.locks_bytes
    for path in paths:
        read: bytes | Skipped | None = None
        if left > 0:
            read = read_small(path, max_bytes=LIMITS.json_bytes)
        if isinstance(read, bytes):
            left -= max(len(read), _OPENING_COST)
            try:
                for record in parse_lock(read):
                    by_digest.update({d: record for d in record.digests if d not in by_digest})
                continue
            except BadLock as error:
                reason = f"no {SCHEMA}: {error}"
        elif left <= 0:
            reason = f"more than {LIMITS.locks_bytes} bytes of such documents"
        else:
            reason = read.reason if read else "there is no such file"
        skipped.append(Skipped(kind="models.lock", subject=printable(str(path)), reason=reason))
    return Explanations(by_digest=MappingProxyType(by_digest), skipped=tuple(skipped))


def parse_lock(data: bytes) -> tuple[LockRecord, ...]:
    """The records of one document.

    Raises:
        BadLock: it is no such document, or has keys that this version does not know.
    """
    try:
        document = parse(data)
    except BadJson as error:
        raise BadLock(str(error)) from error
    top = _object(document, "the document", required={"schema", "models"})
    if top["schema"] != SCHEMA:
        raise BadLock("another schema")
    return tuple(_record(entry) for entry in _list(top["models"], "models", LIMITS.store_models))


def _record(entry: Json) -> LockRecord:
    record = _object(entry, "a model", required={"name", "explanation", "files"}, optional={"revision", "by"})
    reason = _text(record["explanation"], "explanation")
    if reason not in set(Reason):
        raise BadLock("an explanation that does not exist")
    return LockRecord(
        name=_text(record["name"], "name"),
        revision=_optional_text(record.get("revision"), "revision"),
        reason=Reason(reason),
        by=_optional_text(record.get("by"), "by"),
        digests=frozenset(_digest(file) for file in _list(record["files"], "files", LIMITS.model_files)),
    )


def _digest(entry: Json) -> Sha256:
    file = _object(entry, "a file", required={"path", "sha256"})
    _text(file["path"], "path")
    digest = parse_sha256(_text(file["sha256"], "sha256"))
    if digest is None:
        raise BadLock("a sha256 that is none")
    return digest


def _object(
    value: Json, what: str, *, required: set[str], optional: frozenset[str] | set[str] = frozenset()
) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise BadLock(f"{what} is not an object")
    if missing := required - value.keys():
        raise BadLock(f"{what} has no {min(missing)}")
    if value.keys() - required - optional:
        raise BadLock(f"{what} has a key that this version does not know")
    return value


def _list(value: Json, what: str, at_most: int) -> list[Json]:
    if not isinstance(value, list):
        raise BadLock(f"{what} is not a list")
    if len(value) > at_most:
        raise BadLock(f"{what} has more than {at_most} entries")
    return value


def _text(value: Json, what: str) -> str:
    if not isinstance(value, str) or not value:
        raise BadLock(f"{what} is not a text")
    return clip(value, chars=LIMITS.name_chars)


def _optional_text(value: Json, what: str) -> str | None:
    return None if value is None else _text(value, what)
