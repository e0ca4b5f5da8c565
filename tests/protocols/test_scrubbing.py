import base64
import html
import json
import random
import re
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.protocols.scrubbing import Scrubber, Secrets

_PLAIN = (b"ghp_abcDEFghi0123456789jklMNOpqrSTUvw", b"ghp_ZYXzyxWVU9876543210tsrQPOonmLKJih")
_ODD = ("p\u00e4ss/w+ord=\"x&y<z>'`\\ e", "q\u00fctt/v+prc=\"w&x<y>'`\\ d")
_PAIRS = dict([_PLAIN, tuple(each.encode() for each in _ODD)])


def _scrubbed(data: bytes, *sizes: int, pairs=_PAIRS) -> bytes:
    scrubber, made, at = Scrubber(pairs), [], 0
    for size in sizes:
        made.append(scrubber.feed(data[at : at + size]))
        at += size
    return b"".join((*made, scrubber.feed(data[at:]), scrubber.finish()))


_WRITTEN = {
    "raw": str,
    "url": lambda text: quote(text, safe=""),
    "url, lower": lambda text: re.sub("%..", lambda found: found[0].lower(), quote(text, safe="")),
    "form": quote_plus,
    "json": json.dumps,
    "json in json": lambda text: json.dumps(json.dumps(text)),
    "slashes": lambda text: json.dumps(text).replace("/", "\\/"),
    "page": html.escape,
    "json in a page": lambda text: html.escape(json.dumps(text)),
    "hex": lambda text: text.encode().hex(),
    "letters": lambda text: "".join(f"%{each:02X}" for each in text.encode()),
    "units": lambda text: "".join(f"\\u{ord(each):04x}" for each in text),
    "basic": lambda text: base64.b64encode(b"me:" + text.encode()).decode(),
}


@pytest.mark.parametrize("size", [1, 5, 10_000])
@pytest.mark.parametrize("name", _WRITTEN)
@pytest.mark.parametrize("pair", [tuple(each.decode() for each in _PLAIN), _ODD], ids=["plain", "odd"])
def test_what_a_program_wrote_of_a_secret_is_what_it_had_written_of_the_placeholder(pair, name, size):
    write = _WRITTEN[name]
    padding = "x" * 5000  # long enough that only some words of it are looked at
    data, wanted = (f"{padding}{write(each)}\n{padding}".encode() for each in pair)
    assert _scrubbed(data, *[size] * (len(data) // size)) == wanted


@pytest.mark.parametrize("before", range(3))
@pytest.mark.parametrize("after", range(3))
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("secret", _PAIRS)
def test_within_base64_no_more_than_its_ends_are_left_wherever_it_stands(secret, encode, before, after):
    written = encode(b"b" * before + secret + b"a" * after)
    found = base64.urlsafe_b64decode(_scrubbed(b"z" * 5000 + b" " + written + b"\n")[5001:].translate(
        bytes.maketrans(b"+/", b"-_")
    ))  # fmt: skip
    assert len(found) == len(secret) + before + after
    assert found[before + 1 : -1 - after] == _PAIRS[secret][1:-1]


@pytest.mark.parametrize("length", [*range(1, 40), 3000])
def test_nothing_but_the_secret_is_changed_whatever_it_is_split_into(length):
    rnd = random.Random(length)
    text = b"".join(rnd.choice([b"ghp_", b"abc", *_PAIRS, b"\n", _PLAIN[0][:-1], b"%"]) for _ in range(400))
    wanted = text
    for secret, instead in _PAIRS.items():
        wanted = wanted.replace(secret, instead)
    assert _scrubbed(text, *[length] * (len(text) // length)) == wanted


def test_nothing_is_kept_back_that_is_no_beginning():
    scrubber = Scrubber(_PAIRS)
    event = b'data: {"text": "gh"}\n\n'
    assert scrubber.feed(event) == event
    assert scrubber.feed(b"data: ghp_abc") == b"data: "
    assert scrubber.feed(b"x\n") == b"ghp_abcx\n"


def test_of_two_secrets_of_which_one_begins_like_the_other_the_longer_one_is_meant():
    pairs = {b"secret-one": b"OOOOOOOOOO", b"secret-one-two": b"TTTTTTTTTTTTTT"}
    for size in (1, 3, 100):
        assert _scrubbed(b"a secret-one-two secret-one ", *[size] * 40, pairs=pairs) == (
            b"a TTTTTTTTTTTTTT OOOOOOOOOO "
        )


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.sampled_from([*_PAIRS, b"ghp_abc", b"x" * 4100, b"\0", b"abc/"]), max_size=12),
    st.lists(st.integers(1, 9000), max_size=12),
)
def test_no_secret_is_left_in_any_stream(parts, sizes):
    data = b"".join(parts)
    made = _scrubbed(data, *sizes)
    assert not any(secret in made for secret in _PAIRS)
    assert len(made) == len(data)


def test_without_secrets_all_stays():
    assert _scrubbed(b"a" * 9000, 5, pairs={}) == b"a" * 9000


def test_one_set_of_secrets_serves_many_streams():
    secrets = Secrets(_PAIRS)
    one, other = Scrubber(secrets), Scrubber(secrets)
    end = _PLAIN[0][9:] + b"\n"
    assert (one.feed(_PLAIN[0][:9]), other.feed(end)) == (b"", end)
    assert one.feed(_PLAIN[0][9:]) + one.finish() == _PLAIN[1]
