"""Paths as people write them: `~` for the home that is looked at."""

from collections.abc import Callable, Iterable
from pathlib import Path

__all__ = ["Shorten", "shortener"]

Shorten = Callable[[str], str]


def shortener(homes: Iterable[Path]) -> Shorten:
    """Puts `~/` where a text has the one home's path; with several homes nothing is shortened."""
    known = tuple(homes)
    if len(known) != 1 or known[0] == Path("/"):
        return str
    prefix = f"{known[0]}/"
    return lambda text: text.replace(prefix, "~/")
