"""What the opcodes work on: a stack with marks on it, a memo, the bytes, and what was seen so far.

Source: CPython's Modules/_pickle.c.
"""

from abc import ABC, abstractmethod
from typing import Self

from ringfence.artifacts.pickles.items import MARK
from ringfence.artifacts.pickles.kinds import KINDS
from ringfence.artifacts.pickles.literals import Literals
from ringfence.artifacts.pickles.memo import Memo
from ringfence.artifacts.pickles.seen import Seen
from ringfence.artifacts.pickles.tape import Tape
from ringfence.artifacts.reader import Reader

__all__ = ["StackMachine"]


class StackMachine(ABC):
    """All state of the machine, open to its opcodes."""

    def __init__(self, reader: Reader, seen: Seen, *, with_arrays: bool = True) -> None:
        self.reader = reader
        self.seen = seen
        self.literals = Literals(reader)
        self.tape = Tape(reader, seen)
        self.with_arrays = with_arrays  # joblib's are stepped over
        self.stack: list[object] = []
        self.marks: list[int] = []  # where on the stack they lie
        self.memo = Memo()
        self.begin(0)

    @abstractmethod
    def pickle(self, at: int) -> tuple[int, bool]:
        """Walks the pickle at `at`: where it ended, and whether that was its STOP."""

    def begin(self, at: int) -> None:
        """A new pickle begins there. The memo stays: whether it does is up to the loader."""
        self.stack.clear()
        self.marks.clear()
        self.tape.rewind()
        self.kinds = KINDS
        self.protocol = 0
        self.start = at
        self.at = at  # of the opcode in hand, or of a window's start

    def inner(self) -> Self:
        """A machine for a pickle in the midst of this one, which a plain unpickler reads."""
        return type(self)(self.reader, self.seen, with_arrays=False)

    def take_marked(self) -> list[object]:
        """Takes everything above the last mark, and the mark.

        Raises:
            IndexError: there is no mark, or opcodes took away what lies below it.
        """
        mark = self.marks.pop()
        if self.stack[mark] is not MARK:
            raise IndexError
        items = self.stack[mark + 1 :]
        del self.stack[mark:]
        return items
