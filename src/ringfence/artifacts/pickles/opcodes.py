"""What each opcode does that the machine's loop does not do by itself.

Each function gets the machine and where the opcode lies, in the window (`i`) and in the stream (`at`). It
returns where in the window the next one lies.

Source: CPython's Modules/_pickle.c and Lib/pickletools.py.
"""

from collections.abc import Callable
from typing import Final

from ringfence.artifacts.pickles import calls, imports
from ringfence.artifacts.pickles.contents import BEGINNINGS, Content
from ringfence.artifacts.pickles.items import DICT, LIST, MARK, SET, Global, Made, Plain, State, tuple_of
from ringfence.artifacts.pickles.kinds import KINDS, STATES_KEPT
from ringfence.artifacts.pickles.literals import is_value
from ringfence.artifacts.pickles.stack_machine import StackMachine
from ringfence.artifacts.pickles.states import WANTED
from ringfence.artifacts.pickles.tape import Broken
from ringfence.core.limits import LIMITS

__all__ = ["HANDLERS", "get", "put", "put_into"]

_Opcode = Callable[[StackMachine, int, int], int]

_LONG_WIDTHS: Final = {0x8D: 8, 0x8E: 8, 0x96: 8}
_LONG_BYTES: Final = b"\x96B\x8eT"
_SIGNED: Final = b"T\x8b"
_NUMBER_CHARS: Final = 20  # the digits of 2^64
_LINE_BYTES: Final = 64 * 1024
_SURELY_NO_FILE_BYTES: Final = 256


# Memo


def get(machine: StackMachine, key: int, at: int) -> object:
    """The memo's item."""
    if key not in machine.memo:
        machine.seen.odd(at, "refers to a memo entry that this pickle never made")
    return machine.memo.get(key)


def put(machine: StackMachine, key: int, item: object, at: int) -> None:
    """Puts the item into the memo."""
    if item is MARK:
        raise IndexError
    if key > machine.tape.size:  # the C unpickler makes room for all numbers below it
        machine.seen.odd(at, "a memo entry's number is greater than the file", serious=True)
    machine.memo.put(key, item)


def _get(machine: StackMachine, i: int, at: int) -> int:
    machine.stack.append(get(machine, machine.tape.number(i, 4), at))
    return i + 5


def _get_text(machine: StackMachine, i: int, at: int) -> int:
    key, after = _number_line(machine, i, at)
    machine.stack.append(get(machine, key, at))
    return after


def _put_text(machine: StackMachine, i: int, at: int) -> int:
    key, after = _number_line(machine, i, at)
    put(machine, key, machine.stack[-1], at)
    return after


def _number_line(machine: StackMachine, i: int, at: int) -> tuple[int, int]:
    """The line as a memo's number, as loaders read it; and where the next opcode lies."""
    line, after = _line(machine, i, at)
    if not line.isdigit():
        machine.seen.odd(at, "a memo entry's number is written as no program writes it", serious=True)
    digits = line.strip().lstrip(b"+0_") or b"0"
    try:
        key = int(digits) if len(digits) <= _NUMBER_CHARS and len(line) < _LINE_BYTES else -1
    except ValueError:
        key = -1
    if key < 0:
        raise Broken("a memo entry that is no number")
    return key, after


# Literals


def _line(machine: StackMachine, i: int, at: int) -> tuple[bytes, int]:
    """The opcode's line without its end, or the beginning of a long one; and where the next opcode lies."""
    end = machine.tape.line_end(i + 1)
    if end is not None:
        return machine.tape.window[i + 1 : end], end + 1
    far = machine.literals.line_end(at + 1)
    return machine.reader.at(at + 1, min(far - at - 1, _LINE_BYTES)), i + far + 1 - at


def _line_literal(machine: StackMachine, i: int, at: int) -> int:
    line, after = _line(machine, i, at)
    if len(line) <= LIMITS.pickle_name_bytes and not is_value(machine.tape.window[i], line):
        machine.seen.odd(at, "a line that is no such value")
    machine.stack.append(at)
    return after


def _long(machine: StackMachine, i: int, at: int) -> int:
    code = machine.tape.window[i]
    width = _LONG_WIDTHS.get(code, 4)
    return _literal(machine, i, at, 1 + width, machine.tape.number(i, width), is_bytes=code in _LONG_BYTES)


def _short_bytes(machine: StackMachine, i: int, at: int) -> int:
    return _literal(machine, i, at, 2, machine.tape.number(i, 1), is_bytes=True)


def _literal(machine: StackMachine, i: int, at: int, start: int, size: int, *, is_bytes: bool) -> int:
    if at + start + size > machine.tape.size:
        raise Broken("a literal ends past the file")
    if size >= 1 << 31 and machine.tape.window[i] in _SIGNED:
        raise Broken("a literal of a negative length")
    # Most bytes are numbers: what cannot begin a file is not looked at any further.
    if is_bytes and (size > _SURELY_NO_FILE_BYTES or machine.tape.window[i + start] in BEGINNINGS):
        content = Content(
            source=machine.reader, start=at + start, size_bytes=size, is_text=False, at=at + start
        )
        calls.look_into(machine, content)
    machine.stack.append(at)
    return i + start + size


def _buffer(machine: StackMachine, i: int, at: int) -> int:
    machine.seen.odd(at, "refers to a buffer that is not in this file")
    machine.stack.append(None)
    return i + 1


def _readonly(machine: StackMachine, i: int, at: int) -> int:
    machine.seen.odd(at, "refers to a buffer that is not in this file")
    if machine.stack[-1] is MARK:
        raise IndexError
    return i + 1


# Containers and the stack


def _tuple(machine: StackMachine, i: int, _at: int) -> int:
    machine.stack.append(tuple_of(machine.take_marked()[: LIMITS.pickle_arguments]))
    return i + 1


def _list(machine: StackMachine, i: int, _at: int) -> int:
    machine.take_marked()
    machine.stack.append(LIST)
    return i + 1


def _dict(machine: StackMachine, i: int, at: int) -> int:
    items = machine.take_marked()
    if len(items) % 2:
        machine.seen.odd(at, "a dictionary with a key without a value")
    made = State() if machine.kinds is STATES_KEPT else DICT
    if type(made) is State:
        _keep(machine, made, items)
    if machine.kinds is not KINDS:
        calls.put_named(machine, items, at)
    machine.stack.append(made)
    return i + 1


def _frozenset(machine: StackMachine, i: int, _at: int) -> int:
    machine.take_marked()
    machine.stack.append(None)
    return i + 1


def _state(machine: StackMachine, i: int, _at: int) -> int:
    """EMPTY_DICT where dictionaries are followed."""
    machine.stack.append(State())
    return i + 1


def _set_items(machine: StackMachine, i: int, at: int) -> int:
    """SETITEM and SETITEMS where dictionaries are followed."""
    stack = machine.stack
    if machine.tape.window[i] == ord("s"):
        value, key = stack.pop(), stack.pop()
        items = [key, value]
    else:
        items = machine.take_marked()
    target = stack[-1]
    calls.put_named(machine, items, at)
    if type(target) is State:
        _keep(machine, target, items)
    put_into(machine, DICT, target, at, odd=bool(len(items) % 2))
    return i + 1


def _keep(machine: StackMachine, state: State, items: list[object]) -> None:
    """Puts those of the items into the state that matter."""
    for key, value in zip(items[0::2], items[1::2], strict=False):
        text = machine.literals.text(key)
        if text in WANTED:
            state.is_unsure |= text in state.entries
            state.entries[text] = value
        elif text is None and not machine.literals.is_number(key):
            state.is_unsure = True


def _add_items(machine: StackMachine, i: int, at: int) -> int:
    machine.take_marked()
    put_into(machine, SET, machine.stack[-1], at)
    return i + 1


def put_into(machine: StackMachine, kind: Plain, target: object, at: int, *, odd: bool = False) -> None:
    """Items were put into `target` as if it were of that kind; `odd` when a key has no value."""
    if odd:
        machine.seen.odd(at, "a dictionary with a key without a value")
    if type(target) is Global:
        calls.changed(machine, target, at)
    elif target is MARK:
        raise IndexError
    elif target is not kind and type(target) is not Made and not (kind is DICT and type(target) is State):
        machine.seen.odd(at, f"puts items into something that is no {kind.value}")


def _pop(machine: StackMachine, i: int, _at: int) -> int:
    if machine.stack.pop() is MARK:
        machine.marks.pop()
    return i + 1


def _pop_mark(machine: StackMachine, i: int, _at: int) -> int:
    machine.take_marked()
    return i + 1


def _dup(machine: StackMachine, i: int, _at: int) -> int:
    if machine.stack[-1] is MARK:
        raise IndexError
    machine.stack.append(machine.stack[-1])
    return i + 1


# Structure


def _proto(machine: StackMachine, i: int, at: int) -> int:
    machine.protocol = machine.tape.number(i, 1)
    if at != machine.start:
        machine.seen.odd(at, "changes its protocol after the beginning")
    if machine.protocol > 5:  # the last one
        machine.seen.odd(at, f"protocol {machine.protocol} does not exist")
    return i + 2


def _frame(machine: StackMachine, i: int, at: int) -> int:
    machine.tape.begin_frame(at + 9, machine.tape.number(i, 8))
    return i + 9


def _missing(machine: StackMachine, i: int, _at: int) -> int:
    raise Broken(f"opcode 0x{machine.tape.window[i]:02x} does not exist")


def _handlers() -> tuple[_Opcode, ...]:
    table: dict[int, _Opcode] = {}
    for codes, handler in (
        (b"j", _get), (b"g", _get_text), (b"p", _put_text),
        (b"IFLSV", _line_literal), (b"TB\x8b\x8d\x8e\x96", _long), (b"C", _short_bytes), (b"\x97", _buffer),
        (b"t", _tuple), (b"l", _list), (b"d", _dict), (b"\x91", _frozenset), (b"}", _state),
        (b"us", _set_items), (b"\x90", _add_items), (b"0", _pop), (b"1", _pop_mark), (b"2", _dup),
        (b"c", imports.global_), (b"\x93", imports.stack_global), (b"\x82\x83\x84", imports.extension),
        (b"P", imports.persistent_line), (b"Q", imports.persistent), (b"R", calls.reduce),
        (b"\x81\x92", calls.new), (b"o", calls.obj), (b"i", calls.inst), (b"b", calls.build),
        (b"\x80", _proto), (b"\x95", _frame), (b"\x98", _readonly),
    ):  # fmt: skip
        for code in codes:
            table[code] = handler
    return tuple(table.get(code, _missing) for code in range(256))


HANDLERS: Final = _handlers()
