"""Answers that are small on their way and fill memory when they are decoded."""

import functools
import gzip
import tracemalloc
import zlib

import brotli
import pytest
from backports import zstd

from ringfence.core.limits import LIMITS
from ringfence.protocols.content_codings import BadCoding, Bomb, Decoder
from ringfence.protocols.http import BadHttp, Headers, RequestHead
from ringfence.protocols.interpreting import interpret

_ZEROS = bytes(128 << 20)
_PACKING = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": functools.partial(brotli.compress, quality=3),
    "zstd": zstd.compress,
}


@pytest.mark.parametrize("name", _PACKING)
def test_a_bomb_is_refused_before_it_takes_memory(name):
    decoder, bomb = Decoder(name), _PACKING[name](_ZEROS)
    tracemalloc.start()
    try:
        with pytest.raises(Bomb):
            for at in range(0, len(bomb), 4096):
                decoder.feed(bomb[at : at + 4096])
        _, most_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most_bytes < 64 << 20 < len(_ZEROS)


def test_a_gzip_of_a_gzip_is_decoded_once():
    inner = gzip.compress(_ZEROS)
    assert Decoder("gzip").feed(gzip.compress(inner)) == inner


def test_many_small_members_count_together():
    member = gzip.compress(bytes(600_000))
    with pytest.raises(Bomb):
        Decoder("gzip").feed(member * 200)


def test_a_window_that_takes_memory_of_its_own_is_refused():
    options = {zstd.CompressionParameter.window_log: LIMITS.zstd_window_log + 3}
    large = zstd.ZstdCompressor(options=options)
    data = large.compress(b"x" * 100_000) + large.flush()
    with pytest.raises(BadCoding):
        Decoder("zstd").feed(data)


def test_a_request_whose_body_is_a_bomb_is_refused():
    headers = Headers((("content-type", "application/json"), ("content-encoding", "gzip")))
    with pytest.raises(BadHttp):
        interpret(
            RequestHead(method="POST", target="/mcp", headers=headers),
            host="h", port=443, session="s", agent="a", context=None, program=None,
            body=gzip.compress(_ZEROS), is_whole=True,
        )  # fmt: skip
