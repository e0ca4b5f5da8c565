"""Judges chat templates: what rendering one would do. Reads its syntax; never renders it."""

from collections.abc import Iterator

from ringfence.artifacts.spotted import Spotted

__all__ = ["judge_template"]


def judge_template(text: str) -> Iterator[Spotted]:
    """What rendering the chat template would do, and what it hides. Jinja or Go; no offsets, lines in the evidence."""
    yield from ()  # rules follow
