from ringfence.app.diff.vocabularies import Vocabulary, of_lists, of_tokenizer, of_words, vocabulary_change
from ringfence.core.bounded_json import Json


def test_words_have_the_number_they_are_given_or_that_of_their_place() -> None:
    scored: Json = [["<unk>", 0.0], ["a", -1.5]]
    assert of_words({"a": 1, "b": "no number"}) == Vocabulary(numbers={"a": 1})
    assert of_words(scored) == Vocabulary(numbers={"<unk>": 0, "a": 1})
    assert of_words("nothing of the kind") is None


def test_a_tokenizers_words_and_merges_are_no_values_but_all_else_is() -> None:
    document: Json = {
        "model": {"type": "BPE", "vocab": {"a": 0}, "merges": [["a", "b"], "c d"]},
        "added_tokens": [{"id": 1, "content": "<s>"}],
        "normalizer": {"type": "NFC"},
    }
    assert of_tokenizer(document) == (
        Vocabulary(numbers={"a": 0}, special={"<s>": "id 1"}, merges=("a b", "c d")),
        {"model": {"type": "BPE"}, "normalizer": {"type": "NFC"}},
    )
    assert of_tokenizer({"chat_template": "x"}) == (None, {"chat_template": "x"})


def test_a_gguf_file_without_tokens_has_no_vocabulary() -> None:
    assert of_lists({"general.tags": ["x"]}) is None


def test_merges_in_another_order_are_others() -> None:
    old, new = (Vocabulary(numbers={}, merges=merges) for merges in (("a b", "c d"), ("c d", "a b")))
    change = vocabulary_change("t", old, new)
    assert change is not None
    assert (change.old_merges, change.new_merges, change.merges_differ) == (2, 2, True)
    assert vocabulary_change("t", old, old) is None
