"""A symbolic pickle machine: it goes through the motions of loading and never imports, calls or builds.

Theory. A pickle is a program for a stack with marks on it and a memo. Of values only that is kept which can
name, call or change something (`items`); the memo is the real one, and each pickle starts with an empty one.
What no loader would accept is an anomaly, and the walk goes on as far as the bytes mean something.

The loop here does the frequent opcodes (`kinds`); the rest are functions in a table (`opcodes`).

Source: CPython's Lib/pickle.py, Modules/_pickle.c and Lib/pickletools.py.
"""

import codecs
import struct
from itertools import repeat
from typing import Final

from ringfence.artifacts.pickles.calls import put_named
from ringfence.artifacts.pickles.contents import BEGINNINGS
from ringfence.artifacts.pickles.items import DICT, LIST, MARK, Global, Made, Plain, tuple_of
from ringfence.artifacts.pickles.kinds import (
    APPEND,
    BUILD,
    CALL,
    CONSTANT,
    CONSTANTS,
    CONTAINER,
    FILL,
    GET,
    KINDS,
    LENGTHS,
    MARKED,
    MEMOIZE,
    NUMBER,
    PUT,
    RUNS,
    SET_ITEM,
    SHORT,
    SHORT_BYTES,
    SKIPPED,
    STOP,
    TEXT,
    TUPLE,
)
from ringfence.artifacts.pickles.opcodes import HANDLERS, get, put, put_into
from ringfence.artifacts.pickles.runs import Run, passed
from ringfence.artifacts.pickles.stack_machine import StackMachine
from ringfence.artifacts.pickles.tape import Broken
from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.core.limits import LIMITS

__all__ = ["Machine"]

_MEMOIZE_CODE: Final = 0x94
_BYTE_BITS: Final = 8
_LOOKED_AT: Final = frozenset({Global, tuple})  # among arguments: they may be called
_SHORTEST: Final = 4  # bytes that are looked into
_u32 = struct.Struct("<I").unpack_from


class Machine(StackMachine):
    """Walks one pickle after the other in one stream."""

    def pickle(self, at: int) -> tuple[int, bool]:
        """Walks the pickle at `at`: where it ended, and whether that was its STOP."""
        self.begin(at)
        try:
            end = self._run(at)
        except Broken as why:
            self.seen.odd(self.at, str(why))
            return self.at, False
        except IndexError:
            self.seen.odd(self.at, "an opcode takes more from the stack than is there")
            return self.at, False
        except Malformed as wrong:
            over = wrong.problem.kind is ProblemKind.OVER_LIMIT
            self.seen.odd(self.at, wrong.problem.detail, over_limit=over)
            return self.at, False
        self.seen.pickles += 1
        return end, True

    # The one long function: a call for each of millions of opcodes would be most of the time.
    def _run(self, at: int) -> int:  # noqa: C901, PLR0912, PLR0915
        tape, stack, marks, memo, far = self.tape, self.stack, self.marks, self.memo.near, self.memo.far
        push, pop, memoize = stack.append, stack.pop, memo.append
        window, base, i, limit, kinds = b"", at, 0, 0, self.kinds
        try:
            while True:
                if i >= limit:
                    self._refill(base + i)
                    window, base, limit, i = tape.window, tape.base, tape.limit, 0
                code = window[i]
                kind = kinds[code]
                if kind == CONSTANT:
                    push(None)
                    i += LENGTHS[code]
                elif kind == SHORT:
                    push(base + i)
                    begin = i + 2
                    i = begin + window[i + 1]
                    if not window[begin:i].isascii():
                        self._check_text(window[begin:i], base + begin - 2, whole=i <= len(window))
                    if i < limit and window[i] == _MEMOIZE_CODE and not far:  # as nearly always
                        memoize(stack[-1])
                        i += 1
                elif kind == MEMOIZE:
                    item = stack[-1]
                    if far or item is MARK:
                        put(self, len(self.memo), item, base + i)
                    else:
                        memoize(item)
                    i += 1
                elif kind == GET:
                    key = window[i + 1]
                    if key < len(memo) and type(item := memo[key]) is not Run:
                        push(item)
                    else:
                        push(get(self, key, base + i))
                    i += 2
                elif kind == CONTAINER:
                    push(CONSTANTS[code])
                    i += 1
                    if i < limit and window[i] == _MEMOIZE_CODE and not far:
                        memoize(stack[-1])
                        i += 1
                elif kind == TUPLE:
                    last = pop()
                    if code == 0x86:
                        if last is not None or stack[-1] is not None:
                            stack[-1] = tuple_of((stack[-1], last))
                    elif code == 0x85:
                        push(None if last is None else tuple_of((last,)))
                    else:
                        middle = pop()
                        stack[-1] = tuple_of((stack[-1], middle, last))
                    i += 1
                elif kind == MARKED:
                    target = stack[-1] if stack else None
                    if target is LIST or target is DICT:
                        bits = min(len(memo).bit_length(), _BYTE_BITS + 1)
                        form = 0 if target is LIST else 1 if kinds is KINDS else 2
                        found = RUNS[bits][form].match(window, i + 1, limit)
                    else:
                        found = None
                    if found:
                        i = found.end()
                    elif (
                        (target is LIST or target is DICT)
                        and not far
                        and (run := passed(window, i + 1, limit, len(memo), is_list=target is LIST))
                    ):
                        at, size = base + i + 1, run[0] - i - 1
                        memo.extend(repeat(Run(self.reader, at, size, len(memo)), run[1]))
                        i = run[0]
                    else:
                        marks.append(len(stack))
                        push(MARK)
                        i += 1
                elif kind == FILL:  # APPENDS, SETITEMS
                    key = marks.pop()
                    if stack[key] is not MARK or not key:
                        raise IndexError
                    if code == 0x75 and kinds is not KINDS:
                        put_named(self, stack[key + 1 :], base + i)
                    if code == 0x65:
                        if stack[key - 1] is not LIST:
                            put_into(self, LIST, stack[key - 1], base + i)
                    elif stack[key - 1] is not DICT or not (len(stack) - key) & 1:
                        put_into(self, DICT, stack[key - 1], base + i, odd=not (len(stack) - key) & 1)
                    del stack[key:]
                    i += 1
                elif kind == APPEND:
                    pop()
                    if stack[-1] is not LIST:
                        put_into(self, LIST, stack[-1], base + i)
                    i += 1
                elif kind == SET_ITEM:
                    item = pop()
                    if (type(item) is Global or type(item) is Made) and kinds is not KINDS:
                        put_named(self, [stack[-1], item], base + i)
                    if type(pop()) is Plain:
                        self.seen.odd(base + i, "a dictionary with a key that can be none")
                    if stack[-1] is not DICT:
                        put_into(self, DICT, stack[-1], base + i)
                    i += 1
                elif kind == PUT:
                    item = stack[-1]
                    if code == 0x71:
                        key = window[i + 1]
                        i += 2
                    else:
                        key = _u32(window, i + 1)[0]
                        i += 5
                    if key == len(memo) and not far and item is not MARK:
                        memoize(item)
                    else:
                        put(self, key, item, base + i)
                elif kind == TEXT:
                    push(base + i)
                    begin = i + 5
                    i = begin + _u32(window, i + 1)[0]
                    if not window[begin:i].isascii():
                        self._check_text(window[begin:i], base + begin - 5, whole=i <= len(window))
                elif kind == SKIPPED:
                    push(base + i)
                    i += 2 + window[i + 1]
                elif kind == NUMBER:
                    push(base + i)
                    i += LENGTHS[code]
                elif kind == SHORT_BYTES and (window[i + 1] < _SHORTEST or window[i + 2] not in BEGINNINGS):
                    push(base + i)
                    i += 2 + window[i + 1]
                elif (
                    kind == CALL
                    and len(stack) > 1
                    and type(function := stack[-2]) is Global
                    and function.is_plain
                    and (
                        (item := stack[-1]) is None
                        or (type(item) is tuple and _LOOKED_AT.isdisjoint(map(type, item)))
                    )
                ):
                    pop()
                    stack[-1] = function.made
                    i += 1
                elif (
                    kind == BUILD
                    and len(stack) > 1
                    and type(target := stack[-2]) is Made
                    and (target.of is None or not target.of.keeps)
                    and stack[-1] is not MARK
                    and type(stack[-1]) is not Made
                ):
                    pop()
                    i += 1
                elif kind == STOP:
                    i += 1
                    return self._stop(base + i)
                else:
                    self.at = base + i
                    i = HANDLERS[code](self, i, base + i)
                    limit, kinds = tape.limit, self.kinds
        finally:
            self.at = base + i

    def _check_text(self, text: bytes, at: int, *, whole: bool) -> None:
        """Of a text that the window's end cuts off, what lies behind that is not looked at."""
        decoder = codecs.getincrementaldecoder("utf-8")("surrogatepass")
        try:
            decoder.decode(text, final=whole)
        except UnicodeDecodeError:
            self.seen.odd(at, "a text that is not UTF-8")

    def _stop(self, end: int) -> int:
        if self.stack[-1] is MARK:
            raise IndexError
        if len(self.stack) != 1 or self.marks:
            self.seen.odd(end - 1, "the pickle leaves more than its value on the stack")
        frame_end = self.tape.frame_end
        if frame_end is not None and end != frame_end:
            self.seen.odd(end - 1, "the pickle ends elsewhere than its frame", serious=end > frame_end)
        return end

    def _refill(self, at: int) -> None:
        self.at = at
        self.tape.refill(at)
        for size, most, what in (
            (self.seen.walked_bytes, LIMITS.judged_opcode_bytes, "bytes of opcodes"),
            (len(self.stack), LIMITS.pickle_stack, "items on the stack"),
            (len(self.marks), LIMITS.pickle_marks, "marks"),
            (len(self.memo), LIMITS.pickle_memo, "items in the memo"),
        ):
            if size > most:
                raise Malformed(
                    ProblemKind.OVER_LIMIT, at=at, detail=f"a pickle with more than {most} {what}"
                )
