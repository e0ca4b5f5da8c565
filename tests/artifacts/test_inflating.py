import bz2
import gzip
import lzma
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.artifacts.inflating import Compression, compression_of, inflated
from ringfence.artifacts.problems import Malformed, ProblemKind

_COMPRESS = {
    Compression.ZLIB: zlib.compress,
    Compression.GZIP: gzip.compress,
    Compression.BZIP2: bz2.compress,
    Compression.XZ: lzma.compress,
    Compression.LZMA: lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
}


@given(st.sampled_from(sorted(_COMPRESS, key=str)), st.binary(max_size=500), st.integers(1, 600))
def test_the_beginning_comes_back_and_no_more(kind: Compression, data: bytes, most: int) -> None:
    compressed = _COMPRESS[kind](data)
    assert compression_of(compressed) is kind
    assert inflated(compressed, kind, max_bytes=most) == data[:most]


@pytest.mark.parametrize("kind", _COMPRESS)
def test_a_bomb_yields_only_what_was_asked_for(kind: Compression) -> None:
    assert inflated(_COMPRESS[kind](bytes(5_000_000)), kind, max_bytes=10) == bytes(10)


@pytest.mark.parametrize("kind", [*_COMPRESS, Compression.DEFLATE])
def test_other_bytes_are_malformed(kind: Compression) -> None:
    with pytest.raises(Malformed) as stop:
        inflated(b"\xffgarbage" * 10, kind, max_bytes=10)
    assert stop.value.problem.kind is ProblemKind.BAD_HEADER


def test_a_dictionary_larger_than_the_limit_is_not_allocated() -> None:
    small = lzma.compress(b"x", lzma.FORMAT_ALONE)
    huge = small[:1] + (1 << 30).to_bytes(4, "little") + small[5:]
    with pytest.raises(Malformed):
        inflated(huge, Compression.LZMA, max_bytes=10)


@pytest.mark.parametrize("head", [b"", b"x", b"xy", b"hello", b"]\0\0\0\0"])
def test_plain_bytes_are_not_compressed(head: bytes) -> None:
    assert compression_of(head) is None
