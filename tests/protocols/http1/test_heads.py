import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.core.limits import LIMITS
from ringfence.protocols.http import BadHttp, Headers, RequestHead, ResponseHead
from ringfence.protocols.http1 import head_end, read_request_head, read_response_head, write_head

_HOST = b"Host: h.example\r\n"


def _request(*lines: bytes, first: bytes = b"GET / HTTP/1.1") -> bytes:
    return b"\r\n".join((first, b"Host: h.example", *lines, b"", b""))


def test_a_request_is_read_with_its_names_as_they_are_spelled_and_values_without_spaces_around():
    head = read_request_head(
        b"POST /a?b=c HTTP/1.1\r\nHOST:h.example\r\nX-Empty:\r\nx-Two: \t a \t b \t\r\nX-Byte: \xe9\r\n\r\n"
    )
    headers = Headers((("HOST", "h.example"), ("X-Empty", ""), ("x-Two", "a \t b"), ("X-Byte", "\xe9")))
    assert head == RequestHead(method="POST", target="/a?b=c", headers=headers, version="1.1")


@pytest.mark.parametrize(
    ("first", "target"),
    [
        (b"CONNECT h.example:443 HTTP/1.1", "h.example:443"),
        (b"OPTIONS * HTTP/1.1", "*"),
        (b"GET http://h.example/x HTTP/1.1", "http://h.example/x"),
        (b"GET /\xc3\xbc HTTP/1.1", "/\xc3\xbc"),
    ],
)
def test_each_form_of_target_is_read(first, target):
    assert read_request_head(_request(first=first)).target == target


@pytest.mark.parametrize(
    "first",
    [
        b"get / HTTP/1.1",
        b"GET  / HTTP/1.1",
        b"GET / HTTP/1.1 ",
        b" GET / HTTP/1.1",
        b"GET /\tx HTTP/1.1",
        b"GET / x HTTP/1.1",
        b"GET /",
        b"GET / HTTP/2.0",
        b"GET / HTTP/1.10",
        b"GET / http/1.1",
        b"GET x HTTP/1.1",
        b"GET * HTTP/1.1",
        b"CONNECT h.example HTTP/1.1",
        b"CONNECT /x HTTP/1.1",
        b"CONNECT http://h.example/ HTTP/1.1",
        b"GET ftp://h.example/ HTTP/1.1",
        b"GET http://ann@h.example/ HTTP/1.1",
        b"G(T / HTTP/1.1",
        b"GET /" + b"x" * LIMITS.http_target_chars + b" HTTP/1.1",
        b"PRI * HTTP/2.0",
        b"",
    ],
)
def test_a_request_line_that_some_read_otherwise_is_refused(first):
    with pytest.raises(BadHttp):
        read_request_head(_request(first=first))


@pytest.mark.parametrize(
    "line",
    [
        b"X : y",
        b" X: y",
        b"\tX: y",
        b"X",
        b": y",
        b"X: y\x00",
        b"X: y\x7f",
        b"X: y\x0b",
        b"X: a\nY: b",
        b"X: a\rY: b",
        b"X: a\r\n folded",
        b"X(: y",
        b"X\xe9: y",
        b"",
        b"Host: h.example",
        b"HOST: other.example",
        b"Content_Length: 5",
        b"transfer_encoding: chunked",
    ],
)
def test_a_header_that_some_read_otherwise_is_refused(line):
    assert read_request_head(_request(b"X: y")).headers.one("x") == "y"
    with pytest.raises(BadHttp):
        read_request_head(_request(line))
    if b"host" not in line.lower():
        with pytest.raises(BadHttp):
            read_response_head(b"HTTP/1.1 200 OK\r\n" + line + b"\r\n\r\n")


def test_the_new_version_takes_a_host_and_the_old_one_may_have_none():
    assert read_request_head(b"GET / HTTP/1.0\r\n\r\n").version == "1.0"
    with pytest.raises(BadHttp, match="no host"):
        read_request_head(b"GET / HTTP/1.1\r\n\r\n")


def test_more_headers_or_bytes_than_the_limits_allow_are_refused():
    most = [b"X: y"] * (LIMITS.http_headers - 1)
    assert len(read_request_head(_request(*most)).headers.items) == LIMITS.http_headers
    with pytest.raises(BadHttp, match="headers"):
        read_request_head(_request(*most, b"X: y"))
    with pytest.raises(BadHttp, match="longer"):
        read_request_head(_request(b"X: " + b"y" * LIMITS.http_head_bytes))


@pytest.mark.parametrize(
    "data", [b"", b"\r\n\r\n", b"GET / HTTP/1.1\r\n", _HOST + b"\r\n", _request() + b"x"]
)
def test_what_is_no_head_with_its_blank_line_is_refused(data):
    with pytest.raises(BadHttp):
        read_request_head(data)


def test_a_response_is_read_whether_or_not_it_gives_a_reason():
    fields = Headers((("A", "b"),))
    assert read_response_head(b"HTTP/1.1 404 Not Found\r\nA: b\r\n\r\n") == ResponseHead(
        status=404, reason="Not Found", headers=fields, version="1.1"
    )
    assert read_response_head(b"HTTP/1.0 200\r\nA: b\r\n\r\n") == ResponseHead(
        status=200, reason="", headers=fields, version="1.0"
    )


@pytest.mark.parametrize(
    "first", [b"HTTP/1.1 20 OK", b"HTTP/1.1 0200 OK", b"HTTP/2 200 OK", b"HTTP/1.1  200 OK", b"ICY 200 OK"]
)
def test_a_status_line_that_is_none_is_refused(first):
    with pytest.raises(BadHttp):
        read_response_head(first + b"\r\n\r\n")


def test_a_heads_end_is_found_wherever_it_is_split():
    data = _request(b"X: y")
    buffer, searched = bytearray(), 0
    for at in range(len(data) - 1):
        buffer += data[at : at + 1]
        assert head_end(buffer, searched) is None
        searched = len(buffer)
    assert head_end(data + b"body\r\n\r\n", searched) == len(data)


@pytest.mark.parametrize(
    "data", [b"GET / HTTP/1.1\n\n", b"GET / HTTP/1.1\r\nX: y\n\r\n", b"x" * (LIMITS.http_head_bytes + 1)]
)
def test_a_head_that_would_never_end_is_refused_at_once(data):
    with pytest.raises(BadHttp):
        head_end(data)


def test_a_head_longer_than_allowed_is_refused_although_its_end_is_there():
    with pytest.raises(BadHttp):
        head_end(b"x" * LIMITS.http_head_bytes + b"\r\n\r\n")


@pytest.mark.parametrize(
    ("target", "name", "value"),
    [
        ("/", "X", "a\r\nY: b"),
        ("/", "X", "a\nb"),
        ("/", "X", "a\0"),
        ("/", "X", "\u010d\u010a"),
        ("/", "X\r\nY", "b"),
        ("/", "X: Y", "b"),
        ("/", "", "b"),
        ("/", "Content_Length", "3"),
        ("/ HTTP/1.1\r\nX: y", "X", "y"),
        ("/a b", "X", "y"),
        ("", "X", "y"),
    ],
)
def test_nothing_is_written_that_would_be_read_as_more(target, name, value):
    headers = Headers((("Host", "h.example"), (name, value)))
    with pytest.raises(BadHttp):
        write_head(RequestHead(method="GET", target=target, headers=headers))
    if target == "/":
        with pytest.raises(BadHttp):
            write_head(ResponseHead(status=200, headers=headers))


def test_no_reason_is_written_that_would_be_read_as_more():
    with pytest.raises(BadHttp):
        write_head(ResponseHead(status=200, reason="OK\r\nX: y", headers=Headers()))


_NAMES = st.from_regex(r"[!#-'*+.^`|~0-9A-Za-z-]{1,8}", fullmatch=True).filter(
    lambda name: name.lower() != "host"
)
_VALUES = st.text(
    st.characters(max_codepoint=0xFF, exclude_characters="\x7f", exclude_categories=["Cc"]) | st.just("\x80")
).map(str.strip)
_TARGETS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E)).map(lambda text: "/" + text)


@settings(deadline=None)
@given(st.lists(st.tuples(_NAMES, _VALUES.map(lambda text: text.strip(" \t"))), max_size=9), _TARGETS)
def test_what_is_written_is_read_as_the_same(fields, target):
    head = RequestHead(method="GET", target=target, headers=Headers((("Host", "h.example"), *fields)))
    assert read_request_head(write_head(head)) == head
    response = ResponseHead(status=299, reason="Fine", headers=Headers((*fields,)))
    assert read_response_head(write_head(response)) == response


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b":", b" ", b"\t", b"a", b"Host: h", b"\0"])).map(
        b"".join
    )
)
def test_a_head_has_as_many_headers_as_lines_or_is_refused(junk):
    data = b"GET / HTTP/1.1\r\n" + junk + b"\r\n\r\n"
    try:
        head = read_request_head(data)
    except BadHttp:
        return
    assert len(head.headers.items) == len(data.split(b"\n")) - 3
    assert read_request_head(write_head(head)) == head
