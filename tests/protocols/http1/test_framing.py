import pytest

from ringfence.protocols.http import BadHttp, BodyKind, Headers, RequestHead, ResponseHead
from ringfence.protocols.http1 import end_to_end, request_body, response_body

_LENGTH_5 = ("Content-Length", "5")
_CHUNKED = ("Transfer-Encoding", "chunked")


def _request(*fields: tuple[str, str], method: str = "POST", version: str = "1.1") -> RequestHead:
    return RequestHead(method=method, target="/", headers=Headers(fields), version=version)


def _response(*fields: tuple[str, str], status: int = 200, version: str = "1.1") -> ResponseHead:
    return ResponseHead(status=status, headers=Headers(fields), version=version)


def test_a_requests_body_has_the_end_that_its_head_tells():
    assert request_body(_request()) == (BodyKind.NONE, None)
    assert request_body(_request(_LENGTH_5)) == (BodyKind.LENGTH, 5)
    assert request_body(_request(("content-length", "0"))) == (BodyKind.LENGTH, 0)
    assert request_body(_request(("TRANSFER-ENCODING", "Chunked"))) == (BodyKind.CHUNKED, None)


@pytest.mark.parametrize(
    "fields",
    [
        [_LENGTH_5, _CHUNKED],
        [_LENGTH_5, ("content-length", "6")],
        [_LENGTH_5, _LENGTH_5],
        [_CHUNKED, _CHUNKED],
        *(
            [("Content-Length", value)]
            for value in ("5, 5", "+5", "-5", "0x5", "05", "5 ", "", "5.0", "\xb2")
        ),
        [("Content-Length", "1" * 16)],
        *(
            [("Transfer-Encoding", value)]
            for value in ("gzip, chunked", "identity", "xchunked", "chunked,", "")
        ),
        [("Transfer-Encoding", "chunked\x0b")],
    ],
)
def test_a_body_whose_end_two_readers_could_see_at_two_places_is_refused(fields):
    with pytest.raises(BadHttp):
        request_body(_request(*fields))
    with pytest.raises(BadHttp):
        response_body(_response(*fields), method="GET")


def test_the_old_version_has_no_chunks():
    with pytest.raises(BadHttp):
        request_body(_request(_CHUNKED, version="1.0"))
    with pytest.raises(BadHttp):
        response_body(_response(_CHUNKED, version="1.0"), method="GET")


def test_connect_has_no_body():
    with pytest.raises(BadHttp):
        request_body(_request(_LENGTH_5, method="CONNECT"))


def test_a_responses_body_has_the_end_that_head_and_method_tell():
    assert response_body(_response(_LENGTH_5), method="GET") == (BodyKind.LENGTH, 5)
    assert response_body(_response(_CHUNKED), method="GET") == (BodyKind.CHUNKED, None)
    assert response_body(_response(), method="GET") == (BodyKind.UNTIL_CLOSE, None)
    assert response_body(_response(_LENGTH_5), method="HEAD") == (BodyKind.NONE, None)
    assert response_body(_response(_LENGTH_5, status=304), method="GET") == (BodyKind.NONE, None)
    assert response_body(_response(status=204), method="GET") == (BodyKind.NONE, None)
    assert response_body(_response(status=101), method="GET") == (BodyKind.NONE, None)
    assert response_body(_response(status=200), method="CONNECT") == (BodyKind.NONE, None)
    assert response_body(_response(_LENGTH_5, status=403), method="CONNECT") == (BodyKind.LENGTH, 5)


def test_what_concerns_one_connection_only_is_left_out():
    headers = Headers(
        (
            ("Connection", "close, X-Mine"),
            *(("X-Mine", "1"), ("Keep-Alive", "5"), ("TE", "gzip"), ("Trailer", "X"), ("Upgrade", "h2c")),
            *(("Proxy-Authorization", "Basic x"), ("HTTP2-Settings", "x"), ("Alt-Svc", "h3"), _CHUNKED),
            *(("Accept", "*/*"), _LENGTH_5),
        )
    )
    assert end_to_end(headers) == Headers((("Accept", "*/*"), _LENGTH_5))


def test_an_upgrade_is_kept_where_it_is_wanted():
    headers = Headers((("Connection", "Upgrade"), ("Upgrade", "websocket"), ("A", "b")))
    assert end_to_end(headers, upgrade=True) == Headers((("Upgrade", "websocket"), ("A", "b")))
    assert end_to_end(headers) == Headers((("A", "b"),))


@pytest.mark.parametrize("name", ["Host", "content-length", "Authorization", "cookie", "content-type"])
def test_connection_cannot_take_away_what_is_meant_for_the_host(name):
    with pytest.raises(BadHttp):
        end_to_end(Headers((("Connection", f"close, {name}"), (name, "x"))))
