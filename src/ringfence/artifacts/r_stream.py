"""R's serialised objects, item by item, without building any. Versions 2 and 3, both binary forms.

Theory: an item begins with flags that name its type and say whether attributes and a tag follow. What is
still to come lies on a list of tasks, so that nesting costs no stack.

Source: R's src/main/serialize.c; R Internals, section 1.8; CVE-2024-27322 for what promises do.
"""

from collections.abc import Callable, Iterator
from enum import Enum, auto
from typing import Literal

from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS

__all__ = ["Sight", "Sighting", "sightings"]


class Sight(Enum):
    """What of interest there is in a stream."""

    PROMISE = auto()  # evaluated by whoever looks at the object
    PROMISE_IN_ENVIRONMENT = auto()  # as R leaves them in the environments of functions
    FUNCTION = auto()
    BYTECODE = auto()


@dataclass(frozen=True, slots=True)
class Sighting:
    """One of them, and where it begins."""

    sight: Sight
    at: int


_NOTHING = frozenset((254, 253, 252, 251, 250, 242, 241, 0, 23, 25))  # weak and S4: attributes only
_UNBOUND = 252
_REFERENCE, _ALTREP = 255, 238
_NAMED_SPACES = frozenset((247, 248, 249))
_PAIRS, _CLOSURE, _ENVIRONMENT, _PROMISE, _CALL, _DOTS = 2, 3, 4, 5, 6, 17
_CHARACTERS, _BYTECODE = 9, 21
_PARTS = {1: 1, 22: 2, _ALTREP: 3}  # items in a symbol, an external pointer, a compact vector
# Their flags hold something else, or their attributes are among their parts.
_WITHOUT_ATTRIBUTES = frozenset((_CHARACTERS, _ENVIRONMENT, _ALTREP, _REFERENCE))
_COUNTED = frozenset((7, 8, _CHARACTERS, 24))
_ITEM_BYTES = {10: 4, 13: 4, 14: 8, 15: 16}
_LISTS = frozenset((16, 19, 20))  # texts, lists, expressions
_HAS_ATTRIBUTES, _HAS_TAG = 1 << 9, 1 << 10
_BC_REFERENCE, _BC_DEFINITION, _BC_PAIRS = 243, 244, frozenset((2, 6, 239, 240))
_BC_WITH_ATTRIBUTES = frozenset((239, 240))

_Task = Callable[[], None]


def sightings(reader: Reader, *, byte_order: Literal["big", "little"] = "big") -> Iterator[Sighting]:
    """What stands in the object at the reader's offset, behind the form's letter; moves behind its end.

    Raises:
        Malformed: it is no such stream, ends early, or goes over a limit.
    """
    walk = _Walk(reader, byte_order)
    walk.header()
    while walk.tasks:
        walk.tasks.pop()()
        if walk.found:
            yield from walk.found
            walk.found.clear()
        if len(walk.tasks) > LIMITS.serialized_items or walk.items > LIMITS.serialized_items:
            raise Malformed(ProblemKind.OVER_LIMIT, at=reader.offset, detail="more R objects than are read")


class _Walk:
    """One stream: what is still to come, the last first, and what was found since somebody looked."""

    def __init__(self, reader: Reader, byte_order: Literal["big", "little"]) -> None:
        self.reader = reader
        self._byte_order: Literal["big", "little"] = byte_order
        self.tasks: list[_Task] = []
        self.found: list[Sighting] = []
        self.items = 0
        self._environments = 0
        self._promise_at: int | None = None

    def header(self) -> None:
        """Reads what precedes the first item."""
        at = self.reader.offset
        version = self._int()
        self.reader.skip(8)
        if version not in (2, 3):
            raise Malformed(ProblemKind.BAD_HEADER, at=at, detail=f"version {version} of R's format")
        if version == 3:
            self.reader.skip(self._length())
        self.tasks.append(self._item)

    def _item(self) -> None:
        reader, tasks = self.reader, self.tasks
        self.items += 1
        at = reader.offset
        flags = self._int()
        kind = flags & 0xFF
        promise_at, self._promise_at = self._promise_at, None
        if promise_at is not None and kind == _UNBOUND:
            inside = self._environments > 0
            self._saw(Sight.PROMISE_IN_ENVIRONMENT if inside else Sight.PROMISE, promise_at)
        if kind in (_PAIRS, _CLOSURE, _PROMISE, _CALL, _DOTS):
            self._pair(kind, flags, at)
            return
        if flags & _HAS_ATTRIBUTES and kind not in _WITHOUT_ATTRIBUTES:
            tasks.append(self._item)
        if kind == _ENVIRONMENT:
            self._int()
            self._environments += 1
            tasks += [self._leave_environment, *[self._item] * 4]
        elif kind == _BYTECODE:
            self._saw(Sight.BYTECODE, at)
            self._int()
            tasks.append(self._bytecode)
        elif kind in _PARTS:
            tasks += [self._item] * _PARTS[kind]
        elif not self._plain(kind, flags):
            raise Malformed(ProblemKind.BAD_HEADER, at=at, detail=f"R has no object of type {kind}")

    def _plain(self, kind: int, flags: int) -> bool:
        """Steps over an object that is nothing but data; whether it is of such a type."""
        reader = self.reader
        if kind in _ITEM_BYTES:
            reader.skip(self._length() * _ITEM_BYTES[kind])
        elif kind in _LISTS:
            self._several(self._length())
        elif kind in _COUNTED:
            size = self._int()
            reader.skip(0 if kind == _CHARACTERS and size == -1 else size)
        elif kind == _REFERENCE:
            reader.skip(0 if flags >> 8 else 4)
        elif kind in _NAMED_SPACES:
            self._int()
            self._several(self._length())
        else:
            return kind in _NOTHING
        return True

    def _pair(self, kind: int, flags: int, at: int) -> None:
        """A cell: attributes and tag where there are any, its value, the rest of its list."""
        if kind == _CLOSURE:
            self._saw(Sight.FUNCTION, at)
        self.tasks.append(self._item)
        self.tasks.append(lambda: self._value_of(at) if kind == _PROMISE else self._item())
        self.tasks += [self._item] * (bool(flags & _HAS_ATTRIBUTES) + bool(flags & _HAS_TAG))

    def _value_of(self, promise_at: int) -> None:
        self._promise_at = promise_at
        self._item()

    def _leave_environment(self) -> None:
        self._environments -= 1

    def _several(self, count: int) -> None:
        """So many items, one after the other, as one task."""
        if count * 4 > self.reader.remaining_bytes:
            detail = f"{count} items do not fit into the file"
            raise Malformed.past_end(count * 4, at=self.reader.offset, detail=detail)
        if count:
            self.tasks.append(lambda: self._one_of(count))

    def _one_of(self, count: int) -> None:
        self._several(count - 1)
        self._item()

    def _bytecode(self) -> None:
        """The code, then its constants."""
        self.tasks.append(lambda: self._constants(self._length()))
        self.tasks.append(self._item)

    def _constants(self, count: int) -> None:
        if count * 4 > self.reader.remaining_bytes:
            raise Malformed(ProblemKind.DOES_NOT_FIT, at=self.reader.offset, detail=f"{count} constants")
        if count:
            self.tasks.append(lambda: self._constants(count - 1))
            self.tasks.append(self._constant)

    def _constant(self) -> None:
        kind = self._int()
        if kind == _BYTECODE:
            self.tasks.append(self._bytecode)
        elif kind in _BC_PAIRS or kind in (_BC_REFERENCE, _BC_DEFINITION):
            self._bytecode_pair(kind)
        else:
            self.tasks.append(self._item)

    def _bytecode_pair(self, kind: int) -> None:
        """A call within bytecode: cells that may be shared by their number."""
        self.items += 1
        if kind == _BC_REFERENCE:
            self._int()
            return
        if kind == _BC_DEFINITION:
            self._int()
            kind = self._int()
        if kind not in _BC_PAIRS:
            self.tasks.append(self._item)
            return
        self.tasks.append(lambda: self._bytecode_pair(self._int()))
        self.tasks.append(lambda: self._bytecode_pair(self._int()))
        self.tasks.append(self._item)
        if kind in _BC_WITH_ATTRIBUTES:
            self.tasks.append(self._item)

    def _saw(self, sight: Sight, at: int) -> None:
        self.found.append(Sighting(sight, at))

    def _length(self) -> int:
        at, size = self.reader.offset, self._int()
        if size == -1:  # of a long vector, in two halves
            size = (self._int() << 32) + (self._int() & 0xFFFFFFFF)
        if size < 0:
            raise Malformed(ProblemKind.DOES_NOT_FIT, at=at, detail="a negative length")
        return size

    def _int(self) -> int:
        return int.from_bytes(self.reader.take(4), self._byte_order, signed=True)
