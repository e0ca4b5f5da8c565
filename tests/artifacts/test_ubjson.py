import pytest

from ringfence.artifacts.problems import Malformed
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.ubjson import Text, texts


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"{i\x01aSi\x02hii\x01bi\x07}", [Text(("a",), "hi")]),
        (b"{#i\x01i\x01a[Si\x01xHi\x011]", [Text(("a",), "x"), Text(("a",), "1")]),
        (b"{i\x01a[$d#i\x02" + bytes(8) + b"i\x01bSi\x01y}", [Text(("b",), "y")]),
        (b"[[]{}ZTFSi\x00]", [Text((), "")]),
    ],
)
def test_texts_come_with_their_keys_and_the_reader_stands_behind_the_value(
    data: bytes, found: list[Text]
) -> None:
    reader = Reader.of_bytes(data)
    assert list(texts(reader)) == found
    assert reader.remaining_bytes == 0


@pytest.mark.parametrize("data", [b"", b"q", b"{i\xff", b"[$d]", b"Si\x05abc", b"{i\x01a"])
def test_what_is_no_value_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        list(texts(Reader.of_bytes(data)))
