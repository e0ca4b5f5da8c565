import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import ConnectionTerminated, DataReceived, InformationalResponseReceived, ResponseReceived
from h2.events import StreamEnded as LibraryStreamEnded
from h2.events import StreamReset as LibraryStreamReset
from h2.settings import SettingCodes

from ringfence.core.limits import LIMITS
from ringfence.protocols.http import BadHttp, Headers, RequestHead, ResponseHead
from ringfence.protocols.http2 import (
    BodyArrived,
    BodyEnded,
    HeadRefused,
    Http2Server,
    PeerGone,
    RequestArrived,
    RoomGrew,
    StreamGone,
)

_GET = [(":method", "GET"), (":scheme", "https"), (":authority", "h.example"), (":path", "/a?b")]
_POST = [(":method", "POST"), *_GET[1:]]
_OK = ResponseHead(status=200, reason="OK", headers=Headers((("Content-Type", "text/plain"),)))


class _Pair:
    """A server, and a client of the library, which sends whatever it is told to."""

    def __init__(self) -> None:
        careless = H2Configuration(validate_outbound_headers=False, normalize_outbound_headers=False)
        self.client = H2Connection(config=careless)
        self.server = Http2Server()
        self.client.initiate_connection()
        self.pump()

    def pump(self) -> list:
        """What the server says to what the client has sent; settings are of no interest."""
        found = self.server.feed(self.client.data_to_send())
        return [each for each in found if each != RoomGrew(stream=0)]

    def answered(self) -> list:
        """What the client reads."""
        events = self.client.receive_data(self.server.outgoing())
        kinds = (ResponseReceived, DataReceived, LibraryStreamEnded, LibraryStreamReset)
        return [each for each in events if isinstance(each, (*kinds, InformationalResponseReceived))]


def _head(*fields: tuple[str, str], method: str = "GET") -> RequestHead:
    headers = Headers((("host", "h.example"), *fields))
    return RequestHead(method=method, target="/a?b", headers=headers, version="2")


def test_a_request_arrives_as_one_of_http_1_would():
    pair = _Pair()
    fields = [("accept", "*/*"), ("cookie", "a=b"), ("x-byte", "\xe9".encode("latin-1")), ("cookie", "c=d")]
    pair.client.send_headers(1, [*_GET, *fields], end_stream=True)
    head = _head(("accept", "*/*"), ("x-byte", "\xe9"), ("cookie", "a=b; c=d"))
    assert pair.pump() == [RequestArrived(stream=1, head=head, length=0, is_whole=True)]


def test_a_host_header_stands_for_the_authority():
    pair = _Pair()
    pair.client.send_headers(
        1, [*(each for each in _GET if each[0] != ":authority"), ("host", "h.example")], True
    )
    assert pair.pump() == [RequestArrived(stream=1, head=_head(), length=0, is_whole=True)]


def test_a_body_comes_in_pieces_and_as_fast_as_it_is_taken():
    pair = _Pair()
    pair.client.send_headers(1, [*_POST, ("content-length", str(LIMITS.http2_window_bytes + 5))])
    head = _head(("content-length", str(LIMITS.http2_window_bytes + 5)), method="POST")
    pair.answered()
    assert pair.pump() == [
        RequestArrived(stream=1, head=head, length=LIMITS.http2_window_bytes + 5, is_whole=False)
    ]
    arrived = []
    while window := pair.client.local_flow_control_window(1):
        pair.client.send_data(1, b"x" * min(window, 1 << 14))
        arrived += pair.pump()
    assert {type(each) for each in arrived} == {BodyArrived}
    assert sum(len(each.data) for each in arrived) == LIMITS.http2_window_bytes
    for each in arrived:
        pair.server.taken(1, each.credit)
    pair.answered()
    pair.client.send_data(1, b"12345", end_stream=True, pad_length=9)
    assert pair.pump() == [BodyArrived(stream=1, data=b"12345", credit=15), BodyEnded(stream=1)]


def test_a_body_of_another_length_than_it_says_is_refused():
    pair = _Pair()
    pair.client.send_headers(1, [*_POST, ("content-length", "5")])
    pair.client.send_data(1, b"123456", end_stream=True)
    with pytest.raises(BadHttp):
        pair.pump()


def test_an_answer_is_sent_without_what_concerns_one_connection_and_as_far_as_there_is_room():
    pair = _Pair()
    pair.client.send_headers(1, _GET, end_stream=True)
    pair.pump()
    more = Headers(
        (("Content-Type", "x"), ("Connection", "X-Y"), ("X-Y", "z"), ("Transfer-Encoding", "chunked"))
    )
    pair.server.respond(1, ResponseHead(status=103, headers=Headers()))
    pair.server.respond(1, ResponseHead(status=200, headers=more))
    pair.server.send(1, b"x" * pair.server.room(1))
    assert pair.server.room(1) == 0
    early, first, *data = pair.answered()
    assert (early.headers, first.headers) == (
        [(b":status", b"103")],
        [(b":status", b"200"), (b"content-type", b"x")],
    )
    assert sum(len(each.data) for each in data) == 65535
    pair.client.increment_flow_control_window(9, 1)
    pair.client.increment_flow_control_window(9)
    assert pair.server.feed(pair.client.data_to_send()) == [RoomGrew(stream=1), RoomGrew(stream=0)]
    pair.server.send(1, b"y" * pair.server.room(1))
    pair.server.end(1)
    last, end, ended = pair.answered()
    assert (last.data, end.data, type(ended)) == (b"y" * 9, b"", LibraryStreamEnded)
    assert (pair.server.room(1), pair.server.send(1, b"z"), pair.server.outgoing()) == (0, None, b"")


def test_an_answer_before_the_request_is_whole_ends_the_upload():
    pair = _Pair()
    pair.client.send_headers(1, _POST)
    pair.pump()
    pair.server.respond(1, _OK, ends=True)
    assert [type(each) for each in pair.answered()] == [
        ResponseReceived,
        LibraryStreamEnded,
        LibraryStreamReset,
    ]


@pytest.mark.parametrize(
    ("is_refused", "code"), [(False, ErrorCodes.INTERNAL_ERROR), (True, ErrorCodes.REFUSED_STREAM)]
)
def test_an_exchange_that_breaks_off_is_told_as_such(is_refused, code):
    pair = _Pair()
    pair.client.send_headers(1, _GET, end_stream=True)
    pair.pump()
    pair.server.reset(1, is_refused=is_refused)
    assert [each.error_code for each in pair.answered()] == [code]


def test_a_client_that_wants_no_answer_any_more_gets_none():
    pair = _Pair()
    pair.client.send_headers(1, _POST)
    pair.pump()
    pair.client.reset_stream(1)
    assert pair.pump() == [StreamGone(stream=1)]
    pair.server.respond(1, _OK)
    pair.server.end(1)
    pair.server.reset(1)
    assert pair.answered() == []


def test_a_client_that_says_goodbye_is_gone_with_all_it_had():
    pair = _Pair()
    pair.client.send_headers(1, _GET, end_stream=True)
    pair.client.close_connection()
    assert [type(each) for each in pair.pump()] == [RequestArrived, PeerGone]
    pair.server.respond(1, _OK)
    pair.server.end(1)


_WITHOUT = {name: [each for each in _GET if each[0] != name] for name, _ in _GET}


@pytest.mark.parametrize(
    "fields",
    [
        *_WITHOUT.values(),
        [*_GET, ("host", "other.example")],
        [*_GET, ("host", "h.example"), ("host", "h.example")],
        [(":method", "CONNECT"), (":authority", "h.example:443")],
        [(":method", "CONNECT"), *_GET[1:], (":protocol", "websocket")],
        [(":method", "get"), *_GET[1:]],
        [(":method", "GET /x HTTP/1.1\r\nX:"), *_GET[1:]],
        [*_WITHOUT[":scheme"], (":scheme", "http")],
        *(
            [*_WITHOUT[":path"], (":path", path)]
            for path in ("", "a", "*", "/a b", "/a\r\nX: y", "http://h.example/")
        ),
        *(
            [*_WITHOUT[":authority"], (":authority", host)]
            for host in ("", "a b", "u@h.example", "0x7f.1", "h:0")
        ),
        *([*_GET, each] for each in _GET),
        [("accept", "x"), *_GET],
        *(
            [*_GET, each]
            for each in [
                *(
                    ("connection", "close"),
                    ("transfer-encoding", "chunked"),
                    ("upgrade", "h2c"),
                    ("te", "gzip"),
                ),
                *(("keep-alive", "5"), ("proxy-connection", "x"), ("http2-settings", "x")),
                *(("content-length", "x"), ("content-length", "+5"), ("content_length", "5")),
                *(("X-Upper", "x"), ("x y", "z"), ("x:y", "z"), ("", "z"), ("x\n", "z")),
                *(
                    ("x", "a\r\nb"),
                    ("x", "a\0"),
                    ("x", "a\x0b"),
                    ("x", " a"),
                    (":status", "200"),
                    (":other", "x"),
                ),
            ]
        ),
        [*_GET, ("content-length", "0"), ("content-length", "0")],
        [*_GET, *[("x", "y")] * (LIMITS.http_headers + 1)],
    ],
)
def test_a_head_that_http_1_could_not_say_or_that_says_two_things_is_refused(fields):
    pair = _Pair()
    pair.client.send_headers(1, fields, end_stream=True)
    try:
        found = pair.pump()
    except BadHttp:
        found = []
    assert [each for each in found if not isinstance(each, HeadRefused)] == []
    assert pair.server.outgoing()


def test_one_refused_head_leaves_the_others_alone():
    pair = _Pair()
    pair.client.send_headers(1, [*_WITHOUT[":scheme"], (":scheme", "http")])
    pair.client.send_data(1, b"x", end_stream=True)
    pair.client.send_headers(3, _GET, end_stream=True)
    refused, arrived = pair.pump()
    assert refused == HeadRefused(stream=1, what="a scheme other than https")
    assert arrived == RequestArrived(stream=3, head=_head(), length=0, is_whole=True)


def test_an_answer_that_would_be_read_as_more_is_not_sent():
    pair = _Pair()
    pair.client.send_headers(1, _GET, end_stream=True)
    pair.pump()
    for bad in (("x", "a\r\nb: c"), ("x y", "z"), (":status", "100"), ("x", "\u010d")):
        with pytest.raises(BadHttp):
            pair.server.respond(1, ResponseHead(status=200, headers=Headers((bad,))))
    pair.server.outgoing()
    pair.server.respond(1, _OK, ends=True)
    assert [type(each) for each in pair.answered()] == [ResponseReceived, LibraryStreamEnded]


@pytest.mark.parametrize(
    "data", [b"GET / HTTP/1.1\r\nHost: h.example\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nXX", b"\0" * 99]
)
def test_what_is_no_http_2_is_refused(data):
    with pytest.raises(BadHttp):
        Http2Server().feed(data)


def test_a_connection_says_when_it_is_over():
    pair = _Pair()
    pair.server.close()
    events = pair.client.receive_data(pair.server.outgoing())
    assert [each.error_code for each in events if isinstance(each, ConnectionTerminated)] == [0]


def test_a_client_cannot_make_the_table_of_headers_large():
    pair = _Pair()
    pair.client.update_settings({SettingCodes.HEADER_TABLE_SIZE: 1 << 30})
    stream = 1
    pair.pump()
    for number in range(300):
        pair.client.send_headers(stream, _GET, end_stream=True)
        pair.pump()
        fields = Headers(((f"x-{number}", "y" * 100),))
        pair.server.respond(stream, ResponseHead(status=200, headers=fields), ends=True)
        assert [type(each) for each in pair.answered()] == [ResponseReceived, LibraryStreamEnded]
        stream += 2
    assert pair.client.decoder.header_table._current_size <= 4096
