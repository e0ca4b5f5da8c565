"""Lists of names that the rules here go by, from `words.json`."""

import json
from functools import cache
from pathlib import Path

__all__ = ["words"]


def words(name: str) -> frozenset[str]:
    """The list of that name."""
    return frozenset(_all()[name])


@cache
def _all() -> dict[str, list[str]]:
    found: dict[str, list[str]] = json.loads(
        (Path(__file__).parent / "words.json").read_text(encoding="utf-8")
    )
    return found
