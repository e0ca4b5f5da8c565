"""Tokenizers: which words have which numbers, and which of them are special."""

from collections.abc import Iterator, Mapping
from dataclasses import field

from ringfence.app.diff.comparison import VocabularyChange, names, shown
from ringfence.core.bounded_json import Json
from ringfence.core.dataclass import dataclass

__all__ = ["Vocabulary", "of_lists", "of_tokenizer", "of_words", "vocabulary_change"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """What a tokenizer knows."""

    numbers: Mapping[str, int]
    special: Mapping[str, str] = field(default_factory=dict)  # word → what is said of it
    merges: tuple[str, ...] | None = None


def of_tokenizer(document: Json) -> tuple[Vocabulary | None, Json]:
    """The vocabulary of a tokenizer.json, and the rest of the document."""
    if not isinstance(document, dict) or not isinstance(model := document.get("model"), dict):
        return None, document
    words = of_words(model.get("vocab"))
    merges = model.get("merges")
    added = document.get("added_tokens")
    special = {
        str(each.get("content")): ", ".join(f"{key} {each[key]}" for key in each if key != "content")
        for each in (added if isinstance(added, list) else ())
        if isinstance(each, dict)
    }
    rest: Json = {
        **{key: each for key, each in document.items() if key not in ("model", "added_tokens")},
        "model": {key: each for key, each in model.items() if key not in ("vocab", "merges")},
    }
    told = tuple(_merge(each) for each in merges) if isinstance(merges, list) else None
    return Vocabulary(numbers=words.numbers if words else {}, special=special, merges=told), rest


def of_words(vocab: Json) -> Vocabulary | None:
    """Words with numbers, or in their order, perhaps with scores."""
    if isinstance(vocab, dict):
        return Vocabulary(numbers={key: each for key, each in vocab.items() if isinstance(each, int)})
    if isinstance(vocab, list):
        words = (each[0] if isinstance(each, list) and each else each for each in vocab)
        return Vocabulary(numbers={str(word): number for number, word in enumerate(words)})
    return None


def of_lists(lists: Mapping[str, list[str]]) -> Vocabulary | None:
    """That of a GGUF file."""
    tokens = lists.get("tokenizer.ggml.tokens")
    if tokens is None:
        return None
    merges = lists.get("tokenizer.ggml.merges")
    return Vocabulary(
        numbers={word: number for number, word in enumerate(tokens)},
        merges=None if merges is None else tuple(merges),
    )


def vocabulary_change(name: str, old: Vocabulary | None, new: Vocabulary | None) -> VocabularyChange | None:
    """What is different, None where nothing is."""
    nothing = Vocabulary(numbers={})
    before, after = old or nothing, new or nothing
    if before == after:
        return None
    one, other = before.numbers, after.numbers
    return VocabularyChange(
        name=shown(name),
        old_size=len(one),
        new_size=len(other),
        added=names(f"{other[word]} {word}" for word in other if word not in one),
        removed=names(f"{one[word]} {word}" for word in one if word not in other),
        renumbered=names(
            f"{word} {one[word]} → {other[word]}"
            for word in other
            if word in one and one[word] != other[word]
        ),
        special=names(_special(before.special, after.special)),
        old_merges=None if before.merges is None else len(before.merges),
        new_merges=None if after.merges is None else len(after.merges),
        merges_differ=before.merges != after.merges,
    )


def _special(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for word in dict.fromkeys((*old, *new)):
        if word not in old:
            yield f"+ {word} ({new[word]})"
        elif word not in new:
            yield f"- {word} ({old[word]})"
        elif old[word] != new[word]:
            yield f"{word}: {old[word]} → {new[word]}"


def _merge(each: Json) -> str:
    return " ".join(map(str, each)) if isinstance(each, list) else str(each)
