import struct
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.artifacts.gguf_tokens import Strings, read_strings
from ringfence.artifacts.judging import judge, judging_budget
from ringfence.artifacts.problems import Malformed
from ringfence.artifacts.reader import Reader

_WORDS = ["<s>", "</s>", "<unk>", "yes", "no", "\u200b", "<script", "https://www", "\ufeff", "-" * 64, "curl"]
_TYPES = [3, 3, 2, 1, 1, 1, 1, 1, 1, 1, 1]


def _listed(*texts: bytes) -> bytes:
    return b"".join(struct.pack("<Q", len(text)) + text for text in texts)


def _found(path: Path, words: list[str], types: list[int], *, model: str = "llama", **ids: int) -> Any:
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tokenizer_model(model)
    writer.add_token_list(words)
    writer.add_token_types(types)
    writer.add_token_merges(["a b", "b c"])
    for role, number in ({"bos": 0, "eos": 1} | ids).items():
        getattr(writer, f"add_{role}_token_id")(number)
    writer.add_tensor("token_embd.weight", np.zeros((4, 32), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    reader = Reader.of_bytes(path.read_bytes(), budget=judging_budget())
    return {(each.check, each.severity, *each.evidence) for each in judge(reader, name="m.gguf").spotted}


def test_an_honest_vocabulary_is_clean(tmp_path: Path) -> None:
    assert _found(tmp_path / "m.gguf", _WORDS, _TYPES) == set()


def test_a_mark_that_ends_and_begins_at_once_as_in_gpt2_is_clean(tmp_path: Path) -> None:
    words, types = [*_WORDS, "<|endoftext|>"], [*_TYPES, 3]
    assert _found(tmp_path / "m.gguf", words, types, model="gpt2", bos=11, eos=11) == set()


def test_beginning_and_end_exchanged_are_suspicious(tmp_path: Path) -> None:
    found = _found(tmp_path / "m.gguf", _WORDS, _TYPES, bos=1, eos=0)
    assert found == {("special-token-mixed-up", "high", "eos is <s>, and bos is </s>")}


def test_an_end_that_is_a_word_is_told(tmp_path: Path) -> None:
    found = _found(tmp_path / "m.gguf", _WORDS, _TYPES, eos=3)
    assert found == {("special-token-mixed-up", "low", "eos is the word 'yes'")}


def test_a_special_token_that_stands_twice_is_suspicious(tmp_path: Path) -> None:
    found = _found(tmp_path / "m.gguf", [*_WORDS, "</s>"], [*_TYPES, 1])
    assert found == {("token-stands-twice", "high", "'</s>' has two numbers")}


def test_an_ordinary_word_that_answers_leave_out_is_told(tmp_path: Path) -> None:
    found = _found(tmp_path / "m.gguf", [*_WORDS, "\u2581danger"], [*_TYPES, 3])
    assert found == {("tokenizer-odd-token", "low", "the word '\u2581danger' is a control token")}


@pytest.mark.parametrize("kind", [3, 4])
def test_an_address_that_somebody_added_is_suspicious(kind: int, tmp_path: Path) -> None:
    found = _found(tmp_path / "m.gguf", [*_WORDS, "see https://evil.invalid/x"], [*_TYPES, kind])
    assert found == {("tokenizer-odd-token", "high", "https://evil.invalid")}


def test_a_token_that_does_not_exist_is_told(tmp_path: Path) -> None:
    found = _found(tmp_path / "m.gguf", _WORDS, _TYPES, eos=99)
    evidence = "tokenizer.ggml.eos_token_id is 99, and there are 11 tokens"
    assert found == {("token-out-of-range", "low", evidence)}


@pytest.mark.parametrize("texts", [(), (b"",), (b"a", b"", b"bc"), (b"x" * 300, b"\0\0\0")])
def test_strings_are_found_by_their_number(texts: tuple[bytes, ...]) -> None:
    reader = Reader.of_bytes(_listed(*texts) + b"behind", budget=judging_budget())
    found = read_strings(reader, len(texts))
    assert tuple(found.item(number) for number in range(len(texts))) == texts
    assert reader.remaining_bytes == len(b"behind")


def test_a_list_of_more_than_one_piece_is_read_whole() -> None:
    texts = [b"%d" % number * 7 for number in range(200_000)]
    found = read_strings(Reader.of_bytes(_listed(*texts), budget=judging_budget()), len(texts))
    assert [found.item(number) for number in (0, 99_999, 199_999)] == [texts[0], texts[99_999], texts[-1]]


def test_text_that_looks_like_another_entry_does_not_count() -> None:
    found = read_strings(Reader.of_bytes(_listed(b"ab", _listed(b"ab")), budget=judging_budget()), 2)
    assert found.times(b"ab") == 1


@settings(deadline=None)
@given(data=st.binary(max_size=200), count=st.integers(0, 30))
def test_any_bytes_are_a_list_or_malformed(data: bytes, count: int) -> None:
    try:
        found = read_strings(Reader.of_bytes(data, budget=judging_budget()), count)
    except Malformed:
        return
    assert isinstance(found, Strings)
    assert _listed(*(found.item(number) for number in range(count))) == data[: sum(found.ends[-1:])]
