"""The names of a dataclass's fields, looked up once for each class."""

import dataclasses
from typing import Any, cast

__all__ = ["field_names"]

_KNOWN: dict[type, tuple[str, ...]] = {}  # as many as there are classes


def field_names(made: type) -> tuple[str, ...]:
    """In the order of their definition."""
    found = _KNOWN.get(made)
    if found is None:
        found = _KNOWN[made] = tuple(each.name for each in dataclasses.fields(cast("Any", made)))
    return found
