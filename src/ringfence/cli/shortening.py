"""Paths as people write them: `~` for the home that is looked at, else counted from here."""

from collections.abc import Callable, Iterable
from pathlib import Path

__all__ = ["Shorten", "from_here", "shortener"]

Shorten = Callable[[str], str]


def shortener(homes: Iterable[Path]) -> Shorten:
    """Puts `~/` where a text has the one home's path; with several homes nothing is shortened."""
    known = tuple(homes)
    if len(known) != 1 or known[0] == Path("/"):
        return str
    prefix = f"{known[0]}/"
    return lambda text: text.replace(prefix, "~/")


def from_here(path: Path) -> str:
    """The path counted from the current folder when it lies below it, else as it is."""
    try:
        return str(path.relative_to(Path.cwd()))
    except (OSError, ValueError):  # the current folder may be gone
        return str(path)
