"""Finds characters that people do not see, and says what they spell."""

from collections.abc import Iterator

from ringfence.artifacts.spotted import Spotted

__all__ = ["judge_text"]


def judge_text(text: str) -> Iterator[Spotted]:
    """What is hidden from whoever reads the text."""
    yield from ()  # rules follow
