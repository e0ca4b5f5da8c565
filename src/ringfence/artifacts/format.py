"""What a file format is to ringfence: a name, a way to recognise it, and a reader of its header."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ringfence.artifacts.problems import Problem
from ringfence.artifacts.reader import Reader
from ringfence.core.facts import Fact

__all__ = ["Child", "Format"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A range of the file that is a file of its own. The dispatcher examines it; formats do not."""

    offset: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One file format.

    `sniff` decides by content alone and may raise `Malformed`, which counts as no. `read` yields facts,
    problems and children in file order and may end with `Malformed`; what it yielded before stands.
    """

    name: str  # as in files[].format, e.g. gguf
    title: str  # for people, e.g. "GGUF (llama.cpp)"
    suffixes: tuple[str, ...]  # lowercase, with the dot: such files are looked at whatever their size
    sniff: Callable[[Reader], bool]
    read: Callable[[Reader], Iterator[Fact | Problem | Child]]
    holds_anything: bool = False  # arrays, tables or objects of any program: perhaps a model, perhaps not
    # A weaker or dearer test, asked only for files with one of the suffixes.
    sniff_named: Callable[[Reader], bool] | None = None
