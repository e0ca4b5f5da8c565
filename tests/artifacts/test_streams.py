import bz2
import gzip
import lzma
import pickle
import random
import sys
import zlib
from collections.abc import Callable
from dataclasses import replace

import lz4.frame
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiving import GOOD, PAYLOAD, checks, judged
from ringfence.artifacts.inflating import Compression
from ringfence.artifacts.problems import Malformed
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.streams import Streams
from ringfence.core.limits import LIMITS

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Compress = Callable[[bytes], bytes]
KINDS: dict[Compression, Compress] = {
    Compression.GZIP: gzip.compress,
    Compression.ZLIB: zlib.compress,
    Compression.BZIP2: bz2.compress,
    Compression.XZ: lzma.compress,
    Compression.LZMA: lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    Compression.ZSTD: zstd.compress,
    Compression.LZ4: lz4.frame.compress,
}
_STACKED = [kind for kind in KINDS if kind not in (Compression.ZLIB, Compression.LZMA)]
_SKIPPED = b"\x52\x2a\x4d\x18\5\0\0\0hello"


def inflated(data: bytes, kind: Compression) -> tuple[bytes, int]:
    streams = Streams(Reader.of_bytes(data), kind)
    return b"".join(streams.chunks()), streams.end


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.binary(max_size=200), times=st.integers(0, 700))
def test_all_of_it_comes_back(kind: Compression, data: bytes, times: int) -> None:
    compressed = KINDS[kind](data * times)
    assert inflated(compressed, kind) == (data * times, len(compressed))


@pytest.mark.parametrize("kind", _STACKED)
def test_streams_behind_each_other_are_one_file(kind: Compression) -> None:
    compress = KINDS[kind]
    compressed = compress(b"a" * 100_000) + compress(b"") + compress(b"b" * 9)
    assert inflated(compressed, kind) == (b"a" * 100_000 + b"b" * 9, len(compressed))


@pytest.mark.parametrize("kind", [Compression.ZSTD, Compression.LZ4])
def test_frames_that_readers_skip_are_skipped(kind: Compression) -> None:
    compressed = _SKIPPED + KINDS[kind](b"a") + _SKIPPED + KINDS[kind](b"b")
    assert inflated(compressed, kind) == (b"ab", len(compressed))
    assert checks(_SKIPPED + KINDS[kind](PAYLOAD))[0] == "malicious"


@pytest.mark.parametrize("kind", [Compression.GZIP, Compression.XZ])
def test_zeros_may_follow(kind: Compression) -> None:
    assert checks(KINDS[kind](GOOD) + bytes(8)) == ("clean", [])


@pytest.mark.parametrize("kind", KINDS)
def test_bytes_behind_the_data_are_judged(kind: Compression) -> None:
    assert checks(KINDS[kind](GOOD) + b"\x01?") == (
        "inconclusive",
        ["medium trailing-data ", "medium unknown-format "],
    )
    assert checks(KINDS[kind](GOOD) + PAYLOAD)[0] == "malicious"


def test_gzips_optional_fields_are_stepped_over() -> None:
    plain = gzip.compress(b"data")
    head = plain[:3] + b"\x1f" + plain[4:10] + b"\3\0abc" + b"name\0" + b"comment" * 300 + b"\0" + b"\0\0"
    assert inflated(head + plain[10:], Compression.GZIP) == (b"data", len(head + plain[10:]))


@pytest.mark.parametrize("kind", KINDS)
@given(cut=st.integers(0, 10_000))
def test_one_that_is_cut_short_is_malformed(kind: Compression, cut: int) -> None:
    whole = KINDS[kind](bytes(range(256)) * 8)
    with pytest.raises(Malformed):
        inflated(whole[: cut % len(whole)], kind)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_nothing_but_malformed_is_raised(kind: Compression, data: st.DataObject) -> None:
    whole = bytearray(KINDS[kind](bytes(range(256)) * 8))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    judged(bytes(whole))
    judged(bytes(whole[:9]) + data.draw(st.binary(max_size=100)))


@pytest.mark.parametrize("kind", [Compression.GZIP, Compression.ZLIB])
def test_a_wrong_checksum_comes_after_what_it_is_about(kind: Compression) -> None:
    broken = KINDS[kind](PAYLOAD)[:-4] + b"\x55" * 4
    assert checks(broken) == ("malicious", ["critical pickle-dangerous-call ", "medium bad-header "])


def test_what_hardly_shrinks_may_be_large(monkeypatch: pytest.MonkeyPatch) -> None:
    small = replace(LIMITS, judged_inflated_bytes=1000)
    monkeypatch.setattr("ringfence.artifacts.streams.LIMITS", small)
    honest = pickle.dumps(random.Random(1).randbytes(100_000))
    assert checks(gzip.compress(honest)) == ("clean", [])
    assert "medium over-limit " in checks(gzip.compress(pickle.dumps(bytes(100_000))))[1]
