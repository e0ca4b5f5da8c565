import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from model_folders import json_file
from ringfence.app.folder_of import folder_of
from ringfence.artifacts.feeds import parse_feed
from ringfence.artifacts.folders.judge import judge_folder

_VOCAB = {"yes": 0, "no": 1, "maybe": 2}
_ADDED = [{"id": 3, "content": "<s>", "special": True}, {"id": 4, "content": "</s>", "special": True}]


def _said(top: Path, *, vocab: Any = _VOCAB, marks: Any = None, **config: Any) -> set[tuple[str, str, str]]:
    json_file(top / "tokenizer.json", {"model": {"type": "BPE", "vocab": _VOCAB}, "added_tokens": _ADDED})
    json_file(top / "vocab.json", vocab)
    json_file(
        top / "special_tokens_map.json", marks or {"bos_token": "<s>", "eos_token": {"content": "</s>"}}
    )
    decoder = {"3": {"content": "<s>"}, "4": {"content": "</s>"}}
    honest = {"bos_token": "<s>", "eos_token": "</s>", "added_tokens_decoder": decoder}
    json_file(top / "tokenizer_config.json", honest | config)
    return {(name, each.check, each.severity) for name, each in judge_folder(folder_of(top))}


def test_files_of_one_tokenizer_agree(tmp_path: Path) -> None:
    assert _said(tmp_path) == set()


def test_a_vocabulary_that_lacks_what_was_added_agrees(tmp_path: Path) -> None:
    assert _said(tmp_path, vocab={"yes": 0}, added_tokens_decoder={"9": {"content": "<pad>"}}) == set()


def test_two_words_that_are_exchanged_in_one_file_are_suspicious(tmp_path: Path) -> None:
    found = _said(tmp_path, vocab={"yes": 1, "no": 0, "maybe": 2})
    assert found == {("vocab.json", "tokenizer-files-differ", "high")}


def test_added_tokens_that_are_exchanged_in_one_file_are_suspicious(tmp_path: Path) -> None:
    decoder = {"3": {"content": "</s>"}, "4": {"content": "<s>"}}
    found = _said(tmp_path, added_tokens_decoder=decoder)
    assert found == {("tokenizer_config.json", "tokenizer-files-differ", "high")}


def test_other_marks_are_told(tmp_path: Path) -> None:
    found = _said(tmp_path, marks={"eos_token": "<|im_end|>"})
    assert found == {("tokenizer_config.json", "tokenizer-files-differ", "low")}


def test_beginning_and_end_exchanged_are_suspicious(tmp_path: Path) -> None:
    marks = {"bos_token": "</s>", "eos_token": "<s>"}
    found = _said(tmp_path, marks=marks, **marks)
    assert found == {("tokenizer_config.json", "special-token-mixed-up", "high")}


@pytest.mark.parametrize("decoder", [[], {"x": 1}, {"99999999999999": {"content": 1}}, {"3": None}])
def test_what_is_no_list_of_tokens_says_nothing(decoder: Any, tmp_path: Path) -> None:
    assert _said(tmp_path, added_tokens_decoder=decoder) == set()


def _known(top: Path, digest: str, model: str | None) -> set[tuple[str, str, str]]:
    _said(top)
    (top / "README.md").write_text("---\nbase_model: acme/base\n---\n")
    entries = [{"model": name, "sha256": digest} for name in ("acme/Chat", "acme/base")]
    feed = parse_feed(json.dumps({"schema": "ringfence.tokenizers/1", "tokenizers": entries}).encode())
    found = judge_folder(folder_of(top), feeds=feed, model=model)
    return {(name, each.check, each.severity) for name, each in found}


def test_a_tokenizer_that_a_feed_knows_is_clean(tmp_path: Path) -> None:
    _said(tmp_path)
    digest = sha256((tmp_path / "tokenizer.json").read_bytes()).hexdigest()
    assert _known(tmp_path, digest, "acme/chat") == set()


def test_another_tokenizer_under_the_same_name_is_suspicious(tmp_path: Path) -> None:
    found = _known(tmp_path, "0" * 64, "acme/chat")
    assert found == {("tokenizer.json", "tokenizer-differs", "high")}


def test_another_tokenizer_than_the_base_models_is_told(tmp_path: Path) -> None:
    found = _known(tmp_path, "0" * 64, None)
    assert found == {("tokenizer.json", "tokenizer-differs", "low")}
