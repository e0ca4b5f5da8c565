"""What a client of HTTP/2 can do with frames alone; each costs the library's own server more and more."""

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.exceptions import H2Error
from hpack import Encoder
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    HeadersFrame,
    PingFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

from ringfence.protocols.http import BadHttp
from ringfence.protocols.http2 import Http2Server, RequestArrived

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + SettingsFrame(0).serialize()
_GET = [(":method", "GET"), (":scheme", "https"), (":authority", "h.example"), (":path", "/")]
_ROUNDS = 5_000
_GOAWAY = 7


def _request(stream: int, encoder: Encoder, *, fields: list = _GET) -> bytes:
    frame = HeadersFrame(stream, data=encoder.encode(fields))
    frame.flags |= {"END_HEADERS", "END_STREAM"}
    return frame.serialize()


def _undefended(parts: list[bytes]) -> int:
    """How much the library's own server takes before it refuses."""
    server = H2Connection(H2Configuration(client_side=False))
    server.initiate_connection()
    for number, each in enumerate([_PREFACE, *parts]):
        try:
            server.receive_data(each)
        except H2Error:
            return number
    return len(parts) + 1


def _defended(parts: list[bytes]) -> tuple[int, int]:
    """How much is taken here before it is refused, and how many requests came of it."""
    server, requests = Http2Server(), 0
    for number, each in enumerate([_PREFACE, *parts]):
        try:
            requests += sum(isinstance(event, RequestArrived) for event in server.feed(each))
        except BadHttp:
            assert _GOAWAY in _kinds(server.outgoing())
            return number, requests
    return len(parts) + 1, requests


def _kinds(data: bytes) -> set[int]:
    found = set()
    while data:
        found.add(data[3])
        data = data[9 + int.from_bytes(data[:3]) :]
    return found


def _rapid_reset() -> list[bytes]:
    encoder = Encoder()
    return [_request(2 * n + 1, encoder) + RstStreamFrame(2 * n + 1).serialize() for n in range(_ROUNDS)]


def _flood(frame: bytes) -> list[bytes]:
    return [frame] * _ROUNDS


def _settings() -> bytes:
    return SettingsFrame(0, settings={SettingsFrame.MAX_CONCURRENT_STREAMS: 1}).serialize()


_EMPTY = [_request(1, Encoder())[:4] + b"\4" + _request(1, Encoder())[5:]]  # END_HEADERS, and a body to come


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param(_rapid_reset(), id="rapid reset"),
        pytest.param(_flood(_settings()), id="settings"),
        pytest.param(_flood(PingFrame(0, opaque_data=bytes(8)).serialize()), id="pings"),
        pytest.param(_flood(WindowUpdateFrame(0, window_increment=1).serialize()), id="window updates"),
        pytest.param(_flood(RstStreamFrame(1).serialize()), id="resets of nothing"),
        pytest.param(_EMPTY + _flood(DataFrame(1).serialize()), id="empty data"),
        pytest.param(_flood(b"\0\0\0\xee\0\0\0\0\0"), id="frames of no known kind"),
    ],
)
def test_frames_that_bring_nothing_end_the_connection(parts):
    if parts[0] == RstStreamFrame(1).serialize():
        parts = [_request(1, Encoder()), *parts]
    assert _undefended(parts) == len(parts) + 1
    taken, requests = _defended(parts)
    assert taken <= 1_002
    assert requests <= 101


def test_a_client_that_makes_the_server_reset_pays_for_it_as_if_it_had_done_so():
    """A window that runs over is answered with a reset: the request is forgotten, its work is done."""
    encoder = Encoder()
    parts = [
        _request(2 * n + 1, encoder)
        + WindowUpdateFrame(2 * n + 1, window_increment=(1 << 31) - 1).serialize()
        for n in range(_ROUNDS)
    ]
    assert _undefended(parts) == len(parts) + 1
    taken, requests = _defended(parts)
    assert (taken <= 101, requests <= 101) == (True, True)


def test_headers_without_an_end_are_refused_before_they_fill_the_memory():
    part = ContinuationFrame(1, data=bytes(1 << 14)).serialize()
    parts = [HeadersFrame(1, data=bytes(1 << 14)).serialize(), *[part] * 100]
    assert _undefended(parts) > 60
    assert _defended(parts) == (5, 0)


def test_a_small_head_that_unpacks_to_a_large_one_is_refused():
    encoder = Encoder()
    bomb = [*_GET, ("x-bomb", "y" * 3_000)]
    parts = [_request(1, encoder, fields=bomb), _request(3, encoder, fields=[*bomb, *bomb[-1:] * 5_000])]
    assert len(parts[1]) < 1 << 14
    assert _defended(parts) == (2, 1)


def test_a_frame_is_not_kept_until_it_proves_too_long():
    head = b"\xff\xff\xff\0\0\0\0\0\1"
    assert _undefended([head, *[bytes(1 << 14)] * 100]) == 102
    assert _defended([head]) == (1, 0)
