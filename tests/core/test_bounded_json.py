import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.core.bounded_json import BadJson, DuplicateKey, parse

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(_JSON, st.booleans())
def test_what_the_standard_library_wrote_is_read_back(value: object, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    assert parse(text) == value


def test_a_byte_order_mark_is_allowed() -> None:
    assert parse(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


@given(st.binary(max_size=200))
def test_anything_is_a_value_or_bad(data: bytes) -> None:
    try:
        value = parse(data)
    except BadJson:
        return
    assert value is None or isinstance(value, bool | int | float | str | list | dict)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[1] [2]",
        b"NaN",
        b"[Infinity]",
        b"-Infinity",
        b"\xff",
        b'{"a": 1, "b": {"c": 1, "c": 1}}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"9" * 100_000,
    ],
)
def test_what_is_not_one_honest_document_is_bad(data: bytes) -> None:
    with pytest.raises(BadJson):
        parse(data)


def test_a_key_twice_is_told_apart() -> None:
    with pytest.raises(DuplicateKey, match="a key stands twice in one object"):
        parse(b'{"a": 1, "a": 1}')


def test_a_document_over_the_limit_is_bad_before_it_is_read() -> None:
    assert parse(b"[1]", max_bytes=3) == [1]
    with pytest.raises(BadJson, match="longer than 2 bytes"):
        parse(b"[1]", max_bytes=2)


def test_the_message_never_quotes_the_document() -> None:
    with pytest.raises(BadJson) as bad:
        parse(b'{"password": hunter2}')
    assert str(bad.value) == "not valid JSON"


def test_a_number_too_large_for_a_float_is_infinite_and_nothing_worse() -> None:
    assert parse(b"1e999") == math.inf
