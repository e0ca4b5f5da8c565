import base64
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.core.utf8 import as_utf8, exact_base64, is_utf8


@settings(deadline=None)
@given(st.binary())
def test_every_name_of_a_file_is_there_exactly(name: bytes) -> None:
    text = os.fsdecode(name)
    assert base64.b64decode(exact_base64(text)) == name
    assert is_utf8(text) == (text == as_utf8(text))
    as_utf8(text).encode()


@pytest.mark.parametrize(
    ("text", "shown"), [("caf\udce9", "caf\\xe9"), ("a\ud800b", "a\\ud800b"), ("é\n", "é\n"), ("", "")]
)
def test_what_no_document_can_have_is_spelled_out(text: str, shown: str) -> None:
    assert as_utf8(text) == shown
