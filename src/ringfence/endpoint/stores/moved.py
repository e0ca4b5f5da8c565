"""Stores that a settings file has moved."""

from collections.abc import Iterator
from pathlib import Path

from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip, printable
from ringfence.endpoint.home import Home
from ringfence.endpoint.settings import read_json

__all__ = ["moved_by_json", "moved_to"]


def moved_by_json(home: Home, settings: Path, key: str) -> Iterator[Path | Skipped]:
    """The folder that stands under `key` of a JSON settings file, if any, or why it cannot be followed."""
    found = read_json(settings)
    if isinstance(found, Skipped):
        yield found
    elif isinstance(found, dict) and isinstance(text := found.get(key), str) and text.strip():
        yield moved_to(home, text.strip(), said_in=settings)


def moved_to(home: Home, text: str, *, said_in: Path) -> Path | Skipped:
    """Where the folder that the file `said_in` calls `text` lies on this machine."""
    return home.place(text) or Skipped(
        kind="store",
        subject=clip(printable(f"{said_in}: {text}"), chars=LIMITS.name_chars),
        reason="moved to a place that cannot be reached from here",
    )
