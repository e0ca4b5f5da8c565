from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.core.limits import LIMITS
from ringfence.protocols.http import BadHttp, BodyKind, Headers
from ringfence.protocols.http1 import LAST_CHUNK, BodyReader, chunk, last_chunk


def _fed(reader: BodyReader, pieces: list[bytes]) -> bytes:
    return b"".join(reader.feed(each) for each in pieces)


def _cut(data: bytes, at: list[int]) -> list[bytes]:
    places = [0, *sorted(each % (len(data) + 1) for each in at), len(data)]
    return [data[start:end] for start, end in pairwise(places)]


_CUTS = st.lists(st.integers(min_value=0, max_value=10_000), max_size=20)


@settings(deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=300), max_size=6), st.binary(max_size=9), _CUTS)
def test_chunks_are_read_wherever_they_are_split(parts, behind, at):
    data = b"".join(map(chunk, parts)) + LAST_CHUNK + behind
    reader = BodyReader(BodyKind.CHUNKED)
    assert _fed(reader, _cut(data, at)) == b"".join(parts)
    assert (reader.is_done, reader.rest) == (True, behind)
    reader.finish()


@settings(deadline=None)
@given(st.binary(max_size=300), st.binary(max_size=9), _CUTS)
def test_a_body_of_known_length_ends_there(body, behind, at):
    reader = BodyReader(BodyKind.LENGTH, len(body))
    assert _fed(reader, _cut(body + behind, at)) == body
    assert (reader.is_done, reader.rest) == (True, behind)


def test_no_body_and_one_of_length_zero_are_whole_before_anything_came():
    for reader in (BodyReader(BodyKind.NONE), BodyReader(BodyKind.LENGTH, 0)):
        assert (reader.is_done, reader.feed(b"next"), reader.rest) == (True, b"", b"next")


def test_a_body_until_close_is_whole_when_the_connection_is_over():
    reader = BodyReader(BodyKind.UNTIL_CLOSE)
    assert (reader.feed(b"a"), reader.feed(b"b"), reader.is_done) == (b"a", b"b", False)
    reader.finish()
    assert reader.is_done


@pytest.mark.parametrize(
    ("reader", "data"),
    [
        (BodyReader(BodyKind.LENGTH, 5), b"four"),
        (BodyReader(BodyKind.CHUNKED), b"5\r\nhello\r\n"),
        (BodyReader(BodyKind.CHUNKED), b"5\r\nhello\r\n0\r\n"),
        (BodyReader(BodyKind.CHUNKED), b""),
    ],
)
def test_a_body_that_is_cut_short_is_told(reader, data):
    reader.feed(data)
    assert not reader.is_done
    with pytest.raises(BadHttp, match="short"):
        reader.finish()


@pytest.mark.parametrize("kind", [BodyKind.LENGTH, BodyKind.UNTIL_CLOSE])
def test_a_body_as_it_comes_is_not_copied(kind):
    data = b"x" * 1000
    assert BodyReader(kind, 1000).feed(data) is data


def test_the_inside_of_a_chunk_is_not_copied():
    reader, data = BodyReader(BodyKind.CHUNKED), b"x" * 1000
    assert reader.feed(b"7d0\r\n") == b""
    assert reader.feed(data) is data


def test_extensions_are_dropped_and_trailers_stand_beside_the_body():
    reader = BodyReader(BodyKind.CHUNKED)
    assert reader.feed(b'5;a=b;c="d e"\r\nhello\r\n000;x\r\nX-Sum: 1\r\nY:\r\n\r\nnext') == b"hello"
    assert (reader.is_done, reader.rest) == (True, b"next")
    assert reader.trailers.items == (("X-Sum", "1"), ("Y", ""))


def test_trailers_are_written_as_they_are_read():
    trailers = Headers((("X-Sum", "1"), ("Y", "\xe4 b")))
    assert last_chunk(trailers) == b"0\r\nX-Sum: 1\r\nY: \xe4 b\r\n\r\n"
    reader = BodyReader(BodyKind.CHUNKED)
    assert reader.feed(last_chunk(trailers)) == b""
    assert reader.trailers == trailers
    assert last_chunk(Headers()) == LAST_CHUNK


@pytest.mark.parametrize(
    "field", [("X", "a\r\nB: c"), ("X Y", "a"), ("X", "\0"), ("X", "\u20ac"), ("content_length", "1")]
)
def test_what_would_be_read_as_more_than_a_trailer_is_not_written(field):
    with pytest.raises(BadHttp):
        last_chunk(Headers((field,)))


@pytest.mark.parametrize(
    "data",
    [
        b"5\nhello\r\n",
        b"5\r\nhello\n0\r\n\r\n",
        b"5\r\nhello!\r\n",
        b"5\r\nhelloX",
        b"5\r\nhello\rX",
        b"5 \r\nhello\r\n",
        b" 5\r\nhello\r\n",
        b"5 ;a\r\nhello\r\n",
        b"0x5\r\nhello\r\n",
        b"+5\r\nhello\r\n",
        b"-1\r\n",
        b"\r\n",
        b"g\r\n",
        b"\xb2\r\n",
        b"123456789\r\n",
        b"5;a\nb\r\nhello\r\n",
        b"5;a\rb\r\nhello\r\n",
        b"5;\x00\r\nhello\r\n",
        b"5;" + b"a" * LIMITS.http_chunk_line_bytes + b"\r\n",
        b"5;" + b"a" * (LIMITS.http_chunk_line_bytes + 2),
        b"0\r\nno trailer\r\n\r\n",
        b"0\r\n folded: x\r\n\r\n",
        b"0\r\nX: a\nb\r\n\r\n",
        b"0\r\n" + b"X: yyyyyy\r\n" * LIMITS.http_trailer_bytes + b"\r\n",
    ],
)
@pytest.mark.parametrize("step", [1, 1 << 20])
def test_chunks_that_some_read_otherwise_are_refused(data, step):
    reader = BodyReader(BodyKind.CHUNKED)
    with pytest.raises(BadHttp):
        _fed(reader, [data[at : at + step] for at in range(0, len(data), step)])


def test_no_data_makes_no_chunk_for_it_would_be_the_last():
    assert (chunk(b""), chunk(b"hello")) == (b"", b"5\r\nhello\r\n")


@settings(deadline=None)
@given(st.binary(max_size=200), _CUTS)
def test_whatever_comes_is_read_alike_however_it_is_split(data, at):
    def read(pieces):
        reader = BodyReader(BodyKind.CHUNKED)
        try:
            return _fed(reader, pieces), reader.rest if reader.is_done else None
        except BadHttp:
            return "refused"

    data = b"1\r\n" + data
    assert read(_cut(data, at)) == read([data])
