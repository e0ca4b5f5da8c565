"""The names of a dataclass's fields, looked up once for each class."""

from typing import Any, cast

from ringfence.core.dataclass import fields

__all__ = ["field_names"]

_KNOWN: dict[type, tuple[str, ...]] = {}  # as many as there are classes


def field_names(made: type) -> tuple[str, ...]:
    """In the order of their definition."""
    found = _KNOWN.get(made)
    if found is None:
        found = _KNOWN[made] = tuple(each.name for each in fields(cast("Any", made)))
    return found
