#!/usr/bin/env python3
"""Prints how well licenses are told apart by their texts: the numbers of docs/licenses.md.

    scripts/license_alike.py WHEEL FOLDER

WHEEL as for scripts/license_texts.py; FOLDER holds prose, such as Markdown files, that is no license.
"""

import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from license_texts import texts_of_identify, texts_of_wheel

from ringfence.artifacts.licenses.fingerprints import all_fingerprints, parts_of
from ringfence.artifacts.licenses.plain_words import plain_words
from ringfence.artifacts.licenses.resembling import resemblance, words_in_common

__all__ = ["changes", "nearest_other"]

_CLAUSE = "The weights may be used for non-commercial purposes only."


def changes(seed: int) -> dict[str, Callable[[list[str]], list[str]]]:
    """What is done to the words of a text, by what it is called."""
    chosen = random.Random(seed)  # noqa: S311 -- which words are changed, no secret

    def replaced(part: float) -> Callable[[list[str]], list[str]]:
        return lambda words: ["weights" if chosen.random() < part else word for word in words]

    def cut(part: float) -> Callable[[list[str]], list[str]]:
        return lambda words: words[: int(len(words) * part)]

    def inserted(words: list[str]) -> list[str]:
        at = chosen.randrange(1, len(words))
        return [*words[:at], *_CLAUSE.split(), *words[at:]]

    return {
        "as it is": lambda words: words,
        "in capitals": lambda words: " ".join(words).upper().split(" "),
        "a clause put in": inserted,
        "1% of its words others": replaced(0.01),
        "3% of its words others": replaced(0.03),
        "5% of its words others": replaced(0.05),
        "10% of its words others": replaced(0.1),
        "the last tenth cut off": cut(0.9),
        "the last third cut off": cut(0.67),
        "the last half cut off": cut(0.5),
    }


def nearest_other(text: str, expression: str) -> float:
    """How much of the most alike license of another name stands in a text."""
    left = Counter(digest for digest, _ in parts_of(plain_words(text).words))
    others = (each for each in all_fingerprints() if each.expression != expression)
    return max(words_in_common(each, left) / each.words for each in others)


def _told(text: str, expression: str) -> str:
    held = resemblance(text)
    names = {each.expression for each in held.found}
    if expression not in names:
        return "another license" if names else "none"
    return "the same" if not held.added and all(each.whole for each in held.found) else "changed"


def _rows(texts: list[tuple[str, str]]) -> Iterator[str]:
    for name, change in changes(1).items():
        told = Counter(_told(" ".join(change(text.split(" "))), expression) for expression, text in texts)
        counts = " | ".join(str(told[each]) for each in ("the same", "changed", "another license", "none"))
        yield f"| {name} | {counts} |"


if __name__ == "__main__":
    read = [*texts_of_wheel(Path(sys.argv[1])), *texts_of_identify()]
    known = {each.expression for each in all_fingerprints()}
    texts = [(each.expression, each.text) for each in read if len(each.text.split()) >= 40]
    print(len(texts), "texts of", len(known), "licenses")
    print(*_rows(texts), sep="\n")
    near = sorted(((nearest_other(text, name), name) for name, text in texts), reverse=True)
    print("nearest other license:", *(f"{name} {alike:.2f}" for alike, name in near[:: len(near) // 12]))
    prose = [each.read_text("utf-8", "replace")[:262144] for each in Path(sys.argv[2]).rglob("*.md")]
    alike = sorted((nearest_other(each, "") for each in prose), reverse=True)
    print(len(prose), "texts of prose:", *(f"{each:.2f}" for each in alike[:8]))
