"""WebSocket: how one begins, its frames and messages, from either side. Source: RFC 6455.

No extension is spoken, so that what is in a message can be read; a frame that uses one is refused.
"""

import re
from base64 import b64encode
from enum import IntEnum
from hashlib import sha1

from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.protocols.http import BadHttp, RequestHead, ResponseHead

__all__ = [
    "BadWebSocket",
    "Frame",
    "FrameReader",
    "Message",
    "Messages",
    "Opcode",
    "accept_key",
    "is_accepted",
    "wanted_key",
    "write_frame",
]

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY = re.compile(r"[A-Za-z0-9+/]{21}[AQgw]==")
_CONTROL_BYTES = 125
_CODES = frozenset({1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014})


class BadWebSocket(BadHttp):
    """What came is no WebSocket, or more of it than is allowed."""


class Opcode(IntEnum):
    """What a frame is."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


_OPCODES = frozenset(Opcode)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame, unmasked."""

    opcode: Opcode
    payload: bytes
    is_last: bool = True  # of its message


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A whole message, or a frame of control: `opcode` is never CONTINUATION."""

    opcode: Opcode
    payload: bytes


def accept_key(key: str) -> str:
    """What a server answers to `sec-websocket-key`."""
    return b64encode(sha1(key.encode("latin-1") + _GUID, usedforsecurity=False).digest()).decode()


def wanted_key(head: RequestHead) -> str | None:
    """The request's key where it asks for a WebSocket; None where it asks for no other protocol.

    Raises:
        BadWebSocket: it asks for another protocol, or not as RFC 6455 says.
    """
    wanted = head.headers.listed("upgrade")
    if not wanted:
        return None
    if wanted != ("websocket",) or head.method != "GET" or head.version != "1.1":
        raise BadWebSocket("an upgrade to something else than a WebSocket")
    key = head.headers.one("sec-websocket-key")
    if head.headers.one("sec-websocket-version") != "13" or key is None or not _KEY.fullmatch(key):
        raise BadWebSocket("a WebSocket without a key, or of another version")
    return key


def is_accepted(head: ResponseHead, key: str) -> bool:
    """Whether the response begins the WebSocket that was asked for with this key, without extensions."""
    return (
        head.status == 101
        and head.headers.listed("upgrade") == ("websocket",)
        and "upgrade" in head.headers.listed("connection")
        and head.headers.all("sec-websocket-accept") == (accept_key(key),)
        and not head.headers.listed("sec-websocket-extensions")
    )


def write_frame(frame: Frame, mask: bytes = b"") -> bytes:
    """The frame as bytes; a client's is masked with four random ones."""
    size, bit = len(frame.payload), 0x80 if mask else 0
    first = frame.opcode | (0x80 if frame.is_last else 0)
    if size < 126:
        head = bytes((first, bit | size))
    elif size < 1 << 16:
        head = bytes((first, bit | 126)) + size.to_bytes(2)
    else:
        head = bytes((first, bit | 127)) + size.to_bytes(8)
    return head + mask + (_masked(frame.payload, mask) if mask else frame.payload)


class FrameReader:
    """Takes one side's bytes, gives its frames."""

    def __init__(self, *, from_client: bool) -> None:
        self._mask_bytes = 4 if from_client else 0
        self._held = bytearray()
        self._wanted = 2  # bytes without which nothing more can be said

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are whole now.

        Raises:
            BadWebSocket: this is none, or one of more than `websocket_message_bytes`.
        """
        self._held += data
        frames, at = [], 0
        while len(self._held) - at >= self._wanted:
            start, size = self._sizes(at)
            self._wanted = start + size
            if len(self._held) - at < start + size:
                break
            if start:
                frames.append(self._frame(at, start, size))
                at += start + size
                self._wanted = 2
        del self._held[:at]
        return frames

    def finish(self) -> None:
        """Raises BadWebSocket where a frame is cut short."""
        if self._held:
            raise BadWebSocket("a frame is cut short")

    def _sizes(self, at: int) -> tuple[int, int]:
        """Bytes of the head and of the payload; (0, how many are needed) where that cannot be told yet."""
        first, second = self._held[at], self._held[at + 1]
        opcode, size = first & 0x0F, second & 0x7F
        if first & 0x70 or opcode not in _OPCODES:
            raise BadWebSocket("a frame of an extension")
        if bool(second & 0x80) != bool(self._mask_bytes):
            raise BadWebSocket("a frame that is masked from the wrong side")
        if opcode >= Opcode.CLOSE and (size > _CONTROL_BYTES or not first & 0x80):
            raise BadWebSocket("a frame of control that is too long or in parts")
        length_bytes = {126: 2, 127: 8}.get(size, 0)
        if len(self._held) - at < 2 + length_bytes:
            return 0, 2 + length_bytes
        if length_bytes:
            size = int.from_bytes(self._held[at + 2 : at + 2 + length_bytes])
            if size < (126 if length_bytes == 2 else 1 << 16):
                raise BadWebSocket("a length that is written longer than it is")
        if size > LIMITS.websocket_message_bytes:
            raise BadWebSocket(f"a frame is longer than {LIMITS.websocket_message_bytes} bytes")
        return 2 + length_bytes + self._mask_bytes, size

    def _frame(self, at: int, start: int, size: int) -> Frame:
        payload = bytes(memoryview(self._held)[at + start : at + start + size])
        if self._mask_bytes:
            payload = _masked(payload, bytes(self._held[at + start - 4 : at + start]))
        first = self._held[at]
        return Frame(opcode=Opcode(first & 0x0F), payload=payload, is_last=bool(first & 0x80))


class Messages:
    """Takes one side's bytes, gives whole messages; frames of control come between."""

    def __init__(self, *, from_client: bool) -> None:
        self._frames = FrameReader(from_client=from_client)
        self._opcode: Opcode | None = None  # of the message that is not whole yet
        self._parts: list[bytes] = []
        self._bytes = 0
        self._is_closed = False

    def feed(self, data: bytes) -> list[Message]:
        """The messages that are whole now.

        Raises:
            BadWebSocket: one is none, is longer than `websocket_message_bytes`, is text that is no UTF-8, or
                comes behind a CLOSE.
        """
        found = (self._taken(each) for each in self._frames.feed(data))
        return [each for each in found if each is not None]

    def finish(self) -> None:
        """Raises BadWebSocket where a message is cut short."""
        self._frames.finish()
        if self._opcode is not None:
            raise BadWebSocket("a message is cut short")

    def _taken(self, frame: Frame) -> Message | None:
        if self._is_closed:
            raise BadWebSocket("a frame behind the last")
        if frame.opcode >= Opcode.CLOSE:
            if frame.opcode is Opcode.CLOSE:
                self._is_closed = True
                _check_close(frame.payload)
            return Message(opcode=frame.opcode, payload=frame.payload)
        if (frame.opcode is Opcode.CONTINUATION) is (self._opcode is None):
            raise BadWebSocket("a message within another, or the end of none")
        self._opcode = self._opcode or frame.opcode
        self._parts.append(frame.payload)
        self._bytes += len(frame.payload)
        if self._bytes > LIMITS.websocket_message_bytes or len(self._parts) > LIMITS.websocket_message_frames:
            raise BadWebSocket("a message is too long or in too many parts")
        return self._whole(self._opcode) if frame.is_last else None

    def _whole(self, opcode: Opcode) -> Message:
        payload = b"".join(self._parts)
        self._opcode, self._parts, self._bytes = None, [], 0
        if opcode is Opcode.TEXT:
            _check_text(payload)
        return Message(opcode=opcode, payload=payload)


def _masked(payload: bytes, mask: bytes) -> bytes:
    size = len(payload)
    repeated = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload) ^ int.from_bytes(repeated)).to_bytes(size)


def _check_close(payload: bytes) -> None:
    if payload:
        code = int.from_bytes(payload[:2])
        if len(payload) < 2 or (code not in _CODES and not 3000 <= code <= 4999):
            raise BadWebSocket("a reason to close that is none")
        _check_text(payload[2:])


def _check_text(payload: bytes) -> None:
    try:
        payload.decode()
    except UnicodeDecodeError:
        raise BadWebSocket("a text that is no UTF-8") from None
