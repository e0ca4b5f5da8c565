import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.core.limits import LIMITS
from ringfence.egress.messages import Manner, Refused
from ringfence.egress.sealed_frames import (
    END,
    Frame,
    FrameKind,
    SealedHead,
    body_frames,
    frame_of,
    head_frame,
    head_in,
    read_frame,
    refused_frame,
    refused_in,
)
from ringfence.egress.wire import BadMessage
from ringfence.protocols.http import Headers, ResponseHead


def _read(data: bytes) -> list[Frame]:
    async def play() -> list[Frame]:
        reader = asyncio.StreamReader()
        reader.feed_data(data)
        reader.feed_eof()
        found = []
        while (frame := await read_frame(reader)) is not None:
            found.append(frame)
        return found

    return asyncio.run(play())


def test_an_exchange_is_read_as_it_was_written() -> None:
    head = ResponseHead(status=200, reason="OK", headers=Headers((("X-Y", "\xe4"),)))
    (_, first), second, third = _read(head_frame(head, 3) + b"".join(body_frames(b"abc")) + END)
    assert head_in(first) == SealedHead(status=200, reason="OK", headers=head.headers, length=3)
    assert head_in(first).head == head
    assert (second, third) == ((FrameKind.BODY, b"abc"), (FrameKind.END, b""))


def test_a_refusal_is_read_as_it_was_written() -> None:
    refused = Refused(what="no", hint="ask", manner=Manner.FAILURE, status=502)
    ((kind, payload),) = _read(refused_frame(refused))
    assert (kind, refused_in(payload)) == (FrameKind.REFUSED, refused)


@settings(deadline=None)
@given(st.integers(0, 3), st.integers(-1, 1))
def test_a_long_body_is_cut_into_frames(times: int, more: int) -> None:
    data = bytes(max(times * LIMITS.sealed_frame_bytes + more, 0))
    frames = _read(b"".join(body_frames(data)))
    assert b"".join(payload for _, payload in frames) == data
    assert all(0 < len(payload) <= LIMITS.sealed_frame_bytes for _, payload in frames)


@pytest.mark.parametrize(
    "data",
    [
        b"X\0\0\0\0",
        b"B\0\0\0",
        b"B\0\0\0\x02a",
        b"B" + (LIMITS.sealed_frame_bytes + 1).to_bytes(4) + bytes(LIMITS.sealed_frame_bytes + 1),
        b"B\0\0\0\0E",
    ],
)
def test_what_is_no_frame_is_refused(data: bytes) -> None:
    with pytest.raises(BadMessage):
        _read(data)


def test_no_frame_is_made_that_nobody_reads() -> None:
    with pytest.raises(ValueError, match="too long"):
        frame_of(FrameKind.BODY, bytes(LIMITS.sealed_frame_bytes + 1))


@pytest.mark.parametrize(
    "payload", [b"", b"{}", b'{"status":200,"reason":"","headers":[["a"]],"length":null}']
)
def test_what_is_no_head_is_refused(payload: bytes) -> None:
    with pytest.raises(BadMessage):
        head_in(payload)
