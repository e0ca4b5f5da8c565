"""Finds in metadata what has no business there: programs, secrets, addresses of payloads."""

from collections.abc import Iterator

from ringfence.artifacts.spotted import Spotted

__all__ = ["judge_value"]


def judge_value(key: str, value: str) -> Iterator[Spotted]:
    """What is wrong with one string of a file's metadata; the key is only for the evidence."""
    yield from ()  # rules follow
