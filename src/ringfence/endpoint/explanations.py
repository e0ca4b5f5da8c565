"""What explains that a large model lies here: records in `models.lock` documents (`core.locks`).

A record is a statement by whoever wrote the file; docs/decisions/0003 says what that is worth.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from ringfence.core import locks
from ringfence.core.dataclass import dataclass
from ringfence.core.digests import Sha256
from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.core.locks import SCHEMA, BadLock, Reason
from ringfence.core.models import Model, ModelFile
from ringfence.core.text import printable
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

_OPENING_COST = 1024  # bytes that could have been read instead of opening one more file


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
    return tuple(
        LockRecord(
            name=model.name,
            revision=model.revision,
            reason=model.explanation,
            by=model.by,
            digests=frozenset(file.sha256 for file in model.files),
        )
        for model in locks.parse_lock(data).models
    )
