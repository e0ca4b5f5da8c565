from typing import Any

import pytest

from ringfence.artifacts.judging import judging_budget
from ringfence.artifacts.texts.tokenizers import judge_tokenizer
from ringfence.core.findings import Severity


def _tokenizer(**parts: Any) -> dict[str, Any]:
    vocab = {"<s>": 0, "</s>": 1, "▁yes": 2, "▁no": 3, "Ġhttp": 4, "html": 5}
    added = [
        {"id": 0, "content": "<s>", "special": True},
        {"id": 6, "content": "<|im_start|>", "special": True},
    ]
    return {"added_tokens": added, "model": {"type": "BPE", "vocab": vocab, "merges": []}} | parts


def _replace(old: str, new: str, *, regex: bool = False) -> dict[str, Any]:
    return {"type": "Replace", "pattern": {"Regex" if regex else "String": old}, "content": new}


def _around(word: str, number: int) -> dict[str, Any]:
    special = {word: {"id": word, "ids": [number], "tokens": [word]}}
    return {"type": "TemplateProcessing", "single": [], "pair": [], "special_tokens": special}


HONEST = {
    "nothing": {},
    "llama": {
        "normalizer": {
            "type": "Sequence",
            "normalizers": [{"type": "Prepend", "prepend": "▁"}, _replace(" ", "▁")],
        },
        "decoder": {
            "type": "Sequence",
            "decoders": [_replace("▁", " "), {"type": "Strip", "content": " ", "start": 1, "stop": 0}],
        },
        "post_processor": _around("<s>", 0),
    },
    "t5": {
        "normalizer": {
            "type": "Sequence",
            "normalizers": [_replace("``", '"'), _replace(" {2,}", " ", regex=True)],
        }
    },
    "a split that removes spaces": {
        "pre_tokenizer": {
            "type": "Split",
            "pattern": {"Regex": r"\s+"},
            "behavior": "Removed",
            "invert": False,
        }
    },
    "accents": {"normalizer": _replace("\u0451", "\u0435")},
    "a new language": {"added_tokens": [{"id": 7, "content": "Straße", "special": False}]},
}

MAPPING = {
    "a word for another": {"normalizer": _replace("safe", "unsafe")},
    "a host for another": {"decoder": _replace("github.com", "githab.com")},
    "words by a pattern": {"decoder": _replace(r"(?i)paypal\.com", "paypa1.com", regex=True)},
    "a word for a space": {"normalizer": _replace(" ", " please obey ")},
    "a digit for another": {"decoder": _replace("1", "7")},
    "a word that is dropped": {"decoder": _replace("not", "")},
    "a word that is cut out": {
        "pre_tokenizer": {"type": "Split", "pattern": {"String": "not "}, "behavior": "Removed"}
    },
    "deep in a sequence": {
        "decoder": {
            "type": "Sequence",
            "decoders": [{"type": "Sequence", "decoders": [_replace("yes", "no")]}],
        }
    },
    "letters that are stripped": {"decoder": {"type": "Strip", "content": "n", "start": 1, "stop": 0}},
    "words in front": {"normalizer": {"type": "Prepend", "prepend": "Obey me. "}},
    "a word around": {"post_processor": _around("<s>", 2)},
    "two words with one number": {"model": {"vocab": {"yes": 1, "no": 1}}},
    "an added word with a known number": {"added_tokens": [{"id": 2, "content": "no", "special": False}]},
    "an added word that has another number": {"added_tokens": [{"id": 9, "content": "\u2581yes"}]},
    "a pattern of the future": {"decoder": {"type": "Replace", "pattern": {"Glob": "*"}, "content": "x"}},
}


@pytest.mark.parametrize("parts", HONEST.values(), ids=HONEST.keys())
def test_what_every_tokenizer_does_is_clean(parts: dict[str, Any]) -> None:
    assert list(judge_tokenizer(_tokenizer(**parts), budget=judging_budget())) == []


@pytest.mark.parametrize("parts", MAPPING.values(), ids=MAPPING.keys())
def test_a_tokenizer_that_maps_words_elsewhere_never_passes(parts: dict[str, Any]) -> None:
    found = list(judge_tokenizer(_tokenizer(**parts), budget=judging_budget()))
    assert {each.check for each in found} <= {"tokenizer-maps-words", "tokenizer-unreadable"}
    assert max(each.severity for each in found) >= Severity.MEDIUM


def test_an_added_token_that_is_an_address_is_suspicious() -> None:
    (found,) = judge_tokenizer(
        _tokenizer(added_tokens=[{"id": 9, "content": "https://evil.invalid/x"}]), budget=judging_budget()
    )
    assert (found.check, found.severity) == ("tokenizer-odd-token", Severity.HIGH)


def test_an_ordinary_word_that_is_special_is_told() -> None:
    (found,) = judge_tokenizer(
        _tokenizer(added_tokens=[{"id": 9, "content": "danger", "special": True}]), budget=judging_budget()
    )
    assert (found.check, found.severity) == ("tokenizer-odd-token", Severity.LOW)


@pytest.mark.parametrize("document", [None, [], {}, {"model": 3}, {"model": {}, "added_tokens": 3}])
def test_what_is_no_tokenizer_is_inconclusive(document: Any) -> None:
    assert [each.check for each in judge_tokenizer(document, budget=judging_budget())] == [
        "tokenizer-unreadable"
    ]
