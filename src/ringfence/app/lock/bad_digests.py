"""Digests of files that nobody should load, from a feed that a company keeps.

    {"schema": "ringfence.bad-digests/1", "digests": [{"sha256": "9a0b…", "reason": "pickle with a miner"}]}

or a text with a digest and a reason to a line, where lines that begin with # say nothing. A feed that cannot
be read whole is an error: part of a list of dangers is no list.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from ringfence.core.bounded_json import BadJson, Json, parse
from ringfence.core.digests import Sha256, parse_sha256
from ringfence.core.errors import UsageError
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip, printable
from ringfence.endpoint.opening import read_small

__all__ = ["SCHEMA", "read_bad_digests"]

SCHEMA = "ringfence.bad-digests/1"
_HINT = f"it is JSON of the schema {SCHEMA}, or has lines of a SHA-256 and a reason"


def read_bad_digests(path: Path) -> Mapping[Sha256, str]:
    """The reason for each digest.

    Raises:
        UsageError: it cannot be read, or is no such feed.
    """
    data = read_small(path, max_bytes=LIMITS.bad_digests_bytes)
    if not isinstance(data, bytes):
        raise UsageError(
            f"{printable(str(path))}: {data.reason if data else 'there is no such file'}", hint=_HINT
        )
    try:
        pairs = _from_json(data) if data.lstrip()[:1] == b"{" else _from_text(data)
        return dict(pairs)
    except (BadJson, ValueError) as error:
        raise UsageError(f"{printable(str(path))}: no feed of bad digests ({error})", hint=_HINT) from error


def _from_json(data: bytes) -> Iterator[tuple[Sha256, str]]:
    document = parse(data, max_bytes=LIMITS.bad_digests_bytes)
    if (
        not isinstance(document, dict)
        or document.keys() != {"schema", "digests"}
        or document["schema"] != SCHEMA
    ):
        raise ValueError("another schema, or keys that are not known")
    entries = document["digests"]
    if not isinstance(entries, list):
        raise ValueError("digests is not a list")
    for entry in entries:
        if not isinstance(entry, dict) or not {"sha256"} <= entry.keys() <= {"sha256", "reason"}:
            raise ValueError("an entry is not an object of sha256 and reason")
        yield _digest(entry["sha256"]), _reason(entry.get("reason", ""))


def _from_text(data: bytes) -> Iterator[tuple[Sha256, str]]:
    for line in data.decode("utf-8-sig").splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            digest, _, reason = line.strip().partition(" ")
            yield _digest(digest), _reason(reason.strip())


def _digest(value: Json) -> Sha256:
    digest = parse_sha256(value) if isinstance(value, str) else None
    if digest is None:
        raise ValueError("a sha256 that is none")
    return digest


def _reason(value: Json) -> str:
    if not isinstance(value, str):
        raise ValueError("a reason that is no text")
    return clip(value, chars=LIMITS.evidence_chars)
