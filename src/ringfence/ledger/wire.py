"""What processes say to the one that writes: length-prefixed JSON, version 1, one answer for each question.

    {"v": 1, "stream", "type", "body", "durability", "expect_seq", "key", "retried"}
    {"v": 1, "stream", "events", "durability", "expect_seq", "key", "retried"}    [type, body] of each
    {"v": 1, "stream", "seq", "hash"}            recorded
    {"v": 1, "error", "what", "hint"}            not recorded

`key` is random and tells a question that is asked again from a new one.
"""

import errno
import json
import os
import select
import socket
import struct
import sys
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from ringfence.core.action_types import Durability
from ringfence.core.limits import LIMITS
from ringfence.ledger.chain import named
from ringfence.ledger.entry import Entry, Outcome
from ringfence.ledger.errors import (
    EventRefused,
    LedgerDamaged,
    LedgerError,
    LedgerTooNew,
    LedgerUnavailable,
    LedgerUnsafe,
    StreamMoved,
)
from ringfence.ledger.ledger import Position

__all__ = [
    "BadMessage",
    "Frames",
    "answer_bytes",
    "answer_of",
    "peer_lives",
    "peer_pid",
    "peer_uid",
    "question_bytes",
    "question_of",
]

_VERSION = 1
_SO_PEERPIDFD = 77  # asm-generic/socket.h
_KEY_BYTES = 16
_FRAME_BYTES = 8 * LIMITS.event_bytes  # a body may be escaped once more
_LENGTH = struct.Struct("!I")
_ERRORS: Mapping[str, type[LedgerError]] = MappingProxyType(
    {
        each.__name__: each
        for each in (
            EventRefused,
            LedgerDamaged,
            LedgerTooNew,
            LedgerUnavailable,
            LedgerUnsafe,
            StreamMoved,
        )
    }
)


class BadMessage(Exception):
    """The other side does not speak this language."""


class Frames:
    """What arrived so far of a stream of messages."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def take(self, arrived: bytes) -> Iterator[Mapping[str, object]]:
        """The messages that are whole now.

        Raises:
            BadMessage: too long, no JSON object, or another version.
        """
        self._bytes += arrived
        while len(self._bytes) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._bytes)
            if length > _FRAME_BYTES:
                raise BadMessage
            end = _LENGTH.size + length
            if len(self._bytes) < end:
                return
            text = bytes(self._bytes[_LENGTH.size : end])
            del self._bytes[:end]
            yield _message(text)


def question_bytes(entry: Entry) -> bytes:
    """An entry, with its key, for the one who writes."""
    return _frame(
        {
            "stream": entry.stream,
            **_events(entry),
            "durability": entry.durability.value,
            "expect_seq": entry.expect_seq,
            "key": (entry.key or b"").hex(),
            "retried": entry.retried,
        }
    )


def _events(entry: Entry) -> Mapping[str, object]:
    """Several have a form of their own, so that no older writer takes the first one for all."""
    if entry.more:
        return {"events": [(type_, body.decode()) for type_, body in entry.events]}
    return {"type": entry.type, "body": entry.body.decode()}


def question_of(message: Mapping[str, object]) -> Entry:
    """The entry that a message asks to record.

    Raises:
        BadMessage: it is not such a message.
    """
    match message:
        case {
            "stream": str(stream),
            "durability": str(durability),
            "expect_seq": int() | None as expect_seq,
            "key": str(key),
            "retried": bool(retried),
        }:
            pass
        case _:
            raise BadMessage
    try:
        (type_, body), *more = _asked(message, stream)
        return Entry(
            stream=stream,
            type=type_,
            body=body,
            more=tuple(more),
            durability=Durability(durability),
            expect_seq=expect_seq,
            key=_key(key),
            retried=retried,
        )
    except (ValueError, RecursionError, EventRefused):
        raise BadMessage from None


def _asked(message: Mapping[str, object], stream: str) -> list[tuple[str, bytes]]:
    """The type and body of each event that a message asks to record."""
    events = message.get("events", [[message.get("type"), message.get("body")]])
    if not isinstance(events, list) or not 1 <= len(events) <= LIMITS.ledger_group:
        raise BadMessage
    found: list[tuple[str, bytes]] = []
    for each in events:
        match each:
            case [str(type_), str(body)]:
                found.append((type_, body.encode()))
            case _:
                raise BadMessage
        named(stream, type_)
        if len(found[-1][1]) > LIMITS.event_bytes or not isinstance(json.loads(body), dict):
            raise BadMessage
    return found


def _key(text: str) -> bytes:
    key = bytes.fromhex(text)
    if len(key) != _KEY_BYTES:
        raise BadMessage
    return key


def answer_bytes(outcome: Outcome) -> bytes:
    """What became of an entry."""
    if isinstance(outcome, LedgerError):
        return _frame({"error": type(outcome).__name__, "what": outcome.what, "hint": outcome.hint})
    return _frame({"stream": outcome.stream, "seq": outcome.seq, "hash": outcome.hash.hex()})


def answer_of(message: Mapping[str, object]) -> Outcome:
    """What a message says became of an entry.

    Raises:
        BadMessage: it is not such a message.
    """
    match message:
        case {"stream": str(stream), "seq": int(seq), "hash": str(hash_)}:
            try:
                return Position(stream=stream, seq=seq, hash=bytes.fromhex(hash_))
            except ValueError:
                raise BadMessage from None
        case {"error": str(error), "what": str(what), "hint": str(hint)}:
            return _ERRORS.get(error, LedgerUnavailable)(what, hint=hint)
    raise BadMessage


def peer_uid(connection: socket.socket) -> int | None:
    """The user at the other end, as the kernel says; None where it does not: the folder's mode decides."""
    return _credential(connection, 1)


def peer_pid(connection: socket.socket) -> int | None:
    """The process that connected, 0 for one not seen from here; None where the kernel does not say."""
    return _credential(connection, 0)


def peer_lives(connection: socket.socket) -> bool:
    """Whether the process that connected is still there, so that its id is no other's by now.

    True as well where the kernel cannot say (before Linux 6.5). Asked after the process was looked at.
    """
    if sys.platform != "linux":
        return True
    try:
        process = connection.getsockopt(socket.SOL_SOCKET, _SO_PEERPIDFD)
    except OSError as error:
        return error.errno == errno.ENOPROTOOPT
    try:
        ended = select.poll()
        ended.register(process, select.POLLIN)
        return not ended.poll(0)
    finally:
        os.close(process)


def _credential(connection: socket.socket, part: int) -> int | None:
    which = getattr(socket, "SO_PEERCRED", None)
    if which is None:
        return None
    credentials = connection.getsockopt(socket.SOL_SOCKET, which, struct.calcsize("3i"))
    return int(struct.unpack("3i", credentials)[part])


def _frame(message: Mapping[str, object]) -> bytes:
    text = json.dumps({"v": _VERSION, **message}, ensure_ascii=False, separators=(",", ":")).encode()
    return _LENGTH.pack(len(text)) + text


def _message(text: bytes) -> Mapping[str, object]:
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise BadMessage from None
    if not isinstance(message, dict) or message.get("v") != _VERSION:
        raise BadMessage
    return message
