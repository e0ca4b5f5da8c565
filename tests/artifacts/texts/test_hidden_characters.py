import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.artifacts.texts.hidden_characters import judge_text

HONEST = {
    "plain": "Hello, world!\n\tIndented.",
    "accents": "Ärger, naïve, Đặng",
    "emoji with joiners": "👩‍🚀 👨‍👩‍👧 ❤️ 1️⃣ 🏳️‍🌈",
    "flags": "🏴󠁧󠁢󠁥󠁮󠁧󠁿 🏴󠁧󠁢󠁳󠁣󠁴󠁿",
    "persian": "می‌خواهم نمی‌دانم کتاب‌ها",  # noqa: RUF001
    "hindi": "क्‍ष र्‍य",
    "arabic with marks": "\u200fمرحبا\u200e (hello)\u200f",  # noqa: RUF001
    "isolates that close": "the word \u2068שלום\u2069 means peace",  # noqa: RUF001
    "a byte order mark": "\ufeffname,value",
    "zero-width spaces": "long\u200bword and another\u200bone",
    "a token of zero-width spaces": "\u200b" * 16,
    "soft hyphens": "Donau\u00addampf\u00adschiff",
    "symbols of a font": "\ue0a0\ue0b0\uf015\uf121\ue0b2",
    "ideographs with variants": "葛\U000e0100城",
    "colours of a log": "\x1b[32mok\x1b[0m \x1b[2K\x1b[1A",
    "formulas": "μm, Δx, 5 × 10⁻³ ∑∫",  # noqa: RUF001
}


def _tags(text: str) -> str:
    return "".join(chr(0xE0000 + ord(each)) for each in text)


def _selectors(text: str) -> str:
    return "".join(chr(0xFE00 + b if b < 16 else 0xE0100 + b - 16) for b in text.encode())


def _bits(text: str) -> str:
    return "".join("\u200b\u200c"[int(bit)] for byte in text.encode() for bit in f"{byte:08b}")


@pytest.mark.parametrize("text", HONEST.values(), ids=HONEST.keys())
def test_honest_text_hides_nothing(text: str) -> None:
    assert list(judge_text(text)) == []


@pytest.mark.parametrize(
    ("text", "check", "shown"),
    [
        ("a\nb" + _tags("obey"), "hidden-text", "line 2: 4 characters: obey"),
        ("🏴" + _tags("run the installer"), "hidden-text", "run the installer"),
        ("😀" + _selectors("obey me"), "hidden-text", "obey me"),
        ("x" + _bits("obey") + "y", "hidden-text", "obey"),
        ("".join(each + "\u200b" for each in "ignore"), "hidden-text", "ignore"),
        ("".join(chr(0xE000 + ord(each)) for each in "obey me now"), "hidden-text", "obey me now"),
        ("if access \u202e)nimda( \u202c", "turned-text", ")nimda("),
        ("user \u2066// check admin", "turned-text", "line 1: user // check admin"),
        ("\x1b]52;c;cm0gLXJm\x07", "terminal-escape", "\x1b]"),
    ],
)
def test_what_is_hidden_is_found_and_decoded(text: str, check: str, shown: str) -> None:
    (found,) = judge_text(text)
    assert found.check == check
    assert shown in found.evidence[0]


@settings(deadline=None, max_examples=100)
@given(st.text(min_size=4, max_size=40, alphabet=st.characters(min_codepoint=32, max_codepoint=126)))
def test_whatever_is_written_in_tags_is_shown(text: str) -> None:
    (found,) = judge_text("harmless" + _tags(text))
    assert text in found.evidence[0]
