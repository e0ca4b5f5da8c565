import gzip
import zlib

import brotli
import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.protocols.content_codings import CODINGS, BadCoding, Bomb, Decoder, coding_of
from ringfence.protocols.http import Headers

_TEXT = b"".join(b"line %d of many\n" % each for each in range(40_000))
_CODED = {
    "gzip": gzip.compress(_TEXT),
    "two gzips": gzip.compress(_TEXT[:99]) + gzip.compress(_TEXT[99:]),
    "deflate": zlib.compress(_TEXT),
    "bare deflate": zlib.compress(_TEXT)[2:-4],
    "br": brotli.compress(_TEXT, quality=5),
    "zstd": zstd.compress(_TEXT),
    "two zstds": zstd.compress(_TEXT[:99]) + zstd.compress(_TEXT[99:]),
    "identity": _TEXT,
}


def _name(what: str) -> str:
    return what.removeprefix("two ").removeprefix("bare ").removesuffix("s")


def _decoded(what: str, data: bytes, size: int) -> bytes:
    decoder = Decoder(_name(what))
    made = [decoder.feed(data[at : at + size]) for at in range(0, len(data), size)]
    return b"".join((*made, decoder.finish()))


@pytest.mark.parametrize("size", [1, 100, 1 << 20])
@pytest.mark.parametrize("what", _CODED)
def test_a_body_comes_out_as_it_went_in_however_it_is_split(what, size):
    assert _decoded(what, _CODED[what], size) == _TEXT


@pytest.mark.parametrize("what", _CODED)
def test_nothing_decodes_to_nothing(what):
    assert _decoded(what, b"", 1) == b""


@pytest.mark.parametrize("what", [each for each in _CODED if each != "identity"])
def test_a_body_that_is_cut_short_or_broken_is_refused(what):
    data = _CODED[what]
    for bad in (data[:-1], data[: len(data) // 2], b"\x00" * 50, b"plain text, not coded at all"):
        with pytest.raises(BadCoding):
            _decoded(what, bad, 4096)


@pytest.mark.parametrize("what", ["deflate", "bare deflate", "br"])
def test_nothing_may_come_behind_the_end(what):
    for size in (1, 1 << 20):
        with pytest.raises(BadCoding):
            _decoded(what, _CODED[what] + b"more", size)


def test_what_grows_without_measure_is_refused_early():
    for name, data in (
        ("gzip", gzip.compress(bytes(1 << 26))),
        ("deflate", zlib.compress(bytes(1 << 26))),
        ("br", brotli.compress(bytes(1 << 26))),
        ("zstd", zstd.compress(bytes(1 << 26))),
    ):
        with pytest.raises(Bomb):
            Decoder(name).feed(data)


def test_one_known_coding_is_taken_and_no_other():
    assert coding_of(Headers()) == "identity"
    assert coding_of(Headers((("Content-Encoding", "GZIP"),))) == "gzip"
    for bad in ("gzip, br", "compress", "aes128gcm"):
        with pytest.raises(BadCoding):
            coding_of(Headers((("content-encoding", bad),)))
    with pytest.raises(BadCoding):
        Decoder("compress")


@settings(deadline=None)
@given(st.sampled_from(CODINGS), st.binary(max_size=300), st.integers(1, 50))
def test_any_bytes_are_decoded_or_refused(name, data, size):
    try:
        _decoded(name, data, size)
    except BadCoding:
        return
