import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.core.text import clip, printable

_ANYTHING = st.text(st.characters(exclude_categories=()))


@given(_ANYTHING)
def test_nothing_hidden_is_left(text: str) -> None:
    hidden = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    assert not hidden & {unicodedata.category(character) for character in printable(text)}


@given(_ANYTHING)
def test_what_is_harmless_stays_as_it_is(text: str) -> None:
    once = printable(text)
    assert printable(once) == once


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E)))
def test_plain_text_comes_back_unchanged(text: str) -> None:
    assert printable(text) == text


@given(_ANYTHING)
def test_what_was_made_harmless_can_be_written_as_utf_8(text: str) -> None:
    assert printable(text).encode().decode() == printable(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", "\\x1b[2J"),
        ("a\u202egpj.exe", "a\\u{202e}gpj.exe"),
        ("zero\u200bwidth", "zero\\u{200b}width"),
        ("\udcff.gguf", "\\xff.gguf"),
        ("line\nfeed", "line\\x0afeed"),
        ("\x9b31m", "\\x9b31m"),
        ("Modèle 模型 🦙", "Modèle 模型 🦙"),
    ],
)
def test_what_misleads_is_spelled_out(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(_ANYTHING, st.integers(1, 50))
def test_clipped_text_is_no_longer_than_asked_and_says_that_it_was_cut(text: str, chars: int) -> None:
    cut = clip(text, chars=chars)
    assert len(cut) <= chars
    assert cut == text or (cut.endswith("…") and text.startswith(cut[:-1]))
