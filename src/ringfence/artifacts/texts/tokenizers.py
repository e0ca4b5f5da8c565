"""Judges a tokenizer.json: whether it changes words on their way to the model or back.

A tokenizer that replaces a host, a number or a name in what the model answers needs no change of weights.

Source: huggingface/tokenizers, the serialised normalizers, pre-tokenizers, decoders and processors.
"""

import re
from collections.abc import Iterator

from ringfence.artifacts.budget import Budget
from ringfence.artifacts.spotted import Spotted
from ringfence.artifacts.texts import hidden_characters
from ringfence.artifacts.texts.instructions import is_mark
from ringfence.artifacts.texts.special_tokens import has_address, is_plain_word, odd
from ringfence.artifacts.texts.suspicious_text import judge_value, programs_in
from ringfence.core.bounded_json import Json
from ringfence.core.findings import Severity
from ringfence.core.limits import LIMITS

__all__ = ["judge_tokenizer"]

_STEPS = ("normalizer", "pre_tokenizer", "decoder", "post_processor")
_LETTERS = re.compile(r"[A-Za-z0-9]")
# What a regular expression says by letters: classes, escapes, groups' names and options.
_REGEX_SPEECH = re.compile(
    r"\\[pP]\{[^}]*\}|\\[xu]\{?[0-9a-fA-F]+\}?|\\.|\[[^\]]*\]|\(\?[^:)]*[:)]|\{[0-9,]*\}"
)
_BOS_TOKENS = 8  # that a template puts around every text


def judge_tokenizer(document: Json, *, budget: Budget) -> Iterator[Spotted]:
    """What a parsed tokenizer.json would do to text.

    Raises:
        Malformed: it takes longer than the budget allows.
    """
    if not (isinstance(document, dict) and isinstance(model := document.get("model"), dict)):
        yield odd("tokenizer-unreadable", Severity.MEDIUM, "it has no model")
        return
    words = _vocabulary(model.get("vocab"))
    added = document.get("added_tokens") or []
    if not isinstance(added, list) or len(added) > LIMITS.header_items:
        yield odd("tokenizer-unreadable", Severity.MEDIUM, "added_tokens is no list, or too long a one")
        added = []
    yield from _same_number(words, added)
    yield from _other_number(words, added)
    yield from _added(added, budget)
    for step in _STEPS:
        yield from _step(step, document.get(step), words, budget)


def _vocabulary(vocab: Json) -> dict[str, int]:
    """Tokens with their numbers, whichever way the model lists them."""
    match vocab:
        case dict():
            return {word: number for word, number in vocab.items() if isinstance(number, int)}
        case list():
            pieces = (each[0] if isinstance(each, list) and each else each for each in vocab)
            return {word: number for number, word in enumerate(pieces) if isinstance(word, str)}
    return {}


def _same_number(words: dict[str, int], added: list[Json]) -> Iterator[Spotted]:
    """Two words that a model cannot tell apart: what one says comes out as the other."""
    by_number: dict[int, str] = {}
    for word, number in words.items():
        other = by_number.setdefault(number, word)
        if other != word:
            yield odd("tokenizer-maps-words", Severity.HIGH, f"{other!r} and {word!r} are both {number}")
            break
    for token in added:
        match token:
            case {"id": int(number), "content": str(word)}:
                other = by_number.setdefault(number, word)
                if _plainly(other) != _plainly(word) and not (is_mark(other) and is_mark(word)):
                    yield odd(
                        "tokenizer-maps-words", Severity.HIGH, f"{other!r} and {word!r} are both {number}"
                    )
                    return


def _other_number(words: dict[str, int], added: list[Json]) -> Iterator[Spotted]:
    """An added token that the vocabulary has under another number: loaders disagree on which counts."""
    for token in added:
        match token:
            case {"id": int(number), "content": str(word)} if words.get(word, number) != number:
                what = f"{word!r} is {words[word]} in the vocabulary and {number} among what was added"
                yield odd("tokenizer-maps-words", Severity.HIGH, what)
                return


def _plainly(word: str) -> str:
    """Without what stands for a space in front: Ġ of GPT-2, ▁ of SentencePiece."""
    return word.replace("\u0120", " ").replace("\u2581", " ").strip()


def _added(added: list[Json], budget: Budget) -> Iterator[Spotted]:
    for token in added:
        content = token.get("content") if isinstance(token, dict) else None
        if not isinstance(content, str):
            yield odd("tokenizer-unreadable", Severity.MEDIUM, "an added token without content")
            return
        if has_address(content):
            yield odd("tokenizer-odd-token", Severity.HIGH, content)
        yield from programs_in("added_tokens", content, budget=budget)
        yield from hidden_characters.judge_text(content)
        if isinstance(token, dict) and token.get("special") is True and is_plain_word(content):
            yield odd("tokenizer-odd-token", Severity.LOW, f"the word {content!r} is a special token")


def _step(name: str, top: Json, words: dict[str, int], budget: Budget) -> Iterator[Spotted]:
    """All parts of a step, those within sequences too."""
    left: list[Json] = [top]
    while left:
        part = left.pop()
        if isinstance(part, list):
            left.extend(part)
        if not isinstance(part, dict):
            continue
        left.extend(
            value
            for key, value in part.items()
            if key in (*_STEPS, f"{name}s", "processors", "pretokenizers")
        )
        match part:
            case {"type": "Replace", "pattern": pattern, "content": str(content)}:
                yield from _replacement(name, pattern, content, budget)
            case {"type": "Split", "pattern": pattern, "behavior": "Removed"}:
                yield from _replacement(name, pattern, "", budget)
            case {"type": "Strip", "content": str(content)} if _LETTERS.search(content):
                yield odd("tokenizer-maps-words", Severity.HIGH, f"{name}: strips {content!r}")
            case {"type": "Prepend", "prepend": str(content)} if _has_words(content):
                yield odd("tokenizer-maps-words", Severity.HIGH, f"{name}: puts {content!r} in front")
            case {"type": "TemplateProcessing"}:
                yield from _around(part, words)


def _replacement(where: str, pattern: Json, content: str, budget: Budget) -> Iterator[Spotted]:
    """Whether words are replaced; spaces, quotes, marks and accents are every tokenizer's work."""
    match pattern:
        case {"String": str(old)}:
            changes = (bool(_LETTERS.search(old)) and not is_mark(old)) or (
                _one_letter(old) and old != content
            )
            shown = old
        case {"Regex": str(shown)}:
            spelled = _REGEX_SPEECH.sub(" ", shown)
            changes = re.search(r"[A-Za-z]{3}", spelled) is not None and not is_mark(spelled)
        case _:
            yield odd("tokenizer-unreadable", Severity.MEDIUM, f"{where}: replaces an unknown pattern")
            return
    if changes or _has_words(content):
        yield odd("tokenizer-maps-words", Severity.HIGH, f"{where}: {shown!r} becomes {content!r}")
    yield from judge_value(where, content, budget=budget)


def _has_words(text: str) -> bool:
    return bool(_LETTERS.search(text)) and not is_mark(text) and len(text) > 1


def _one_letter(text: str) -> bool:
    return len(text) == 1 and text.isascii() and text.isalnum()


def _around(processor: dict[str, Json], words: dict[str, int]) -> Iterator[Spotted]:
    """What is put around every text: few tokens, each what it says it is, and no words."""
    special = processor.get("special_tokens")
    tokens = list(special.values()) if isinstance(special, dict) else []
    by_number = {number: word for word, number in words.items()}
    for token in tokens:
        match token:
            case {"ids": list(numbers), "tokens": list(said)}:
                pass
            case _:
                continue
        meant = [by_number.get(each, "") if isinstance(each, int) else "" for each in numbers]
        put = "".join(each for each in meant if each) or "".join(
            each for each in said if isinstance(each, str)
        )
        differs = any(
            real and real != name and not is_mark(real) for real, name in zip(meant, said, strict=False)
        )
        if len(numbers) > _BOS_TOKENS or differs or _has_words(put):
            yield odd("tokenizer-maps-words", Severity.HIGH, f"puts {put!r} around every text")
