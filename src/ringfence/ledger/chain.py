"""The chain: what each event commits to, and how a reader tells that none was touched.

Theory. A stream is a list of events, numbered from 1. Each has a body and a header:

    commitment = SHA-256(salt ‖ body)                                salt: 16 random bytes
    header     = {at, commitment, prev, seq, stream, type, v}        RFC 8785 JSON
    hash       = SHA-256(header)                                     prev: the hash before it, zeros at first

The last hash of a stream thus stands for all of its headers, and each header for its body. A body that
was edited does not fit its commitment; an event that was taken out, put in or moved breaks `seq` or `prev`
at its place. Only who rewrites everything from there on makes a whole chain again, with another last hash:
that shows against a hash or a signature that is kept elsewhere.

Salt and body are pruned together. The commitment stays, the chain still holds, and without the salt nobody
can try out whether a guess was the body. Headers are never pruned, so they hold nothing personal: no name of
a person, host or file belongs into a stream's name.

`at` is what the clock said, in microseconds since 1970. A clock that goes backwards is recorded as it is: a
time that is corrected would be one that nobody read, and one wrong clock would push all later times into its
future. Order is `seq`, never `at`.

A header is put together from what the store has, not stored twice, so that no column can differ from what
is hashed. Names and types have a fixed alphabet that JSON never escapes, which makes that one formatting.
"""

import functools
import hashlib
from typing import NamedTuple

from ringfence.core.patterns import pattern
from ringfence.ledger.errors import EventRefused

__all__ = ["Head", "Row", "commitment_of", "fault_of", "hash_of", "header_of", "is_row", "link", "named"]

VERSION = 1
SALT_BYTES = 16
_FIRST = bytes(32)
_STREAM = pattern(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}")
_TYPE = pattern(r"[a-z][a-z_]{0,49}\.[a-z][a-z_]{0,49}/[1-9][0-9]{0,3}")


class Row(NamedTuple):
    """One event as it is stored. A tuple, because verifying makes a hundred thousand of them a second."""

    ordinal: int
    stream: str
    seq: int
    at: int
    type: str
    commitment: bytes
    hash: bytes
    salt: bytes | None
    body: bytes | None


_KINDS = frozenset(
    {
        (int, str, int, int, str, bytes, bytes, bytes, bytes),
        (int, str, int, int, str, bytes, bytes, type(None), type(None)),  # pruned
    }
)


class Head(NamedTuple):
    """The end of a stream."""

    seq: int
    hash: bytes


START = Head(0, _FIRST)
"""The end of a stream that has no events."""


def commitment_of(salt: bytes, body: bytes) -> bytes:
    """What a header says of its body."""
    return hashlib.sha256(salt + body).digest()


def header_of(*, stream: str, seq: int, at: int, type_: str, commitment: bytes, prev: bytes) -> bytes:
    """The header, canonical: keys in order, nothing to escape."""
    return (
        f'{{"at":{at},"commitment":"{commitment.hex()}","prev":"{prev.hex()}","seq":{seq},'
        f'"stream":"{stream}","type":"{type_}","v":{VERSION}}}'
    ).encode()


def hash_of(row: Row, prev: bytes) -> bytes:
    """What the hash of this event has to be, after `prev`."""
    header = header_of(
        stream=row.stream, seq=row.seq, at=row.at, type_=row.type, commitment=row.commitment, prev=prev
    )
    return hashlib.sha256(header).digest()


def link(head: Head, *, stream: str, at: int, type_: str, salt: bytes, body: bytes) -> Row:
    """The row that comes after `head`; the store gives it its ordinal."""
    commitment = commitment_of(salt, body)
    seq = head.seq + 1
    header = header_of(stream=stream, seq=seq, at=at, type_=type_, commitment=commitment, prev=head.hash)
    return Row(0, stream, seq, at, type_, commitment, hashlib.sha256(header).digest(), salt, body)


def fault_of(row: Row, head: Head) -> str | None:
    """What is wrong with this row as the one after `head`, in words; None when nothing is."""
    if not is_row(row):
        return "it is no event"
    if row.seq != head.seq + 1:
        return f"comes after {head.seq}" if row.seq <= head.seq else f"{head.seq + 1} is missing before it"
    if not _are_names(row.stream, row.type):
        return "its stream or type is no name"
    if row.hash != hash_of(row, head.hash):
        return "its header was changed, or what came before it"
    if row.salt is None or row.body is None:
        return None
    if row.commitment != commitment_of(row.salt, row.body):
        return "its body was changed"
    return None


def is_row(row: Row) -> bool:
    """Whether each column is of its kind, which a file that was tampered with need not hold to."""
    return tuple(map(type, row)) in _KINDS


def named(stream: str, type_: str) -> None:
    """Holds names to their alphabet.

    Raises:
        EventRefused: not a name.
    """
    if not _are_names(stream, type_):
        raise EventRefused(
            "the stream's name or the event's type is not one",
            hint="a stream is called with up to 200 of A-Z a-z 0-9 . _ : / -",
        )


@functools.lru_cache(maxsize=1_000)
def _are_names(stream: str, type_: str) -> bool:
    return bool(_STREAM.fullmatch(stream) and _TYPE.fullmatch(type_))
