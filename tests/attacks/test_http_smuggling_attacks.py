"""Requests that two readers along the way take for different ones; each is shown on lenient readers."""

import posixpath
import re
import socket
from dataclasses import dataclass
from urllib.parse import unquote, unquote_to_bytes, urlsplit

import h11
import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection

from ringfence.protocols.http import BadHttp, Headers, RequestHead, ResponseHead
from ringfence.protocols.http1 import (
    BodyReader,
    end_to_end,
    head_end,
    read_request_head,
    read_response_head,
    request_body,
    response_body,
    write_head,
)
from ringfence.protocols.http2 import HeadRefused, Http2Server
from ringfence.protocols.targets import absolute_target, authority, canonical_target
from ringfence.protocols.websocket import BadWebSocket, wanted_key

_SECOND = b"GET /admin HTTP/1.1\r\nHost: h.example\r\n\r\n"
_SIZE = b"%d" % len(_SECOND)
_TWO_ENDS = b"2;\nxx\r\n%02x\r\n0\r\n\r\n%b\r\n0\r\n\r\n" % (len(_SECOND) + 5, _SECOND)


@dataclass(frozen=True, kw_only=True)
class _Lenient:
    """A reader as there are many: what it overlooks or mends is what its fields say."""

    reads_chunked: str = r"transfer-encoding:[ \t]*chunked"  # of a line that tells of chunks
    reads_length: str = r"content-length:[ \t]*([0-9]+)"
    prefers_length: bool = False
    last_length: bool = False
    line_end: str = r"\r\n"
    ends_extension_at: bytes = b"\r\n"
    size_bits: int = 1 << 30
    ignores_bodies_of_get: bool = False

    def requests(self, data: bytes) -> list[str]:
        """The first lines of all that it takes for a request."""
        found = []
        while data:
            head, _, data = data.partition(b"\r\n\r\n")
            lines = re.split(self.line_end, head.decode("latin-1"))
            found.append(lines[0])
            data = self._behind(lines, data)
        return found

    def _behind(self, lines: list[str], data: bytes) -> bytes:
        lengths = [m[1] for each in lines if (m := re.fullmatch(self.reads_length, each, re.IGNORECASE))]
        is_chunked = any(re.fullmatch(self.reads_chunked, each, re.IGNORECASE) for each in lines)
        if lines[0].startswith("GET") and self.ignores_bodies_of_get:
            return data
        if is_chunked and not (lengths and self.prefers_length):
            return self._chunks(data)
        return data[int(lengths[-1 if self.last_length else 0]) :] if lengths else data

    def _chunks(self, data: bytes) -> bytes:
        while data:
            line, _, data = data.partition(self.ends_extension_at)
            size = int(line.partition(b";")[0], 16) & ((1 << self.size_bits) - 1)
            if not size:
                return data.partition(b"\r\n")[2]
            data = data[size:].partition(b"\r\n")[2]
        return data


_STRICT = _Lenient()
_BLIND = _Lenient(reads_chunked="never")


def _ours(data: bytes) -> list[str]:
    found = []
    while data:
        end = head_end(data)
        assert end is not None
        head = read_request_head(data[:end])
        reader = BodyReader(*request_body(head))
        reader.feed(data[end:])
        reader.finish()
        found.append(f"{head.method} {head.target} HTTP/{head.version}")
        data = reader.rest
    return found


def _post(*lines: bytes, body: bytes = _SECOND) -> bytes:
    return b"\r\n".join((b"POST / HTTP/1.1", b"Host: h.example", *lines, b"", b"")) + body


def _both(te: bytes, size: bytes = b"%d" % (len(_SECOND) + 5)) -> bytes:
    return _post(b"Content-Length: " + size, te, body=b"0\r\n\r\n" + _SECOND)


def test_the_readers_agree_on_what_no_one_tampered_with():
    data = (
        _post(b"Content-Length: " + _SIZE) + _post(b"Transfer-Encoding: chunked", body=b"0\r\n\r\n") + _SECOND
    )
    first = "POST / HTTP/1.1"
    assert _STRICT.requests(data) == _ours(data) == [first, first, "GET /admin HTTP/1.1"]


def _named(name: str) -> str:
    return rf"{name}:[ \t]*chunked"


@pytest.mark.parametrize(
    ("data", "one", "other"),
    [
        pytest.param(
            _both(b"Transfer-Encoding: chunked"), _STRICT, _Lenient(prefers_length=True), id="CL.TE"
        ),
        *(
            pytest.param(_both(te), _STRICT, _Lenient(reads_chunked=lenient), id=repr(te))
            for te, lenient in (
                (b"Transfer-Encoding : chunked", _named("transfer-encoding ")),
                (b" Transfer-Encoding: chunked", _named(" transfer-encoding")),
                (b"Transfer-Encoding: xchunked", r"transfer-encoding:.*chunked"),
                (b"Transfer-Encoding: chunked, identity", r"transfer-encoding:.*chunked.*"),
                (b"Transfer-Encoding: identity, chunked", r"transfer-encoding:.*chunked"),
                (b"Transfer-Encoding:\x0bchunked", r"transfer-encoding:\s*chunked"),
                (b"Transfer-Encoding: chunked\0", _named("transfer-encoding") + "\0"),
                (b"Transfer-Encoding: 'chunked'", r"transfer-encoding:.*chunked."),
                (b"Transfer_Encoding: chunked", _named("transfer[_-]encoding")),
                (b"X-Y: z\r\n Transfer-Encoding: chunked", _named(r"\s*transfer-encoding")),
            )
        ),
        *(
            pytest.param(
                _both(b"X: y" + end + b"Transfer-Encoding: chunked"),
                _STRICT,
                _Lenient(line_end=r"\r\n|\r|\n"),
                id=f"line ends with {end!r}",
            )
            for end in (b"\n", b"\r")
        ),
        pytest.param(
            _post(b"Content-Length: " + _SIZE, b"Content-Length: 0"),
            _STRICT,
            _Lenient(last_length=True),
            id="two lengths",
        ),
        *(
            pytest.param(
                _post(b"Content-Length: " + value), _STRICT, _Lenient(reads_length=lenient), id=repr(value)
            )
            for value, lenient in (
                (b"+" + _SIZE, r"content-length:[ \t+]*([0-9]+)"),
                (_SIZE + b", " + _SIZE, r"content-length:[ \t]*([0-9]+).*"),
                (_SIZE + b".0", r"content-length:[ \t]*([0-9]+).*"),
                (_SIZE[:1] + b"_" + _SIZE[1:], r"content-length:[ \t]*([0-9_]+)"),
            )
        ),
        pytest.param(
            _post(b"Content_Length: " + _SIZE),
            _STRICT,
            _Lenient(reads_length=r"content[-_]length: ([0-9]+)"),
            id="underscore",
        ),
        pytest.param(
            _post(
                b"Transfer-Encoding: chunked",
                body=_TWO_ENDS,
            ),
            _STRICT,
            _Lenient(ends_extension_at=b"\n"),
            id="extension with a bare line feed",
        ),
        pytest.param(
            _post(b"Transfer-Encoding: chunked", body=b"1%016x\r\nA\r\n0\r\n\r\n" % 1 + _SECOND),
            _STRICT,
            _Lenient(size_bits=64),
            id="a size that runs over",
        ),
    ],
)
def test_a_request_within_another_is_refused_with_it(data, one, other):
    readings = one.requests(data), other.requests(data)
    assert readings[0] != readings[1]
    assert "GET /admin HTTP/1.1" in readings[0] + readings[1]
    with pytest.raises(BadHttp):
        _ours(data)


def test_a_body_stays_one_although_some_readers_expect_none():
    data = b"GET / HTTP/1.1\r\nHost: h.example\r\nContent-Length: " + _SIZE + b"\r\n\r\n" + _SECOND
    assert _Lenient(ignores_bodies_of_get=True).requests(data) == ["GET / HTTP/1.1", "GET /admin HTTP/1.1"]
    assert _ours(data) == ["GET / HTTP/1.1"]


def test_a_request_of_the_oldest_version_is_none():
    assert _STRICT.requests(b"GET /admin\r\n\r\n") == ["GET /admin"]
    with pytest.raises(BadHttp):
        _ours(b"GET /admin\r\n\r\n")


def test_two_hosts_are_refused_whichever_comes_first():
    data = b"GET / HTTP/1.1\r\nHost: good.example\r\nhost: evil.example\r\n\r\n"
    hosts = re.findall(rb"(?i)host: (\S+)", data)
    assert (hosts[0], hosts[-1]) == (b"good.example", b"evil.example")
    with pytest.raises(BadHttp):
        _ours(data)


def test_trailers_never_become_headers():
    body = b"0\r\nAuthorization: Bearer stolen\r\nContent-Length: 99\r\n\r\n"
    server = h11.Connection(h11.SERVER)
    server.receive_data(_post(b"Transfer-Encoding: chunked", body=body))
    server.next_event()
    assert (b"authorization", b"Bearer stolen") in server.next_event().headers
    reader = BodyReader(*request_body(read_request_head(_post(b"Transfer-Encoding: chunked", body=b""))))
    assert (reader.feed(body), reader.is_done, reader.rest) == (b"", True, b"")


@pytest.mark.parametrize(
    "lines",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked",
        b"Content-Length: 5\r\nContent-Length: 0",
        b"Transfer-Encoding: identity, chunked",
    ],
)
def test_a_response_within_another_is_refused_with_it(lines):
    head = read_response_head(b"HTTP/1.1 200 OK\r\n" + lines + b"\r\n\r\n")
    with pytest.raises(BadHttp):
        response_body(head, method="GET")


def _naively_written(head: RequestHead) -> bytes:
    lines = [f"{head.method} {head.target} HTTP/1.1", *(f"{name}: {value}" for name, value in head.headers)]
    return "\r\n".join((*lines, "", "")).encode("latin-1", "ignore")


@pytest.mark.parametrize(
    ("target", "name", "value"),
    [
        ("/", "X", "a\r\n\r\nGET /admin HTTP/1.1\r\nHost: h.example"),
        ("/", "X\r\n\r\nGET /admin HTTP/1.1\r\nHost", "h.example"),
        ("/ HTTP/1.1\r\nHost: h.example\r\n\r\nGET /admin", "Host", "h.example"),
        ("/", "X", "a\r\n\r\nGET /admin HTTP/1.1\r\nHost: h.example\u010d"),
    ],
)
def test_no_header_splits_what_is_written(target, name, value):
    head = RequestHead(method="GET", target=target, headers=Headers((("Host", "h.example"), (name, value))))
    assert _STRICT.requests(_naively_written(head)) == ["GET / HTTP/1.1", "GET /admin HTTP/1.1"]
    with pytest.raises(BadHttp):
        write_head(head)


def test_characters_that_are_cut_to_one_byte_do_not_become_line_ends():
    """Node once wrote headers so that U+010D U+010A became a line's end."""
    head = ResponseHead(status=200, headers=Headers((("X", "a\u010d\u010aY: b"),)))
    assert bytes(ord(each) & 0xFF for each in head.headers.items[0][1]) == b"a\r\nY: b"
    with pytest.raises(BadHttp):
        write_head(head)


@pytest.mark.parametrize(
    "field",
    [
        (":path", "/ HTTP/1.1\r\nHost: h.example\r\n\r\nGET /admin"),
        ("x", "a\r\n\r\nGET /admin HTTP/1.1\r\nHost: h.example"),
        ("x\r\n\r\nGET /admin HTTP/1.1\r\nhost", "h.example"),
    ],
)
def test_no_header_of_http_2_splits_what_is_sent_on_as_http_1(field):
    fields = {":method": "GET", ":scheme": "https", ":authority": "h.example", ":path": "/"} | dict([field])
    named = Headers((*((name, value) for name, value in fields.items() if name[0] != ":"), ("y", "z")))
    head = RequestHead(method="GET", target=fields[":path"], headers=named)
    assert "GET /admin HTTP/1.1" in _STRICT.requests(_naively_written(head))
    client = H2Connection(H2Configuration(validate_outbound_headers=False, normalize_outbound_headers=False))
    client.initiate_connection()
    client.send_headers(1, list(fields.items()), end_stream=True)
    try:
        found = Http2Server().feed(client.data_to_send())
    except BadHttp:
        return
    assert [each for each in found if isinstance(each, HeadRefused)]


def test_no_one_changes_to_http_2_behind_the_first_request():
    settings = H2Connection().initiate_upgrade_connection()
    head = read_request_head(
        b"GET / HTTP/1.1\r\nHost: h.example\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        b"HTTP2-Settings: " + settings + b"\r\n\r\n"
    )
    server = H2Connection(H2Configuration(client_side=False))
    server.initiate_upgrade_connection(head.headers.one("http2-settings").encode())  # a server that would
    assert end_to_end(head.headers) == Headers((("Host", "h.example"),))
    with pytest.raises(BadWebSocket):
        wanted_key(head)


def _served(target: str) -> str:
    """The path that a server comes to that decodes, drops parameters, and only then takes steps."""
    path = re.sub(r";[^/]*", "", unquote(target.partition("?")[0])).replace("\\", "/")
    return posixpath.normpath(path)


def _served_after_two(target: str) -> str:
    return _served(unquote(target))


def _served_by_a_lenient_decoder(target: str) -> str:
    """UTF-8 as some decoders once read it: the low bits, whatever the high ones say."""
    data = re.sub(
        rb"[\xc0\xc1](.)", lambda two: bytes([two[1][0] & 0x7F]), unquote_to_bytes(target), flags=re.DOTALL
    )
    return posixpath.normpath(data.decode())


@pytest.mark.parametrize(
    ("target", "served"),
    [
        *(
            (target, _served)
            for target in ("/public/%2e%2e/admin", "/public/.%2E/admin", "/public/..%2fadmin")
        ),
        *(
            (target, _served)
            for target in ("/public/x%2f..%2f../admin", "/public/..;/admin", "/public/..;a=b/admin")
        ),
        *(
            (target, _served)
            for target in ("/public/..\\admin", "/public/..%5cadmin", "/public/%2e%2e;/admin")
        ),
        *((target, _served_after_two) for target in ("/public/%252e%252e/admin", "/public/..%252fadmin")),
        *(
            (target, _served_after_two)
            for target in ("/public/%25%32%65%25%32%65/admin", "/public/..%255cadmin")
        ),
        *(
            (target, _served_by_a_lenient_decoder)
            for target in ("/public/%c0%ae%c0%ae/admin", "/public/..%c0%afadmin")
        ),
    ],
)
def test_a_path_does_not_lead_elsewhere_than_it_begins(target, served):
    assert target.startswith("/public/")
    assert served(target) == "/admin"
    with pytest.raises(BadHttp):
        canonical_target(target)


@pytest.mark.parametrize(
    "target", ["/public/../admin", "/public/./../admin", "/%61dmin", "/public/../%61dmin"]
)
def test_a_path_is_compared_as_what_it_leads_to(target):
    assert _served(target) == str(canonical_target(target)) == "/admin"


def test_a_path_with_an_empty_part_is_no_host():
    assert urlsplit("//evil.example/x").hostname == "evil.example"
    assert _served("/public//../admin") == "/admin"  # and /public/admin for who keeps empty parts
    for target in ("//evil.example/x", "/public//../admin"):
        with pytest.raises(BadHttp):
            canonical_target(target)


@pytest.mark.parametrize("target", ["/a%00.png", "/a%0d%0aX: y", "/a#/b", "/a\tb"])
def test_a_path_does_not_end_earlier_for_some(target):
    with pytest.raises(BadHttp):
        canonical_target(target)


@pytest.mark.parametrize(
    "url",
    [
        "http://good.example@evil.example/",
        "http://good.example:80@evil.example/",
        "http://evil.example\\@good.example/",
        "http://evil.example#@good.example/",
        "http://good.example%00.evil.example/",
        "http://good.example%2fevil.example/",
        "http://good.example /evil.example/",
    ],
)
def test_a_target_that_names_two_hosts_names_none(url):
    assert {"good", "evil"} <= set(re.findall("good|evil", url))
    with pytest.raises(BadHttp):
        absolute_target(url)


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "0177.0.0.1", "127.1", "0x7f000001", "127.0.1"])
def test_an_address_in_disguise_is_no_host(host):
    assert socket.inet_aton(host)[0] == 127  # what resolvers make of it
    with pytest.raises(BadHttp):
        authority(host)


@pytest.mark.parametrize("host", ["[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]"])
def test_an_old_address_in_a_new_one_is_no_host(host):
    assert socket.inet_pton(socket.AF_INET6, host[1:-1])[-4:] == bytes((169, 254, 169, 254))
    with pytest.raises(BadHttp):
        authority(host)


@pytest.mark.parametrize("host", ["Evil.Example", "evil.example.", "EVIL.EXAMPLE."])
def test_a_host_in_another_case_or_with_a_dot_behind_it_is_the_same(host):
    assert host != "evil.example"
    assert authority(host) == ("evil.example", None)


def test_letters_that_become_others_when_they_are_folded_are_no_hosts():
    assert "\u212a.example".lower() == "k.example"
    with pytest.raises(BadHttp):
        authority("\u212a.example")
