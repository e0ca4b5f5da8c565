"""What a host may say to a client of HTTP/2, and how much of it."""

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection

from ringfence.core.limits import LIMITS
from ringfence.protocols.http import BadHttp, Headers, RequestHead, ResponseHead
from ringfence.protocols.http2 import Http2Client

_ASKED = RequestHead(
    method="POST", target="/a/B", headers=Headers((("Host", "api.example.com"), ("Connection", "close")))
)


class _Host:
    """A host that checks nothing of what it says, and a client that has asked."""

    def __init__(self) -> None:
        config = H2Configuration(
            client_side=False,
            header_encoding="utf-8",
            validate_outbound_headers=False,
            normalize_outbound_headers=False,
        )
        self.h2 = H2Connection(config=config)
        self.h2.initiate_connection()
        self.client = Http2Client()
        self.client.begin(_ASKED, is_secure=True)
        self.asked = self.h2.receive_data(self.client.outgoing())
        self.say()

    def say(self) -> None:
        self.client.feed(self.h2.data_to_send())

    def answers(self, *fields: tuple[str, str], ends: bool = False) -> None:
        self.h2.send_headers(1, list(fields), end_stream=ends)
        self.say()


def test_an_answer_is_whole_with_its_trailers() -> None:
    host = _Host()
    host.answers((":status", "200"), ("content-type", "application/grpc"))
    host.h2.send_data(1, b"body")
    host.answers(("grpc-status", "0"), ends=True)
    client = host.client
    client.end()
    assert client.head == ResponseHead(
        status=200, headers=Headers((("content-type", "application/grpc"),)), version="2"
    )
    assert (client.taken(), client.taken(), client.trailers) == (
        b"body",
        b"",
        Headers((("grpc-status", "0"),)),
    )
    assert client.is_done


@pytest.mark.parametrize(
    "fields",
    [
        [("content-type", "a/b")],
        [(":status", "20")],
        [(":status", "200"), ("connection", "close")],
        [(":status", "200"), ("transfer-encoding", "chunked")],
        [(":status", "200"), ("a\nb", "c")],
        [(":status", "200"), ("a", "b\r\nc: d")],
        [(":status", "200"), *(("a", str(each)) for each in range(LIMITS.http_headers + 1))],
    ],
)
def test_a_head_that_would_be_another_one_in_http_1_is_none(fields: list[tuple[str, str]]) -> None:
    host = _Host()
    with pytest.raises(BadHttp):
        host.answers(*fields)


def test_a_body_that_nobody_takes_is_bounded() -> None:
    host = _Host()
    host.answers((":status", "200"))
    frame = b"\x00\x40\x00\x00\x00\x00\x00\x00\x01" + bytes(1 << 14)
    with pytest.raises(BadHttp):
        for _ in range(LIMITS.http2_window_bytes // (1 << 14) + 1):
            host.client.feed(frame)


@pytest.mark.parametrize("frame", [b"\x00\x00\x08\x06\x00\x00\x00\x00\x00" + bytes(8), bytes(8) + b"\x01"])
def test_frames_that_bring_nothing_come_to_an_end(frame: bytes) -> None:
    host = _Host()
    host.answers((":status", "200"))
    with pytest.raises(BadHttp):
        for _ in range(LIMITS.http2_idle_frames + 1):
            host.client.feed(frame)


def test_heads_before_the_true_one_come_to_an_end() -> None:
    host = _Host()
    with pytest.raises(BadHttp):
        for _ in range(LIMITS.http2_idle_frames):
            host.answers((":status", "103"))


@pytest.mark.parametrize(
    "last", [b"\x00\x00\x04\x03\x00\x00\x00\x00\x01\x00\x00\x00\x02", b"no frame at all"]
)
def test_an_answer_that_is_broken_off_is_not_whole(last: bytes) -> None:
    host = _Host()
    host.answers((":status", "200"))
    with pytest.raises(BadHttp):
        host.client.feed(last)
    assert not host.client.has_ended


@pytest.mark.parametrize("is_whole", [True, False])
def test_what_came_before_the_host_s_end_is_there_and_no_more_is_sent(is_whole: bool) -> None:
    host = _Host()
    host.answers((":status", "200"))
    host.h2.send_data(1, b"body", end_stream=is_whole)
    host.h2.close_connection()
    host.say()
    client = host.client
    assert (client.taken(), client.room(), client.is_over, client.has_ended) == (b"body", 0, True, is_whole)
    client.end()
    with pytest.raises(BadHttp):
        client.begin(_ASKED, is_secure=True)
