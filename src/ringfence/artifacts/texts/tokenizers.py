"""Judges a tokenizer.json: whether it maps words elsewhere."""

from collections.abc import Iterator

from ringfence.artifacts.spotted import Spotted
from ringfence.core.bounded_json import Json

__all__ = ["judge_tokenizer"]


def judge_tokenizer(document: Json) -> Iterator[Spotted]:
    """What a parsed tokenizer.json would do to text."""
    yield from ()  # rules follow
