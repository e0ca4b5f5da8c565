"""A server that echoes the secret, as it likes. Without the scrubber each of these answers has it."""

import base64
import gzip
import json
import zlib

import brotli
import pytest
from backports import zstd

from ringfence.protocols.content_codings import Decoder
from ringfence.protocols.scrubbing import Scrubber, Secrets

_SECRET = b"sk-ant-api03-AbCdEfGh/IjKl+MnOpQrStUvWxYz0123456789"
_INSTEAD = b"sk-ant-api03-ZyXwVuTs/RqPo+NmLkJiHgFeDcBa9876543210"


def _delivered(data: bytes, size: int, coding: str = "identity") -> bytes:
    decoder, scrubber = Decoder(coding), Scrubber({_SECRET: _INSTEAD})
    pieces = [scrubber.feed(decoder.feed(data[at : at + size])) for at in range(0, len(data), size)]
    return b"".join((*pieces, scrubber.feed(decoder.finish()), scrubber.finish()))


@pytest.mark.parametrize("size", [1, 3, 17, 1 << 20])
@pytest.mark.parametrize(
    ("coding", "coded"),
    [
        ("identity", bytes),
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("br", brotli.compress),
        ("zstd", zstd.compress),
    ],
)
def test_an_echo_in_any_coding_in_any_pieces(coding, coded, size):
    answer = b'{"you": "sent ' + _SECRET + b'"}'
    sent = coded(answer)
    assert Decoder(coding).feed(sent) == answer  # what a client would read
    assert _delivered(sent, size, coding) == answer.replace(_SECRET, _INSTEAD)


@pytest.mark.parametrize("size", [1, 2, 1 << 20])
def test_an_echo_behind_many_beginnings_of_it(size):
    answer = b"".join(_SECRET[:at] for at in range(1, len(_SECRET))) + _SECRET + _SECRET[1:] + _SECRET
    assert _SECRET not in _delivered(answer, size)


def test_an_echo_at_every_place_of_a_large_answer():
    secrets = Secrets({_SECRET: _INSTEAD})
    for at in range(400):
        answer = b"\0" * (9000 + at) + _SECRET + b"\0" * (9000 - at)
        scrubber = Scrubber(secrets)
        assert _SECRET not in scrubber.feed(answer) + scrubber.finish()


def test_an_echo_in_base64_wherever_it_begins():
    for before in range(12):
        written = base64.b64encode(b"x" * before + _SECRET + b"y" * (12 - before))
        decoded = base64.b64decode(_delivered(b'{"data":"' + written + b'"}', 1 << 20)[9:-2])
        assert _SECRET[2:-2] not in decoded and _INSTEAD[2:-2] in decoded


def test_an_echo_in_json_in_json_as_servers_report_what_they_got():
    for text in (
        json.dumps(json.dumps({"a": _SECRET.decode()})),
        json.dumps(_SECRET.decode()).replace("/", "\\/"),
    ):
        assert _SECRET.decode() in str(json.loads(text)).replace("\\", "")
        assert _SECRET.decode() not in str(json.loads(_delivered(text.encode(), 7))).replace("\\", "")


def test_two_secrets_written_into_each_other():
    one, other = b"secret-of-one-AAAA", b"AAAA-secret-of-other"
    pairs = {one: b"s" * len(one), other: b"o" * len(other)}
    scrubber = Scrubber(pairs)
    made = scrubber.feed(one[:-4] + other + one + other[4:]) + scrubber.finish()
    assert one not in made and other not in made
