import ssl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.core.limits import LIMITS
from ringfence.protocols.tls_hello import BadHello, Hello, read_hello


def _real(name: str | None, *alpn: str) -> bytes:
    """What Python's own client begins with."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    if alpn:
        context.set_alpn_protocols(list(alpn))
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(incoming, outgoing, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


def _vector(data: bytes, size_bytes: int) -> bytes:
    return len(data).to_bytes(size_bytes) + data


def _extension(kind: int, data: bytes) -> bytes:
    return kind.to_bytes(2) + _vector(data, 2)


def _named(name: bytes) -> bytes:
    return _extension(0, _vector(b"\0" + _vector(name, 2), 2))


def _message(*extensions: bytes, behind: bytes = b"") -> bytes:
    body = b"\3\3" + bytes(32) + _vector(b"", 1) + _vector(b"\x13\x01", 2) + _vector(b"\0", 1)
    return b"\1" + _vector(body + _vector(b"".join(extensions), 2) + behind, 3)


def _records(message: bytes, size: int = 1 << 14) -> bytes:
    parts = (message[at : at + size] for at in range(0, len(message), size))
    return b"".join(b"\x16\3\1" + _vector(each, 2) for each in parts)


def test_a_real_hello_says_whom_it_wants_and_what_it_speaks():
    hello = Hello(server_name="api.example.com", alpn=("h2", "http/1.1"), has_ech=False)
    assert read_hello(_real("API.example.com", "h2", "http/1.1")) == hello
    assert read_hello(_real(None)) == Hello(server_name=None, alpn=(), has_ech=False)


def test_a_hello_that_is_not_whole_needs_more_wherever_it_is_cut():
    whole = _real("h.example", "h2")
    assert [read_hello(whole[:at]) for at in range(len(whole))] == [None] * len(whole)
    assert read_hello(whole + b"\x14more") == read_hello(whole)


@pytest.mark.parametrize("size", [40, 100])
def test_a_hello_in_several_records_is_the_same(size):
    whole = _records(_message(_named(b"h.example"), _extension(0xFE0D, b"x")), size)
    assert read_hello(whole) == Hello(server_name="h.example", alpn=(), has_ech=True)
    assert {read_hello(whole[:at]) for at in range(len(whole))} == {None}


def test_a_hello_without_extensions_names_nobody():
    body = b"\3\3" + bytes(32) + _vector(b"", 1) + _vector(b"\x13\x01", 2) + _vector(b"\0", 1)
    assert read_hello(_records(b"\1" + _vector(body, 3))) == Hello(server_name=None, alpn=(), has_ech=False)


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n",
        b"\x80\x2e\1\3\1",
        b"\x16\2\0",
        b"\x16\3\1\0\0",
        b"\x16\3\1\x40\1",
        _records(b"\2" + _vector(b"", 3)),
        _records(b"\1" + LIMITS.tls_hello_bytes.to_bytes(3)),
        _records(_message(_named(b"h.example")), 4),
        _records(_message(_named(b"a.example"), _named(b"b.example"))),
        _records(_message(_extension(0, _vector(b"\0\0\1a\0\0\1b", 2)))),
        _records(_message(_extension(0, _vector(b"\1\0\1a", 2)))),
        _records(_message(_extension(0, _vector(b"\0\0\1a", 2) + b"x"))),
        *(
            _records(_message(_named(name)))
            for name in (b"", b"a b", b"\xc3\xbc", b"h:443", b"[::1]", b"a/b", b"a\0b")
        ),
        _records(_message(_extension(16, _vector(b"\0", 2)))),
        _records(_message(b"\0\0\0\x09a")),
        _records(_message(behind=b"x")),
        _records(_message() + b"x"),
        _records(b"\1" + _vector(b"\3\3" + bytes(10), 3)),
    ],
)
def test_what_is_no_hello_or_names_two_is_refused(data):
    with pytest.raises(BadHello):
        read_hello(data)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([0, 16, 43, 0xFE0D]), st.binary(max_size=12)), max_size=4), st.binary()
)
def test_whatever_comes_is_a_hello_or_refused_and_never_changes_with_more_bytes(extensions, behind):
    data = _records(_message(*(_extension(*each) for each in extensions), behind=behind))

    def read(data: bytes) -> object:
        try:
            return read_hello(data)
        except BadHello:
            return "refused"

    final = read(data)
    assert final is not None
    assert {read(data[:at]) for at in range(len(data))} <= {None, final}
