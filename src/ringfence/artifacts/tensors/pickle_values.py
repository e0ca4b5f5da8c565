"""The plain values of a pickle: numbers, texts, lists, tuples, dictionaries. Nothing is imported or called.

This is no judge: it reads what has been judged before, and what it does not know is `Opaque`, not followed
any further. What a global's call and a persistent id stand for is decided by whoever asks.

Source: CPython's Lib/pickle.py and Lib/pickletools.py.
"""

import struct
from collections.abc import Callable, Iterable
from dataclasses import field
from typing import Final, Protocol

from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS

__all__ = ["Global", "Meaning", "Opaque", "Table", "values_of"]

_TEXT_BYTES: Final = 64 * 1024  # no name is longer; longer ones are of no interest
_LINE_BYTES: Final = 4 * 1024
_INTEGER_BYTES: Final = 64
_DIGITS: Final = 40
_STOP: Final = 0x2E
_f64 = struct.Struct(">d").unpack


@dataclass(frozen=True, slots=True)
class Global:
    """Something that the pickle names in some module."""

    module: str
    name: str


class Opaque:
    """Something that is not followed: an object, bytes, a set, a long text."""

    __slots__ = ()


@dataclass(slots=True, eq=False)
class Table:
    """A dictionary. A key says whether it is text; those that are no text are spelled out."""

    entries: dict[tuple[bool, str], object] = field(default_factory=dict)

    def put(self, key: object, value: object) -> None:
        """As `dictionary[key] = value`. Keys that are neither text nor numbers never stand for each other."""
        if isinstance(key, str):
            self.entries[True, key] = value
        elif isinstance(key, int):
            self.entries[False, str(key)] = value
        else:
            self.entries[False, f"({type(key).__name__.lower()} {len(self.entries)})"] = value

    def get(self, key: str) -> object:
        """The value under that text, None where there is none."""
        return self.entries.get((True, key))


class Meaning(Protocol):
    """What stands outside of the pickle."""

    def call(self, function: Global, arguments: tuple[object, ...]) -> object:
        """What `function(*arguments)` is."""

    def persistent(self, known_as: object) -> object:
        """What a persistent id stands for."""


def values_of(reader: Reader, meaning: Meaning) -> object:
    """The value of the pickle at the reader's offset, which moves behind its end.

    Raises:
        Malformed: no valid pickle, or more of anything than the limits allow.
    """
    return _Run(reader, meaning).value()


class _Run:
    def __init__(self, reader: Reader, meaning: Meaning) -> None:
        self.reader = reader
        self.meaning = meaning
        self.stack: list[object] = []
        self.outer: list[list[object]] = []  # the stacks below each mark
        self.memo: dict[int, object] = {}

    def value(self) -> object:
        reader = self.reader
        try:
            for _ in range(LIMITS.state_ops):
                at = reader.offset
                code = reader.take(1)[0]
                if code == _STOP:
                    return self.stack.pop()
                step = _STEPS.get(code)
                if step is None:
                    raise _bad(at, f"opcode 0x{code:02x} has no place in a checkpoint")
                step(self)
        except (IndexError, KeyError, ValueError, OverflowError, struct.error):
            raise _bad(reader.offset, "no valid pickle") from None
        detail = f"a pickle of more than {LIMITS.state_ops} opcodes"
        raise Malformed(ProblemKind.OVER_LIMIT, at=reader.offset, detail=detail)

    def number(self, width: int, *, signed: bool = False) -> int:
        return int.from_bytes(self.reader.take(width), "little", signed=signed)

    def line(self) -> str:
        reader = self.reader
        size = min(_LINE_BYTES, reader.remaining_bytes)
        end = reader.at(reader.offset, size).find(b"\n")
        if end < 0:
            raise _bad(reader.offset, "a line that does not end")
        return reader.take(end + 1)[:-1].decode("utf-8")

    def counted(self, width: int) -> bytes | None:
        """Bytes behind their count; None when they are too many to matter."""
        size = self.number(width)
        if size > _TEXT_BYTES:
            self.reader.skip(size)
            return None
        return self.reader.take(size)

    def popped(self) -> list[object]:
        """What lies on the last mark, which goes with it."""
        items, self.stack = self.stack, self.outer.pop()
        return items

    def global_at(self, module: object, name: object) -> object:
        known = isinstance(module, str) and isinstance(name, str)
        return Global(str(module), str(name)) if known else Opaque()

    def called(self, function: object, arguments: object) -> object:
        if isinstance(function, Global) and isinstance(arguments, tuple):
            return self.meaning.call(function, arguments)
        return Opaque()


def _push(what: Callable[[_Run], object]) -> Callable[[_Run], None]:
    def step(run: _Run) -> None:
        value = what(run)  # first, for it may be the stack itself that is taken
        run.stack.append(value)

    return step


def _text(width: int) -> Callable[[_Run], None]:
    def step(run: _Run) -> None:
        data = run.counted(width)
        run.stack.append(Opaque() if data is None else data.decode("utf-8", "surrogatepass"))

    return step


def _bytes(width: int) -> Callable[[_Run], None]:
    def step(run: _Run) -> None:
        run.counted(width)
        run.stack.append(Opaque())

    return step


def _integer(width: int) -> Callable[[_Run], None]:
    def step(run: _Run) -> None:
        size = run.number(width)
        if size > _INTEGER_BYTES:
            run.reader.skip(size)
            run.stack.append(Opaque())
        else:
            run.stack.append(run.number(size, signed=True))

    return step


def _integer_line(run: _Run) -> None:
    text = run.line()
    digits = text.removesuffix("L")
    if text in ("00", "01"):
        run.stack.append(text == "01")
    else:
        run.stack.append(int(digits) if len(digits) < _DIGITS else Opaque())


def _string_line(run: _Run) -> None:
    text = run.line()
    plain = len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" and "\\" not in text
    run.stack.append(text[1:-1] if plain else Opaque())


def _unicode_line(run: _Run) -> None:
    text = run.line()
    run.stack.append(text if "\\" not in text else Opaque())


def _mark(run: _Run) -> None:
    if len(run.outer) >= LIMITS.pickle_marks:
        raise Malformed(ProblemKind.OVER_LIMIT, at=run.reader.offset, detail="too many marks")
    run.outer.append(run.stack)
    run.stack = []


def _pop(run: _Run) -> None:
    if run.stack:
        run.stack.pop()
    else:
        run.popped()


def _tuple(count: int) -> Callable[[_Run], None]:
    def step(run: _Run) -> None:
        items = tuple(run.stack[-count:])
        if len(items) < count:
            raise IndexError
        run.stack[-count:] = [items]

    return step


def _filled(items: Iterable[object]) -> Table:
    table, each = Table(), iter(items)
    for key, value in zip(each, each, strict=True):
        table.put(key, value)
    return table


def _extend(run: _Run, items: list[object]) -> None:
    target = run.stack[-1]
    if isinstance(target, list):
        target.extend(items)


def _put_all(run: _Run, items: list[object]) -> None:
    target, each = run.stack[-1], iter(items)
    for key, value in zip(each, each, strict=True):
        if isinstance(target, Table):
            target.put(key, value)


def _append(run: _Run) -> None:
    item = run.stack.pop()
    _extend(run, [item])


def _set_item(run: _Run) -> None:
    value, key = run.stack.pop(), run.stack.pop()
    _put_all(run, [key, value])


def _reduce(run: _Run) -> None:
    arguments, function = run.stack.pop(), run.stack.pop()
    run.stack.append(run.called(function, arguments))


def _new_with_keywords(run: _Run) -> None:
    del run.stack[-2:]
    run.stack[-1] = Opaque()


def _build(run: _Run) -> None:
    """An object's attributes are of no interest: those of a state dict are versions of its modules."""
    run.stack.pop()
    run.stack[-1]


def _instance(run: _Run) -> None:
    run.line()
    run.line()
    run.popped()
    run.stack.append(Opaque())


def _object(run: _Run) -> None:
    run.popped()
    run.stack.append(Opaque())


def _stack_global(run: _Run) -> None:
    name, module = run.stack.pop(), run.stack.pop()
    run.stack.append(run.global_at(module, name))


def _put(number: Callable[[_Run], int]) -> Callable[[_Run], None]:
    def step(run: _Run) -> None:
        run.memo[number(run)] = run.stack[-1]

    return step


_STEPS: Final[dict[int, Callable[[_Run], None]]] = {
    0x80: lambda run: run.reader.skip(1),
    0x95: lambda run: run.reader.skip(8),
    ord("("): _mark,
    ord("0"): _pop,
    ord("1"): lambda run: run.popped().clear(),
    ord("2"): lambda run: run.stack.append(run.stack[-1]),
    ord("N"): _push(lambda _: None),
    0x88: _push(lambda _: True),
    0x89: _push(lambda _: False),
    ord("I"): _integer_line,
    ord("L"): _integer_line,
    ord("J"): _push(lambda run: run.number(4, signed=True)),
    ord("K"): _push(lambda run: run.number(1)),
    ord("M"): _push(lambda run: run.number(2)),
    0x8A: _integer(1),
    0x8B: _integer(4),
    ord("F"): _push(lambda run: float(run.line())),
    ord("G"): _push(lambda run: _f64(run.reader.take(8))[0]),
    ord("S"): _string_line,
    ord("V"): _unicode_line,
    ord("U"): _text(1),
    ord("T"): _text(4),
    ord("X"): _text(4),
    0x8C: _text(1),
    0x8D: _text(8),
    ord("C"): _bytes(1),
    ord("B"): _bytes(4),
    0x8E: _bytes(8),
    0x96: _bytes(8),
    ord("]"): _push(lambda _: []),
    ord("l"): _push(lambda run: run.popped()),
    ord("a"): _append,
    ord("e"): lambda run: _extend(run, run.popped()),
    ord(")"): _push(lambda _: ()),
    ord("t"): _push(lambda run: tuple(run.popped())),
    0x85: _tuple(1),
    0x86: _tuple(2),
    0x87: _tuple(3),
    ord("}"): _push(lambda _: Table()),
    ord("d"): _push(lambda run: _filled(run.popped())),
    ord("s"): _set_item,
    ord("u"): lambda run: _put_all(run, run.popped()),
    0x8F: _push(lambda _: Opaque()),
    0x90: lambda run: run.popped().clear(),
    0x91: _object,
    ord("g"): _push(lambda run: run.memo[int(run.line()[:_DIGITS])]),
    ord("h"): _push(lambda run: run.memo[run.number(1)]),
    ord("j"): _push(lambda run: run.memo[run.number(4)]),
    ord("p"): _put(lambda run: int(run.line()[:_DIGITS])),
    ord("q"): _put(lambda run: run.number(1)),
    ord("r"): _put(lambda run: run.number(4)),
    0x94: _put(lambda run: len(run.memo)),
    ord("c"): _push(lambda run: run.global_at(run.line(), run.line())),
    0x93: _stack_global,
    ord("R"): _reduce,
    0x81: _reduce,
    0x92: _new_with_keywords,
    ord("b"): _build,
    ord("i"): _instance,
    ord("o"): _object,
    ord("P"): _push(lambda run: run.meaning.persistent(run.line())),
    ord("Q"): _push(lambda run: run.meaning.persistent(run.stack.pop())),
}


def _bad(at: int, detail: str) -> Malformed:
    return Malformed(ProblemKind.BAD_HEADER, at=at, detail=detail)
