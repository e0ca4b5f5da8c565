"""Texts of protocol 0 are read as unpicklers read them."""

import codecs
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.artifacts.pickles.literals import Literals, is_value
from ringfence.artifacts.reader import Reader

_ESCAPES = st.lists(
    st.sampled_from([b"\\", b"x", b"4", b"7", b"1", b"n", b"'", b'"', b"\n", b"q", b"a", b"F", b"\xe5"]),
    max_size=12,
)


@given(_ESCAPES)
@settings(deadline=None, max_examples=500)
def test_a_text_is_valid_and_says_what_it_does_to_python(parts: list[bytes]) -> None:
    inner = b"".join(parts)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            expected = codecs.escape_decode(inner)[0]
        except ValueError:
            expected = None
    assert is_value(ord("S"), b"'" + inner + b"'") is (expected is not None)
    if b"\n" not in inner:
        try:
            text = expected.decode() if expected is not None else None
        except UnicodeDecodeError:
            text = None
        assert Literals(Reader.of_bytes(b"S'" + inner + b"'\n")).text(0) == text


def test_an_unknown_escape_warns_nobody() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Literals(Reader.of_bytes(b"S'\\q\\777'\n")).text(0) is None
        assert Literals(Reader.of_bytes(b"S'os\\q\\x41\\101'\n")).text(0) == "os\\qAA"


@pytest.mark.parametrize("broken", [b"'\\'", b"'\\x4'", b"'\\x'", b"'a", b"a"])
def test_a_broken_text_is_no_value(broken: bytes) -> None:
    assert not is_value(ord("S"), broken)
