"""What a file format is to ringfence: a name, a way to recognise it, and a reader of its header."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ringfence.artifacts.problems import Problem
from ringfence.artifacts.reader import Reader
from ringfence.core.facts import Fact

__all__ = ["Format"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One file format.

    `sniff` decides by content alone and may raise `Malformed`, which counts as no. `read` yields facts and
    problems in file order and may end with `Malformed`; what it yielded before stands.
    """

    name: str  # as in files[].format, e.g. gguf
    title: str  # for people, e.g. "GGUF (llama.cpp)"
    suffixes: tuple[str, ...]  # lowercase, with the dot: such files are looked at whatever their size
    sniff: Callable[[Reader], bool]
    read: Callable[[Reader], Iterator[Fact | Problem]]
    needs_suffix: bool = False  # its content proves too little: believed only under one of its suffixes
