from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.artifacts.formats import gguf, jinja_template, media, plain_text, safetensors, sentencepiece
from ringfence.artifacts.judging import Judged, judge, judging_budget
from ringfence.artifacts.problems import Malformed
from ringfence.artifacts.reader import Reader
from ringfence.core.verdicts import Verdict

_GOLDEN = Path(__file__).parent.parent.parent / "golden"
_FORMATS = (gguf, jinja_template, media, plain_text, safetensors, sentencepiece)
_STARTS = (
    b"",
    b"GGUF\3\0\0\0",
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",
    b"GIF89a",
    b"RIFF",
    b"{% ",
    b"\n\x0e\n\x05",
)


def _judged(data: bytes, name: str) -> Judged:
    return judge(Reader.of_bytes(data, budget=judging_budget()), name=name)


@pytest.mark.parametrize("module", _FORMATS, ids=lambda module: module.FORMAT.name)
@settings(deadline=None, max_examples=100)
@given(start=st.sampled_from(_STARTS), data=st.binary(max_size=300))
def test_any_bytes_end_in_findings_or_malformed(module: object, start: bytes, data: bytes) -> None:
    found = module.FORMAT  # type: ignore[attr-defined]
    for look in (found.sniff, found.judge):
        try:
            result = look(Reader.of_bytes(start + data, budget=judging_budget()))
            if not isinstance(result, bool):
                list(result)
        except Malformed:
            pass


@pytest.mark.parametrize(
    "sample",
    ["gguf/good.gguf", "safetensors/good.safetensors", "media/good.png", "sentencepiece/tokenizer.model"],
)
def test_a_file_that_is_cut_anywhere_is_never_clean(sample: str) -> None:
    path = _GOLDEN / sample
    data = path.read_bytes()
    assert _judged(data, path.name).judgement.verdict == Verdict.CLEAN
    step = max(1, len(data) // 300)
    clean = [
        end
        for end in range(0, len(data), step)
        if _judged(data[:end], path.name).judgement.verdict <= "unknown"
    ]
    assert clean == []


@pytest.mark.parametrize("sample", ["gguf/good.gguf", "safetensors/good.safetensors", "media/good.png"])
def test_what_stands_behind_the_end_is_judged_by_itself(sample: str) -> None:
    path = _GOLDEN / sample
    behind = b"cposix\nsystem\n(S'id'\ntR."
    found = _judged(path.read_bytes() + behind, path.name)
    assert found.judgement.verdict == Verdict.MALICIOUS
    assert {each.check for each in found.spotted} >= {"trailing-data", "pickle-dangerous-call"}


def test_a_pickle_that_calls_itself_text_is_judged_as_a_pickle() -> None:
    assert _judged(b"cposix\nsystem\n(S'id'\ntR.", "notes.txt").judgement.verdict == Verdict.MALICIOUS
    assert _judged(b"cposix\nsystem\n(S'id'\ntR.", "notes").judgement.verdict == Verdict.MALICIOUS


def test_texts_in_old_and_wide_encodings_are_read() -> None:
    for data in ("Die Größe\n".encode("cp1252"), "\ufeffGröße".encode("utf-16-le"), b"\xef\xbb\xbfplain"):
        assert _judged(data, "notes.txt").judgement.verdict == Verdict.CLEAN


def test_the_vocabulary_of_tiktoken_is_text() -> None:
    assert _judged(b"IQ== 0\nIg== 1\n", "tokenizer.model").judgement.verdict == Verdict.CLEAN
    assert _judged(b"", "tokenizer.model").judgement.verdict == Verdict.INCONCLUSIVE


@pytest.mark.parametrize("text", ["Notes\n\nof a run\n", "Note: this is a draft.\n", "No warranty.\n"])
def test_words_whose_letters_are_opcodes_are_words(text: str) -> None:
    assert _judged(text.encode(), "README.md").judgement.verdict is Verdict.CLEAN
