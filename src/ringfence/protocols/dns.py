"""DNS as far as a box needs it: one question in, one address or nothing out. Sources: RFC 1035, 6891, 9619.

Who asks for IPv6, services or keys is told that there are none, so that it takes the one address that there
is, and never learns of QUIC or of keys to encrypt hellos with.
"""

import ipaddress
import re
from enum import IntEnum

from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS

__all__ = ["BadDns", "Question", "Rcode", "TcpQuestions", "answer", "framed", "read_question", "refusal"]

_A, _OPT, _INTERNET = 1, 41, 1
_HEAD_BYTES = 12
_NAME_BYTES = 255
_LABEL = re.compile(rb"[A-Za-z0-9_-]{1,63}")
_RESPONSE, _AUTHORITATIVE, _TRUNCATED, _RECURSION_WANTED, _RECURSION = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080
_OPCODE = 0x7800
_OPT_RECORD = b"\0" + _OPT.to_bytes(2) + (1232).to_bytes(2) + bytes(6)


class BadDns(Exception):
    """This is no question, or none that is answered; nothing is sent back."""


class Rcode(IntEnum):
    """How a question ended."""

    NO_ERROR = 0
    FORMAT = 1
    FAILURE = 2
    NO_NAME = 3
    REFUSED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Who is looked for."""

    number: int
    name: str  # lower case, no dot at the end; empty for the root
    kind: int  # 1 A, 28 AAAA, 65 HTTPS …
    raw: bytes  # as asked, with its letters' case, which askers compare
    wants_recursion: bool
    is_extended: bool  # with an OPT record

    @property
    def wants_address(self) -> bool:
        """Whether an IPv4 address answers it."""
        return self.kind == _A


def read_question(data: bytes) -> Question:
    """The question in a datagram, or in a message of a stream.

    Raises:
        BadDns: it is none; it has several, names with other than letters, digits, `-` and `_`, or is longer
            than `dns_question_bytes`.
    """
    if not _HEAD_BYTES < len(data) <= LIMITS.dns_question_bytes:
        raise BadDns("a question of no or too many bytes")
    number, flags, questions, answers, authorities, additional = (
        int.from_bytes(data[at : at + 2]) for at in range(0, _HEAD_BYTES, 2)
    )
    if flags & (_RESPONSE | _OPCODE | _TRUNCATED) or questions != 1 or answers or authorities:
        raise BadDns("this is no question")
    name, end = _name(data)
    kind, of = int.from_bytes(data[end : end + 2]), int.from_bytes(data[end + 2 : end + 4])
    behind = data[end + 4 :]
    if len(data) < end + 4 or of != _INTERNET:
        raise BadDns("a question of no known class")
    return Question(
        number=number,
        name=name,
        kind=kind,
        raw=data[_HEAD_BYTES : end + 4],
        wants_recursion=bool(flags & _RECURSION_WANTED),
        is_extended=bool(additional) and behind[:3] == _OPT_RECORD[:3],
    )


def answer(question: Question, address: str | None, *, ttl_s: int) -> bytes:
    """The name's address; that it has none of that kind, where it is asked for another or there is none."""
    if address is None or not question.wants_address:
        return refusal(question, Rcode.NO_ERROR)
    packed = ipaddress.IPv4Address(address).packed
    record = b"\xc0\x0c" + _A.to_bytes(2) + _INTERNET.to_bytes(2) + ttl_s.to_bytes(4) + b"\0\4" + packed
    return _message(question, Rcode.NO_ERROR, record)


def refusal(question: Question, rcode: Rcode) -> bytes:
    """No answer, and why."""
    return _message(question, rcode, b"")


def framed(message: bytes) -> bytes:
    """The message as a stream has it."""
    return len(message).to_bytes(2) + message


class TcpQuestions:
    """Takes a stream's bytes, gives the messages in it."""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are whole now.

        Raises:
            BadDns: one is longer than `dns_question_bytes`.
        """
        self._held += data
        found, at = [], 0
        while len(self._held) - at >= 2:
            size = int.from_bytes(self._held[at : at + 2])
            if size > LIMITS.dns_question_bytes:
                raise BadDns("a question of too many bytes")
            if len(self._held) - at < 2 + size:
                break
            found.append(self._held[at + 2 : at + 2 + size])
            at += 2 + size
        self._held = self._held[at:]
        return found


def _name(data: bytes) -> tuple[str, int]:
    """The name behind the head, and where it ends. A question has nothing before it to point back to."""
    labels, at = [], _HEAD_BYTES
    while (size := data[at] if at < len(data) else 0xFF) != 0:
        label = data[at + 1 : at + 1 + size]
        if len(label) != size or not _LABEL.fullmatch(label):
            raise BadDns("a name that is none")
        labels.append(label)
        at += 1 + size
        if at - _HEAD_BYTES >= _NAME_BYTES:
            raise BadDns("a name that is too long")
    return b".".join(labels).decode().lower(), at + 1


def _message(question: Question, rcode: Rcode, record: bytes) -> bytes:
    flags = _RESPONSE | _AUTHORITATIVE | _RECURSION | rcode
    if question.wants_recursion:
        flags |= _RECURSION_WANTED
    counts = (1, int(bool(record)), 0, int(question.is_extended))
    head = b"".join(each.to_bytes(2) for each in (question.number, flags, *counts))
    return head + question.raw + record + (_OPT_RECORD if question.is_extended else b"")
