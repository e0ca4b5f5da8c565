"""What passes on the stream of a sealed exchange: one byte that says what, four of length, then that.

To the broker: `B` a piece of the body, or of what follows a 101; `E` its end. From the broker: `H` the head,
`B`, perhaps `T` for trailers, `E`; or `R`, a refusal, where there was no head before. A stream that closes
after `H` and without `E` has broken off, and so has what is made of it.
"""

import asyncio
import json
import struct
from collections.abc import Iterator
from enum import IntEnum

from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.egress.messages import Refused
from ringfence.egress.wire import BadMessage, decode_fields, encode_fields
from ringfence.protocols.http import Headers, ResponseHead

__all__ = [
    "END",
    "Frame",
    "FrameKind",
    "SealedHead",
    "body_frames",
    "frame_of",
    "head_frame",
    "head_in",
    "read_frame",
    "refused_frame",
    "refused_in",
    "trailers_frame",
    "trailers_in",
]

_HEAD = struct.Struct("!BI")


class FrameKind(IntEnum):
    """What a frame holds."""

    BODY = ord("B")
    END = ord("E")
    HEAD = ord("H")
    REFUSED = ord("R")
    TRAILERS = ord("T")


Frame = tuple[FrameKind, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedHead:
    """The head of a response, and how long its body is; None: nobody knows yet."""

    status: int
    reason: str
    headers: Headers
    length: int | None

    @property
    def head(self) -> ResponseHead:
        """Without the length."""
        return ResponseHead(status=self.status, reason=self.reason, headers=self.headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trailers:
    trailers: Headers


def frame_of(kind: FrameKind, payload: bytes = b"") -> bytes:
    """One frame.

    Raises:
        ValueError: it is longer than any that is read.
    """
    if len(payload) > LIMITS.sealed_frame_bytes:
        raise ValueError("the frame is too long")
    return _HEAD.pack(kind, len(payload)) + payload


END = frame_of(FrameKind.END)


def body_frames(data: bytes) -> Iterator[bytes]:
    """A body's piece as frames; none where it is empty."""
    step = LIMITS.sealed_frame_bytes
    for at in range(0, len(data), step):
        yield frame_of(FrameKind.BODY, data[at : at + step])


def head_frame(head: ResponseHead, length: int | None) -> bytes:
    """The head of a response.

    Raises:
        ValueError: it is longer than any that is read.
    """
    value = SealedHead(status=head.status, reason=head.reason, headers=head.headers, length=length)
    return frame_of(FrameKind.HEAD, _json(value))


def head_in(payload: bytes) -> SealedHead:
    """What `head_frame` made.

    Raises:
        BadMessage: it is not that.
    """
    return decode_fields(SealedHead, payload)


def trailers_frame(trailers: Headers) -> bytes:
    """What comes behind a body.

    Raises:
        ValueError: it is longer than any that is read.
    """
    return frame_of(FrameKind.TRAILERS, _json(_Trailers(trailers=trailers)))


def trailers_in(payload: bytes) -> Headers:
    """What `trailers_frame` made.

    Raises:
        BadMessage: it is not that.
    """
    return decode_fields(_Trailers, payload).trailers


def refused_frame(refused: Refused) -> bytes:
    """A refusal."""
    return frame_of(FrameKind.REFUSED, _json(refused))


def refused_in(payload: bytes) -> Refused:
    """What `refused_frame` made.

    Raises:
        BadMessage: it is not that.
    """
    return decode_fields(Refused, payload)


async def read_frame(reader: asyncio.StreamReader) -> Frame | None:
    """The next frame; None where the stream has ended between two.

    Raises:
        BadMessage: it is none, or cut short.
        OSError: the other end is gone.
    """
    try:
        head = await reader.readexactly(_HEAD.size)
        number, length = _HEAD.unpack(head)
        kind = FrameKind(number)
        if length > LIMITS.sealed_frame_bytes:
            raise BadMessage("the frame is too long")
        return kind, await reader.readexactly(length) if length else b""
    except asyncio.IncompleteReadError as error:
        if error.partial or error.expected != _HEAD.size:
            raise BadMessage("cut short") from None
        return None
    except ValueError:
        raise BadMessage("no such frame") from None


def _json(value: SealedHead | Refused | _Trailers) -> bytes:
    return json.dumps(encode_fields(value), separators=(",", ":")).encode("ascii")
