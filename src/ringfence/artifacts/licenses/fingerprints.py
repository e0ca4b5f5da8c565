"""What is kept of a license's text, from which nobody can read it: a digest, and one for each small part.

A text's words are cut where they say so themselves: behind a word whose checksum and that of the one before
it come to a multiple of `_ABOUT_WORDS`. So a text that was changed in one place is cut as before in all
others, and its other parts are found again wherever they stand. Source of the idea: content-defined
chunking, as in A. Muthitacharoen et al., A Low-bandwidth Network File System, 2001.

license_texts.json beside this file is made by scripts/license_texts.py.
"""

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TypedDict, cast
from zlib import crc32

from ringfence.core.bounded_json import parse
from ringfence.core.dataclass import dataclass

__all__ = [
    "Fingerprint",
    "Part",
    "all_fingerprints",
    "digest_of",
    "known_digests",
    "known_expressions",
    "packed",
    "parts_of",
]

_ABOUT_WORDS = 6  # of one part, in the mean
_MOST_WORDS = 64  # of one part
_HASH_BYTES = 4
_PART_BYTES = _HASH_BYTES + 1

Part = tuple[bytes, int]
"""A digest of some words that stand together, and how many these are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """One text of a license."""

    expression: str
    digest: str  # of all its words
    words: int
    parts: tuple[Part, ...]


class _Text(TypedDict):
    expression: str
    source: str
    sha256: str
    parts: str


class _Document(TypedDict):
    texts: list[_Text]


def digest_of(words: Sequence[str]) -> str:
    """SHA-256 over words, one space between two, in hexadecimal."""
    return hashlib.sha256(" ".join(words).encode()).hexdigest()


def parts_of(words: Sequence[str]) -> tuple[Part, ...]:
    """The words, cut into parts; together they are all words, in their order."""
    parts: list[Part] = []
    start = before = 0
    for end, word in enumerate(words, start=1):
        own = crc32(word.encode())
        if (own ^ before) % _ABOUT_WORDS == 0 or end - start == _MOST_WORDS or end == len(words):
            data = " ".join(words[start:end]).encode()
            parts.append((hashlib.blake2b(data, digest_size=_HASH_BYTES).digest(), end - start))
            start = end
        before = own >> 1
    return tuple(parts)


def packed(parts: Sequence[Part]) -> str:
    """Parts as they stand in the table."""
    return b64encode(b"".join(digest + bytes([words]) for digest, words in parts)).decode()


@cache
def known_digests() -> Mapping[str, str]:
    """Expressions by the digest of a whole text."""
    return MappingProxyType({each["sha256"]: each["expression"] for each in _texts()})


@cache
def known_expressions() -> frozenset[str]:
    """The licenses of which a text is known."""
    return frozenset(known_digests().values())


@cache
def all_fingerprints() -> tuple[Fingerprint, ...]:
    """All that is known of texts, read on first use."""
    return tuple(
        Fingerprint(
            expression=each["expression"],
            digest=each["sha256"],
            words=sum(words for _, words in parts),
            parts=parts,
        )
        for each in _texts()
        for parts in (_unpacked(each["parts"]),)
    )


@cache
def _texts() -> tuple[_Text, ...]:
    document = cast("_Document", parse(Path(__file__).with_name("license_texts.json").read_bytes()))
    return tuple(document["texts"])


def _unpacked(text: str) -> tuple[Part, ...]:
    data = b64decode(text)
    return tuple(
        (data[at : at + _HASH_BYTES], data[at + _HASH_BYTES]) for at in range(0, len(data), _PART_BYTES)
    )
