"""Patterns that are compiled when they are first used.

A command imports many modules and uses few of their patterns; each takes 0.05 to 0.6 ms to compile.
"""

import re
from typing import TYPE_CHECKING, Any

__all__ = ["pattern"]


class _Pattern:
    """Stands for `re.compile(text, flags)`, and has from the first question on what that has."""

    def __init__(self, text: str | bytes, flags: int = 0) -> None:
        self._made: tuple[Any, int] = text, flags

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - as the pattern has it
        value = getattr(re.compile(*self._made), name)  # which keeps those of late
        setattr(self, name, value)
        return value


if TYPE_CHECKING:
    pattern = re.compile
else:
    pattern = _Pattern
