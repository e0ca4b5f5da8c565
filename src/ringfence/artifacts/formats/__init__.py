"""The table of formats, tried from top to bottom: those with an unmistakable magic first."""

from ringfence.artifacts.format import Format
from ringfence.artifacts.formats import gguf

__all__ = ["FORMATS"]

FORMATS: tuple[Format, ...] = (gguf.FORMAT,)
