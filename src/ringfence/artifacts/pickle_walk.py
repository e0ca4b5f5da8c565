"""What a pickle refers to, by walking over its opcodes. Nothing is looked up, built or called.

The walk keeps the last few literals and a memo of short strings, which is enough to name the globals and the
tensors' storages of what honest writers produce. It is no verdict: a pickle made to hide names can.

Source: the opcode table in CPython's Lib/pickletools.py, protocols 0 to 5.
"""

import re
from collections import deque
from dataclasses import field
from enum import Enum, auto
from functools import cache

from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip

__all__ = ["Pickle", "is_text_pickle", "looks_like_pickle", "walk", "walk_tolerantly"]


class _Argument(Enum):
    """What follows an opcode."""

    NOTHING = auto()
    NUMBER = auto()  # of fixed width
    COUNTED = auto()  # bytes behind their count
    LINE = auto()
    TWO_LINES = auto()


_N, _F, _C = _Argument.NOTHING, _Argument.NUMBER, _Argument.COUNTED

# opcode → what follows, and how wide the number or the count is
_OPCODES: dict[int, tuple[_Argument, int]] = {
    **dict.fromkeys(b"(.012N)]}QRabeolsdtu\x81\x85\x86\x87\x88\x89\x8f\x90\x91\x92\x93\x94\x97\x98", (_N, 0)),
    **dict.fromkeys(b"Khq\x80\x82", (_F, 1)),
    **dict.fromkeys(b"M\x83", (_F, 2)),
    **dict.fromkeys(b"Jjr\x84", (_F, 4)),
    **dict.fromkeys(b"G\x95", (_F, 8)),
    **dict.fromkeys(b"UC\x8a\x8c", (_C, 1)),
    **dict.fromkeys(b"TBX\x8b", (_C, 4)),
    **dict.fromkeys(b"\x8d\x8e\x96", (_C, 8)),
    **dict.fromkeys(b"FILSVPgp", (_Argument.LINE, 0)),
    **dict.fromkeys(b"ci", (_Argument.TWO_LINES, 0)),
}

_STRINGS = frozenset(b"UXT\x8c\x8d")  # opcodes whose counted bytes are text
_INTEGERS = frozenset(b"KMJ")
_PUTS, _GETS = frozenset(b"qr"), frozenset(b"hj")
_PROTO, _STOP, _MEMOIZE, _STACK_GLOBAL, _PERSISTENT_ID, _BUILD, _LONG1 = b"\x80.\x94\x93Qb\x8a"
_TEXT_STARTS = frozenset(b"(]}INFLSVcip)lgd")

_SHORT_BYTES = 256  # longer strings are no names
_LINE_BYTES = 64 * 1024
_SNIFFED_OPS, _SNIFFED_TEXT_OPS = 4, 5
_NUMBERS = 5

# What `_quickly` does with an opcode: nothing, one of these, or go as far as the number says beyond `_SKIPS`.
_MEMOIZES, _SHORT_TEXT, _BYTE, _GETS_BYTE, _TWO_BYTES, _PUTS_BYTE, _LONG_TEXT, _SKIPS = 1, 2, 3, 4, 5, 6, 7, 8
_LONGEST_NUMBER = 8  # bytes behind an opcode
_WINDOW_BYTES = 16 * 1024
_SMALL_BYTES = 64 * 1024
_SHORT_NAME_BYTES = 31
_SLOW = {_STOP, _BUILD, _STACK_GLOBAL, _PERSISTENT_ID, _PROTO} | _STRINGS | _INTEGERS | _PUTS | _GETS
_QUICK = bytes(
    {
        **{code: _SKIPS + 1 + width for code, (follows, width) in _OPCODES.items() if follows in (_N, _F)},
        **dict.fromkeys(_SLOW, 0),
        _MEMOIZE: _MEMOIZES,
        0x8C: _SHORT_TEXT,
        ord("K"): _BYTE,
        ord("h"): _GETS_BYTE,
        ord("M"): _TWO_BYTES,
        ord("q"): _PUTS_BYTE,
        ord("X"): _LONG_TEXT,
    }.get(code, 0)
    for code in range(256)
)

_Value = str | bytes | int | None  # bytes are texts that nobody has asked for


@dataclass(slots=True, kw_only=True)
class Pickle:
    """What one pickle refers to. `complete` is false where the walk ended before the pickle did, as meant."""

    protocol: int = 0
    imports: dict[str, None] = field(default_factory=dict)  # module.name, in order; at most limits.fact_items
    storages: dict[str, tuple[str, int]] = field(default_factory=dict)  # PyTorch: key → dtype class, elements
    numbers: list[int] = field(default_factory=list)  # the first few long integers
    ops: int = 0  # opcodes, or bytes where it was passed over in one go
    complete: bool = False


def looks_like_pickle(head: bytes) -> bool:
    """Whether the bytes begin as a pickle of protocol 2 or later does: its mark, then known opcodes."""
    if len(head) < 3 or head[0] != _PROTO or not 2 <= head[1] <= 5:
        return False
    if _begins().match(head):
        return True
    try:
        return _known_opcodes(Reader.of_bytes(head), _SNIFFED_OPS)
    except Malformed as wrong:
        # A long argument may well end behind what was sniffed.
        return wrong.problem.kind is not ProblemKind.BAD_HEADER


def is_text_pickle(head: bytes) -> bool:
    """Whether the bytes could begin a pickle of protocol 0 or 1, which has no mark. Weak."""
    if not head or head[0] not in _TEXT_STARTS:
        return False
    try:
        return _known_opcodes(Reader.of_bytes(head), _SNIFFED_TEXT_OPS)
    except Malformed:
        return False


def walk(reader: Reader, found: Pickle, *, max_ops: int = LIMITS.pickle_ops) -> None:
    """Fills `found` from the pickle at the reader's offset, which moves behind the pickle's end.

    Stops early, with `complete` false, where joblib puts an array's bytes between the opcodes.

    Raises:
        Malformed: an opcode that does not exist, an argument that does not fit, or more than
            `max_ops` opcodes. What was found before stands.
    """
    _Walk(reader, found).run(max_ops)


def walk_tolerantly(reader: Reader, found: Pickle) -> Problem | None:
    """As `walk`; what ended it too early."""
    try:
        walk(reader, found)
    except Malformed as wrong:
        return wrong.problem
    return None


def _known_opcodes(reader: Reader, count: int) -> bool:
    for _ in range(count):
        code = reader.take(1)[0]
        if code == _STOP:
            break
        _skip_argument(reader, code)
    return True


class _Walk:
    """One walk: the last literals, and what the memo holds as far as names need it."""

    def __init__(self, reader: Reader, found: Pickle) -> None:
        self._reader = reader
        self._found = found
        self._recent: deque[_Value] = deque(maxlen=5)
        self._memo: dict[int, _Value] = {}
        self._array_follows = False
        self._window, self._window_at = b"", 0

    def run(self, max_ops: int) -> None:
        reader, found = self._reader, self._found
        if self._is_plain(max_ops):
            return
        while found.ops < max_ops:
            self._quickly(max_ops)
            if found.ops == max_ops:
                break
            found.ops += 1
            at = reader.offset
            code = reader.take(1)[0]
            if code == _STOP:
                found.complete = True
                return
            if code == _BUILD and self._array_follows:
                return
            self._step(code, at)
        raise Malformed(
            ProblemKind.OVER_LIMIT, at=reader.offset, detail=f"a pickle of more than {found.ops} opcodes"
        )

    def _is_plain(self, max_ops: int) -> bool:
        """Passes over a small file's first pickle when it refers to nothing, as most of those do."""
        reader, found = self._reader, self._found
        if reader.offset or reader.size_bytes > min(_SMALL_BYTES, max_ops):
            return False
        whole = reader.at(0, reader.size_bytes)
        plain = _plain().match(whole)
        if plain is None:
            self._window = whole
            return False
        found.protocol = max(found.protocol, whole[1])
        found.ops += plain.end()
        found.complete = True
        reader.offset = plain.end()
        return True

    def _quickly(self, max_ops: int) -> None:
        """Does what `_step` does for the most frequent opcodes, up to the first that is none of them.

        One loop over a piece of the file, because a call for each opcode would be most of the time.
        """
        reader, recent, memo, kinds = self._reader, self._recent, self._memo, _QUICK
        window = self._refilled()
        i, ops, size = reader.offset - self._window_at, self._found.ops, len(window)
        limit = size - _LONGEST_NUMBER
        while i < limit and ops < max_ops:
            code = window[i]
            kind = kinds[code]
            if kind == _MEMOIZES:
                memo[len(memo)] = recent[-1] if recent else None
                i += 1
            elif kind == _SHORT_TEXT:
                end = i + 2 + window[i + 1]
                if end > size:
                    break
                recent.append(window[i + 2 : end])
                i = end
            elif kind >= _SKIPS:
                i += kind - _SKIPS
            elif kind == _BYTE:
                recent.append(window[i + 1])
                i += 2
            elif kind == _GETS_BYTE:
                recent.append(memo.get(window[i + 1]))
                i += 2
            elif kind == _TWO_BYTES:
                recent.append(window[i + 1] | window[i + 2] << 8)
                i += 3
            elif kind == _PUTS_BYTE:
                memo[window[i + 1]] = recent[-1] if recent else None
                i += 2
            elif kind == _LONG_TEXT:
                end = i + 5 + int.from_bytes(window[i + 1 : i + 5], "little")
                if end > size or end > i + 5 + _SHORT_BYTES:
                    break
                recent.append(window[i + 5 : end])
                i = end
            else:
                break
            ops += 1
        reader.offset = self._window_at + i
        self._found.ops = ops

    def _refilled(self) -> bytes:
        """The piece of the file that the reader's offset lies in, read anew when that is at its end."""
        reader = self._reader
        if not 0 <= reader.offset - self._window_at < len(self._window) - _LONGEST_NUMBER:
            self._window = reader.at(reader.offset, min(_WINDOW_BYTES, reader.remaining_bytes))
            self._window_at = reader.offset
        return self._window

    def _step(self, code: int, at: int) -> None:
        reader, recent = self._reader, self._recent
        if code in _GETS:
            recent.append(self._memo.get(_number(reader, code)))
        elif code in _PUTS:
            self._memo[_number(reader, code)] = recent[-1] if recent else None
        elif code == _MEMOIZE:
            self._memo[len(self._memo)] = recent[-1] if recent else None
        elif code in _STRINGS:
            recent.append(_short_text(reader, _OPCODES[code][1]))
        elif code in _INTEGERS:
            recent.append(_number(reader, code))
        elif code == _LONG1:
            recent.append(self._long(reader))
        elif code in (_STACK_GLOBAL, *b"ci"):
            self._global(code)
        elif code == _PERSISTENT_ID:
            self._storage()
        elif code == _PROTO:
            self._found.protocol = max(self._found.protocol, _number(reader, code))
        else:
            _skip_argument(reader, code, at)

    def _long(self, reader: Reader) -> int:
        number = int.from_bytes(reader.take(reader.take(1)[0]), "little", signed=True)
        if len(self._found.numbers) < _NUMBERS:
            self._found.numbers.append(number)
        return number

    def _global(self, code: int) -> None:
        if code != _STACK_GLOBAL:
            module, name = _line(self._reader), _line(self._reader)
        else:
            name, module = (str(_decoded(self._recent.pop()) if self._recent else None) for _ in range(2))
        name = f"{module}.{name}"
        name = clip(name, chars=LIMITS.name_chars)
        if len(self._found.imports) < LIMITS.fact_items:
            self._found.imports.setdefault(name)
        self._recent.append(name)
        self._array_follows |= name == "joblib.numpy_pickle.NumpyArrayWrapper"

    def _storage(self) -> None:
        """A persistent id, as PyTorch writes them: ('storage', class, key, device, elements)."""
        if len(self._recent) < 5 or _decoded(self._recent[0]) != "storage":
            return
        _, kind, key, _, elements = map(_decoded, self._recent)
        if isinstance(kind, str) and isinstance(key, str) and isinstance(elements, int):
            self._found.storages.setdefault(key, (kind, elements))


def _decoded(value: _Value) -> str | int | None:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


@cache
def _begins() -> re.Pattern[bytes]:
    """The first opcodes of most pickles: nothing follows them, or a number."""
    alone, numbers = _simple_opcodes()
    return re.compile(rb"(?s:\x80.(?:[%b]|%b){%d})" % (alone, numbers, _SNIFFED_OPS - 1))


@cache
def _plain() -> re.Pattern[bytes]:
    """A pickle up to its end, of opcodes that refer to nothing. Linear: no byte can be read in two ways."""
    alone, numbers = _simple_opcodes()
    texts = b"|".join(b"%b.{%d}" % (re.escape(bytes([size])), size) for size in range(_SHORT_NAME_BYTES + 1))
    return re.compile(rb"(?s:\x80[\x02-\x05](?:[%b]++|%b|\x8c(?:%b))*+\.)" % (alone, numbers, texts))


def _simple_opcodes() -> tuple[bytes, bytes]:
    """Within brackets those that nothing follows, and alternatives of those with numbers."""
    special = {_STOP, _STACK_GLOBAL, _PERSISTENT_ID, _PROTO}
    widths: dict[int, list[bytes]] = {}
    for code, (follows, width) in _OPCODES.items():
        if follows in (_N, _F) and code not in special:
            widths.setdefault(width, []).append(re.escape(bytes([code])))
    alone = b"".join(widths.pop(0))
    numbers = b"|".join(b"[%b].{%d}" % (b"".join(codes), width) for width, codes in sorted(widths.items()))
    return alone, numbers


def _number(reader: Reader, code: int) -> int:
    return int.from_bytes(reader.take(_OPCODES[code][1]), "little", signed=code in b"J")


def _skip_argument(reader: Reader, code: int, at: int | None = None) -> None:
    follows = _OPCODES.get(code)
    if follows is None:
        raise Malformed(ProblemKind.BAD_HEADER, at=at, detail=f"opcode 0x{code:02x} does not exist")
    kind, width = follows
    match kind:
        case _Argument.NUMBER:
            reader.skip(width)
        case _Argument.COUNTED:
            reader.skip(int.from_bytes(reader.take(width), "little"))
        case _Argument.LINE:
            _line(reader)
        case _Argument.TWO_LINES:
            _line(reader)
            _line(reader)
        case _Argument.NOTHING:
            pass


def _short_text(reader: Reader, width: int) -> str | None:
    size = int.from_bytes(reader.take(width), "little")
    if size > _SHORT_BYTES:
        reader.skip(size)
        return None
    return reader.take(size).decode("utf-8", "replace")


def _line(reader: Reader) -> str:
    """What stands before the next line feed."""
    at = reader.offset
    size = min(_SHORT_BYTES, reader.remaining_bytes)
    while (end := reader.at(at, size).find(b"\n")) < 0:
        if size == reader.remaining_bytes:
            raise Malformed(ProblemKind.TRUNCATED, at=at, detail="the file ends within a line of a pickle")
        if size == _LINE_BYTES:
            raise Malformed(
                ProblemKind.OVER_LIMIT, at=at, detail=f"a pickle's line of more than {size} bytes"
            )
        size = min(4 * size, _LINE_BYTES, reader.remaining_bytes)
    return reader.take(end + 1)[:-1].decode("utf-8", "replace")
