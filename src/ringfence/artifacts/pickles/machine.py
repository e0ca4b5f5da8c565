"""A symbolic pickle machine: it goes through the motions of loading and never imports, calls or builds.

Theory. A pickle is a program for a stack, a list of marks and a memo. Of values only that is kept which can
name, call or change something: an item is None (of no interest), an int (the offset of a literal, decoded
when a name needs it), a small tuple of items, or an object: `Global`, `Made` (what a call returned), `State`.
The memo is the real one: MEMOIZE writes where its length says, and each pickle starts with an empty one.

What no loader would accept is an anomaly, and the walk goes on as far as the bytes mean something. joblib
writes an array's bytes behind the opcode that builds its wrapper; they are stepped over by their length.

Source: CPython's Lib/pickle.py, Modules/_pickle.c and Lib/pickletools.py; joblib/numpy_pickle.py.
"""

import re
from collections.abc import Callable, Iterable
from typing import Final

from ringfence.artifacts.pickles import arrays
from ringfence.artifacts.pickles.literals import Literals
from ringfence.artifacts.pickles.names import python3_name
from ringfence.artifacts.pickles.seen import Global, How, Made, Nested, Seen, State, Use
from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.core.limits import LIMITS

__all__ = ["Machine"]

_WINDOW_BYTES: Final = 64 * 1024
_ARGUMENT_BYTES: Final = 16  # no fixed argument is longer, so none is cut by a window's end

# What the hot loop does itself, most frequent first; all else goes through a table of handlers.
_NUMBER, _CONSTANT, _SHORT, _MEMOIZE, _GET, _PUT, _TUPLE, _MARK, _TO_MARK, _FLOAT, _POP, _STOP, _RARE = range(
    13
)


def _kinds() -> bytearray:
    kinds = bytearray([_RARE]) * 256
    for codes, kind in (
        (b"KMJ", _NUMBER),
        (b"N)]}\x88\x89\x8f", _CONSTANT),
        (b"U\x8c\x8a", _SHORT),
        (b"\x94", _MEMOIZE),
        (b"h", _GET),
        (b"q", _PUT),
        (b"\x85\x86\x87", _TUPLE),
        (b"(", _MARK),
        (b"eu\x90", _TO_MARK),
        (b"G", _FLOAT),
        (b"as", _POP),
        (b".", _STOP),
    ):
        for code in codes:
            kinds[code] = kind
    return kinds


_KINDS: Final = bytes(_kinds())
# Once an array of joblib's may come, dictionaries are followed.
_KINDS_WITH_ARRAYS: Final = bytes(_RARE if code in b"}us" else kind for code, kind in enumerate(_KINDS))
_LENGTHS: Final = bytes({ord("K"): 2, ord("M"): 3, ord("J"): 5}.get(code, 1) for code in range(256))
_CONSTANTS: Final = tuple(() if code == ord(")") else None for code in range(256))

_FLOATS = re.compile(rb"(?:G[\s\S]{8})+")
_LOOKS_NESTED = re.compile(rb"\x80[\x02-\x05][\s\S]|[(\]}]{0,8}[ci][\w.]+\n[\w.]+\n")


class _Broken(Exception):
    """The pickle cannot be read on from here."""


class Machine:
    """Walks one pickle after the other in one stream. All state but the position is here."""

    def __init__(self, reader: Reader, seen: Seen, *, with_arrays: bool = True, depth: int = 0) -> None:
        self._reader = reader
        self._seen = seen
        self._literals = Literals(reader)
        self._with_arrays = with_arrays
        self._depth = depth
        self._size = reader.size_bytes
        self._stack: list[object] = []
        self._marks: list[int] = []
        self._memo: list[object] = []
        self._far_memo: dict[int, object] = {}
        self._protocol = 0
        self._kinds = _KINDS
        self._window = b""
        self._window_end = 0  # in the window: where no opcode's argument is surely whole any more
        self._limit = 0  # the same, or the end of the frame if that comes first
        self._frame_end: int | None = None

    def forget(self) -> None:
        """Empties the memo, as a new unpickler has it."""
        self._memo.clear()
        self._far_memo.clear()

    def pickle(self, at: int) -> tuple[int, bool]:
        """Walks the pickle at `at`: where it ended, and whether that was its STOP."""
        self._stack.clear()
        self._marks.clear()
        self._kinds, self._protocol, self._frame_end = _KINDS, 0, None
        self._start = at
        self._at = at  # of the opcode in hand, or of a window's start
        try:
            end = self._run(at)
        except _Broken as why:
            self._seen.odd(self._at, str(why))
            return self._at, False
        except IndexError:
            self._seen.odd(self._at, "an opcode takes more from the stack than is there")
            return self._at, False
        except Malformed as wrong:
            over = wrong.problem.kind is ProblemKind.OVER_LIMIT
            self._seen.odd(self._at, wrong.problem.detail, over_limit=over)
            return self._at, False
        self._seen.pickles += 1
        return end, True

    # The one long function: a call for each of millions of opcodes would be most of the time.
    def _run(self, at: int) -> int:  # noqa: C901, PLR0912, PLR0915
        stack, marks, memo, far = self._stack, self._marks, self._memo, self._far_memo
        push, pop, floats = stack.append, stack.pop, _FLOATS.match
        window, base, i, limit, kinds = b"", at, 0, 0, self._kinds
        try:
            while True:
                if i >= limit:
                    window, limit = self._refill(base + i)
                    base, i = base + i, 0
                code = window[i]
                kind = kinds[code]
                if kind < 3:
                    if kind == 0:
                        push(base + i)
                        i += _LENGTHS[code]
                    elif kind == 1:
                        push(_CONSTANTS[code])
                        i += 1
                    else:
                        push(base + i)
                        i += 2 + window[i + 1]
                elif kind == 3:
                    if far:
                        self._put(len(memo) + len(far), stack[-1])
                    else:
                        memo.append(stack[-1])
                    i += 1
                elif kind == 4:
                    key = window[i + 1]
                    push(memo[key] if key < len(memo) else self._get(key, base + i))
                    i += 2
                elif kind == 5:
                    key = window[i + 1]
                    if key == len(memo) and not far:
                        memo.append(stack[-1])
                    else:
                        self._put(key, stack[-1])
                    i += 2
                elif kind == 6:
                    last = pop()
                    if code == 0x86:
                        item: tuple[object, ...] = (pop(), last)
                    elif code == 0x85:
                        item = (last,)
                    else:
                        middle = pop()
                        item = (pop(), middle, last)
                    push(_tuple_of(item) if tuple in map(type, item) else item)
                    i += 1
                elif kind == 7:
                    marks.append(len(stack))
                    i += 1
                elif kind == 8:
                    key = marks.pop()
                    if type(stack[key - 1]) is Global:
                        self._changed(stack[key - 1], base + i)
                    del stack[key:]
                    i += 1
                elif kind == 9:
                    found = floats(window, i, limit)
                    if found is None:
                        push(None)
                        i += 9
                    else:
                        end = found.end()
                        stack += [None] * ((end - i) // 9)
                        i = end
                elif kind == 10:
                    del stack[-1 if code == 97 else -2 :]
                    if type(stack[-1]) is Global:
                        self._changed(stack[-1], base + i)
                    i += 1
                elif kind == 11:
                    i += 1
                    return self._stop(base + i)
                else:
                    handler = _HANDLERS[code]
                    if handler is None:
                        raise _Broken(f"opcode 0x{code:02x} does not exist")
                    self._at = base + i
                    i = handler(self, i, base + i)
                    limit, kinds = self._limit, self._kinds
        finally:
            self._at = base + i

    def _stop(self, end: int) -> int:
        self._at = end
        if len(self._stack) != 1:
            self._seen.odd(end - 1, "the pickle leaves more than its value on the stack")
        if self._frame_end is not None and end != self._frame_end:
            self._seen.odd(end - 1, "the pickle ends elsewhere than its frame", serious=end > self._frame_end)
        return end

    def _refill(self, at: int) -> tuple[bytes, int]:
        """The window that starts at `at`, and up to where opcodes can be read from it."""
        self._at = at
        if self._frame_end is not None and at >= self._frame_end:
            if at > self._frame_end:
                self._seen.odd(self._frame_end, "an opcode crosses the end of its frame", serious=True)
            self._frame_end = None
        if at >= self._size:
            raise _Broken("the file ends within a pickle")
        self._check_limits(at)
        size = min(_WINDOW_BYTES, self._size - at)
        if self._frame_end is not None:  # small frames must not cost a large window each
            size = min(size, self._frame_end - at + _ARGUMENT_BYTES)
        data = self._reader.at(at, size)
        last = at + size == self._size
        self._window_end = size if last else size - _ARGUMENT_BYTES
        self._window = data + bytes(_ARGUMENT_BYTES) if last else data
        self._limit = self._window_end
        if self._frame_end is not None:
            self._limit = min(self._limit, self._frame_end - at)
        self._base = at
        self._seen.walked_bytes += self._limit
        return self._window, self._limit

    def _check_limits(self, at: int) -> None:
        for size, most, what in (
            (self._seen.walked_bytes, LIMITS.judged_opcode_bytes, "bytes of opcodes"),
            (len(self._stack), LIMITS.pickle_stack, "items on the stack"),
            (len(self._marks), LIMITS.pickle_marks, "marks"),
            (len(self._memo) + len(self._far_memo), LIMITS.pickle_memo, "items in the memo"),
        ):
            if size > most:
                raise Malformed(
                    ProblemKind.OVER_LIMIT, at=at, detail=f"a pickle with more than {most} {what}"
                )

    # Memo

    def _get(self, key: int, at: int) -> object:
        if key < len(self._memo):
            return self._memo[key]
        if key not in self._far_memo:
            self._seen.odd(at, "refers to a memo entry that this pickle never made")
        return self._far_memo.get(key)

    def _put(self, key: int, value: object) -> None:
        if key < len(self._memo):
            self._memo[key] = value
        elif key == len(self._memo) and key not in self._far_memo:
            self._memo.append(value)
        else:
            self._far_memo[key] = value

    def _op_get(self, i: int, at: int) -> int:
        self._stack.append(self._get(self._counted(i, 4), at))
        return i + 5

    def _op_put(self, i: int, _at: int) -> int:
        self._put(self._counted(i, 4), self._stack[-1])
        return i + 5

    def _op_get_text(self, i: int, at: int) -> int:
        end = self._literals.line_end(at + 1)
        self._stack.append(self._get(self._literals.line_number(at + 1, end), at))
        return self._after(i, at, end + 1)

    def _op_put_text(self, i: int, at: int) -> int:
        end = self._literals.line_end(at + 1)
        self._put(self._literals.line_number(at + 1, end), self._stack[-1])
        return self._after(i, at, end + 1)

    # Literals

    def _counted(self, i: int, width: int) -> int:
        return int.from_bytes(self._window[i + 1 : i + 1 + width], "little")

    @staticmethod
    def _after(i: int, at: int, end: int) -> int:
        """`end` counted from the window's start."""
        return i + end - at

    def _op_line(self, i: int, at: int) -> int:
        self._stack.append(at)
        return self._after(i, at, self._literals.line_end(at + 1) + 1)

    def _op_long(self, i: int, at: int) -> int:
        width = {0x8D: 8, 0x8E: 8, 0x96: 8}.get(self._window[i], 4)
        size = self._counted(i, width)
        if self._window[i] in b"\x96B\x8eT":
            self._look_into(at + 1 + width, size)
        self._stack.append(at)
        return self._past(i, at, 1 + width + size)

    def _op_short_bytes(self, i: int, at: int) -> int:
        size = self._window[i + 1]
        self._look_into(at + 2, size)
        self._stack.append(at)
        return i + 2 + size

    def _past(self, i: int, at: int, size: int) -> int:
        if at + size > self._size:
            raise _Broken("a literal ends past the file")
        return i + size

    def _look_into(self, at: int, size: int) -> None:
        if size < 4 or at + size > self._size:
            return
        if _LOOKS_NESTED.match(self._reader.at(at, min(size, 256))):
            if len(self._seen.nested) < LIMITS.pickle_nested:
                self._seen.nested.append(Nested(at=at, size_bytes=size))
            else:
                self._seen.odd(at, f"more than {LIMITS.pickle_nested} pickles within bytes", over_limit=True)

    def _op_state(self, i: int, _at: int) -> int:
        self._stack.append(State())
        return i + 1

    def _op_buffer(self, i: int, at: int) -> int:
        self._seen.odd(at, "refers to a buffer that is not in this file")
        self._stack.append(None)
        return i + 1

    # Stack

    def _op_tuple(self, i: int, _at: int) -> int:
        mark = self._marks.pop()
        items = self._stack[mark : mark + LIMITS.pickle_arguments]
        del self._stack[mark:]
        self._stack.append(_tuple_of(items))
        return i + 1

    def _op_container(self, i: int, _at: int) -> int:  # LIST, DICT, FROZENSET
        del self._stack[self._marks.pop() :]
        self._stack.append(None)
        return i + 1

    def _op_pop(self, i: int, _at: int) -> int:
        if self._marks and self._marks[-1] == len(self._stack):
            self._marks.pop()
        else:
            self._stack.pop()
        return i + 1

    def _op_pop_mark(self, i: int, _at: int) -> int:
        del self._stack[self._marks.pop() :]
        return i + 1

    def _op_dup(self, i: int, _at: int) -> int:
        self._stack.append(self._stack[-1])
        return i + 1

    def _op_set_items(self, i: int, at: int) -> int:
        """SETITEM and SETITEMS where dictionaries are followed."""
        mark = len(self._stack) - 2 if self._window[i] == ord("s") else self._marks.pop()
        if mark < 1:
            raise IndexError
        items, target = self._stack[mark:], self._stack[mark - 1]
        del self._stack[mark:]
        if type(target) is Global:
            self._changed(target, at)
        elif type(target) is State:
            for key, value in zip(items[0::2], items[1::2], strict=False):
                text = self._literals.text(key)
                if text is not None and len(target.entries) < LIMITS.pickle_arguments:
                    target.entries[text] = value
        return i + 1

    # Names

    def _op_global(self, i: int, at: int) -> int:
        found, end = self._line_global(at)
        self._stack.append(found)
        return self._after(i, at, end)

    def _line_global(self, at: int) -> tuple[Global, int]:
        module_end = self._literals.line_end(at + 1)
        name_end = self._literals.line_end(module_end + 1)
        module = self._literals.line(at + 1, module_end)
        return self._import(module, self._literals.line(module_end + 1, name_end), at), name_end + 1

    def _op_stack_global(self, i: int, at: int) -> int:
        name, module = self._stack.pop(), self._stack.pop()
        self._stack.append(self._import(self._literals.text(module), self._literals.text(name), at))
        return i + 1

    def _import(self, module: str | None, name: str | None, at: int) -> Global:
        if module is None or name is None:
            self._seen.odd(at, "imports something whose name is computed or no text", serious=True)
        module, name = module or "", name or ""
        if self._protocol < 3:
            module, name = python3_name(module, name)
        found = self._seen.imported(module, name, at)
        if found.name == "NumpyArrayWrapper" and found.keeps and self._with_arrays:
            self._kinds = _KINDS_WITH_ARRAYS
        return found

    def _op_extension(self, i: int, at: int) -> int:
        width = {0x82: 1, 0x83: 2, 0x84: 4}[self._window[i]]
        code = self._counted(i, width)
        if len(self._seen.extensions) < LIMITS.evidence_items:
            self._seen.extensions.setdefault(code, at)
        self._stack.append(Global("", f"extension {code}", at, watched=False))
        return i + 1 + width

    def _op_persistent(self, i: int, at: int) -> int:
        item = self._stack.pop()
        first = item[0] if type(item) is tuple and item else item
        self._persistent(self._literals.text(first) or "", at)
        return i + 1

    def _op_persistent_line(self, i: int, at: int) -> int:
        end = self._literals.line_end(at + 1)
        self._persistent(self._literals.line(at + 1, end) or "", at)
        return self._after(i, at, end + 1)

    def _persistent(self, word: str, at: int) -> None:
        if len(self._seen.persistent) < LIMITS.evidence_items:
            self._seen.persistent.setdefault(word, at)
        self._stack.append(Made(None, None))

    # Calls

    def _op_reduce(self, i: int, at: int) -> int:
        arguments, function = self._stack.pop(), self._stack.pop()
        self._stack.append(self._call(How.CALL, function, arguments, at))
        return i + 1

    def _op_new(self, i: int, at: int) -> int:
        if self._window[i] == 0x92:
            self._stack.pop()  # keyword arguments
        arguments, cls = self._stack.pop(), self._stack.pop()
        self._stack.append(self._call(How.INSTANCE, cls, arguments, at))
        return i + 1

    def _op_obj(self, i: int, at: int) -> int:
        mark = self._marks.pop()
        items = self._stack[mark : mark + LIMITS.pickle_arguments]
        del self._stack[mark:]
        self._stack.append(self._call(How.INSTANCE, items[0], _tuple_of(items[1:]), at))
        return i + 1

    def _op_inst(self, i: int, at: int) -> int:
        found, end = self._line_global(at)
        mark = self._marks.pop()
        items = self._stack[mark : mark + LIMITS.pickle_arguments]
        del self._stack[mark:]
        self._stack.append(self._call(How.INSTANCE, found, _tuple_of(items), at))
        return self._after(i, at, end)

    def _call(self, how: How, function: object, arguments: object, at: int) -> Made:
        if type(function) is not Global:
            self._seen.odd(at, "calls something that is no import", serious=True)
            return Made(None, None)
        if function.watched:
            self._use(how, function, arguments, at)
        return Made(function, arguments) if function.keeps else function.made

    def _use(self, how: How, of: Global, arguments: object, at: int) -> None:
        shown, texts = self._literals.shown(arguments)
        self._seen.used(Use(how=how, module=of.module, name=of.name, at=at, shown=shown, texts=texts))

    def _changed(self, target: object, at: int) -> None:
        assert isinstance(target, Global)
        self._use(How.CHANGE, target, None, at)

    def _op_build(self, i: int, at: int) -> int:
        state, target = self._stack.pop(), self._stack[-1]
        if type(target) is Global:
            self._changed(target, at)
        elif type(target) is Made and target.of is not None and target.of.keeps:
            target.state = state
            if target.of.name == "NumpyArrayWrapper" and self._with_arrays and type(state) is State:
                return self._after(i, at, self._step_over(state, at + 1))
        return i + 1

    def _step_over(self, state: State, at: int) -> int:
        """Where the pickle goes on behind the array whose bytes begin at `at`."""
        found = arrays.extent(state, self._literals, at)
        if found is None or (not found.is_object and found.end > self._size):
            self._seen.odd(at, "how long joblib's array is cannot be told")
            return at
        if self._frame_end == at:  # joblib ends the frame before it writes an array's bytes
            self._frame_end = None
        self._seen.arrays += 1
        self._stack[-1] = None
        if not found.is_object:
            return found.end
        if self._depth >= LIMITS.pickle_nesting:
            raise Malformed(ProblemKind.OVER_LIMIT, at=at, detail="arrays of objects nested too deep")
        inner = Machine(self._reader, self._seen, with_arrays=True, depth=self._depth + 1)
        end, complete = inner.pickle(at)
        if not complete:
            raise _Broken("the pickle of an array of objects does not end")
        return end

    # Structure

    def _op_proto(self, i: int, at: int) -> int:
        self._protocol = self._window[i + 1]
        if at != self._start:
            self._seen.odd(at, "changes its protocol after the beginning")
        if self._protocol > 5:
            self._seen.odd(at, f"protocol {self._protocol} does not exist")
        return i + 2

    def _op_frame(self, i: int, at: int) -> int:
        end = at + 9 + self._counted(i, 8)
        if self._frame_end is not None and at < self._frame_end:
            self._seen.odd(at, "a frame begins within a frame", serious=True)
        if end > self._size:
            self._seen.odd(at, "a frame ends past the file")
            self._frame_end = None
        else:
            self._frame_end = end
        self._limit = self._window_end
        if self._frame_end is not None:
            self._limit = min(self._window_end, self._frame_end - self._base)
        return i + 9

    def _op_nothing(self, i: int, _at: int) -> int:
        return i + 1


def _tuple_of(items: Iterable[object]) -> tuple[object, ...]:
    """The tuple without tuples of tuples of tuples: they would make of a small file a deep structure, and
    what they import is known without them."""
    return tuple(None if type(item) is tuple and tuple in map(type, item) else item for item in items)


def _handlers() -> tuple[Callable[[Machine, int, int], int] | None, ...]:
    table: dict[int, Callable[[Machine, int, int], int]] = {}
    m = Machine
    for codes, handler in (
        (b"j", m._op_get), (b"r", m._op_put), (b"IFLSV", m._op_line),
        (b"XTB\x8b\x8d\x8e\x96", m._op_long), (b"C", m._op_short_bytes),
        (b"g", m._op_get_text), (b"p", m._op_put_text), (b"}", m._op_state), (b"us", m._op_set_items),
        (b"t", m._op_tuple), (b"ld\x91", m._op_container), (b"0", m._op_pop), (b"1", m._op_pop_mark),
        (b"2", m._op_dup), (b"c", m._op_global), (b"\x93", m._op_stack_global), (b"i", m._op_inst),
        (b"o", m._op_obj), (b"R", m._op_reduce), (b"\x81\x92", m._op_new), (b"b", m._op_build),
        (b"\x82\x83\x84", m._op_extension), (b"Q", m._op_persistent), (b"P", m._op_persistent_line),
        (b"\x80", m._op_proto), (b"\x95", m._op_frame), (b"\x97", m._op_buffer), (b"\x98", m._op_nothing),
    ):  # fmt: skip
        for code in codes:
            table[code] = handler
    return tuple(table.get(code) for code in range(256))


_HANDLERS: Final = _handlers()
