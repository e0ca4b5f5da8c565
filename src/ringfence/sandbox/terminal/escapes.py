"""What a box writes to the user's terminal, without what would act beyond drawing.

A terminal obeys what it shows: sequences set the clipboard, read the screen, print, make the terminal type
an answer that a shell takes for a command once the box is gone. So only what is known to draw passes; every
other sequence is left out whole and counted. Output holds complete sequences only, whatever pieces the input
comes in.

Sources: ECMA-48; xterm's ctlseqs; the terminal emulators' own lists of operating system commands.
"""

import codecs
import re
from collections import Counter
from collections.abc import Callable

from ringfence.core.limits import LIMITS
from ringfence.core.patterns import pattern

__all__ = ["Escapes"]

# Text, and the controls that only move the cursor or ring: BEL BS HT LF VT FF CR SO SI.
_PLAIN = pattern(r"[^\x00-\x06\x10-\x1f\x7f-\x9f]+")
_CSI = pattern(r"\x1b\[([0-?]*)([ -/]*)([@-~])")
_CSI_BEGUN = pattern(r"\x1b\[[0-?]*[ -/]*\Z")
# Save and restore, keypad, index, tabs, single and locking shifts, reset; and sets of characters.
_SHORT = pattern(r"\x1b(?:[78=>DEHMNOcno|}~]|[()*+./-][0-9A-Za-z<=>]|#[3-68])")
_SHORT_BEGUN = pattern(r"\x1b[ -/]?\Z")
_STRING = pattern(r"\x1b([]P_^X])([^\x00-\x06\x0e-\x1f\x7f-\x9f]*)")
_STRING_NAMES = {"]": "operating system command", "P": "device control", "_": "program command"}
_BELL, _END = "\x07", "\x1b\\"

_COLORS = frozenset({"4", "10", "11", "12", "17", "19", "104", "110", "111", "112", "117", "119"})
_TITLES = frozenset({"0", "1", "2"})
_MARKS = frozenset({"133"})  # where a prompt begins and ends
_NAMED = {"52": "clipboard", "7": "folder", "9": "notification", "777": "notification", "1337": "files"}
_LINK = pattern(r"8;[\w=:.-]*;(?:https?://[!-~]*)?")
_TITLE_CHARS = 200
# Asking for sizes, keeping and restoring titles. Not: moving, raising, resizing, telling titles.
_WINDOW = frozenset({"14", "16", "18", "19", "22", "23"})

# What a program may leave switched on, and what switches it off again.
_MODES = {
    "4": "\x1b[4l",
    "20": "\x1b[20l",
    "?7": "\x1b[?7h",
    "?8": "\x1b[?8h",
    "?25": "\x1b[?25h",
    **{f"?{mode}": f"\x1b[?{mode}l" for mode in (1, 5, 6, 9, 45, 66, 69)},
    **{f"?{mode}": f"\x1b[?{mode}l" for mode in (1000, 1002, 1003, 1004, 1005, 1006, 1015, 1016)},
    **{f"?{mode}": f"\x1b[?{mode}l" for mode in (2004, 2026, 2031, 2048)},
    **{f"?{mode}": f"\x1b[?{mode}l" for mode in (47, 1047, 1049)},
}
# What else may be switched. Not: locking keys, another terminal's language, a log, another reading of keys.
_HARMLESS = frozenset(
    f"?{mode}"
    for mode in (3, 4, 12, 40, 42, 80, 95, 1007, 1034, 1035, 1036, 1039, 1042, 1043, 1048, 1070, 2027, 8452)
)
_HUGE = pattern("[0-9]{6}")  # more than any screen has: terminals have hung over such a number
_LEFT = (
    (">", "u", ("keyboard", "\x1b[<99u")),
    ("=", "u", ("keys", "\x1b[=0u")),
    (">4", "m", ("more keys", "\x1b[>4m")),
    ("", "r", ("scrolling", "\x1b7\x1b[r\x1b8")),
)


class Escapes:
    """A filter for one terminal. `dropped` counts what was left out, by name."""

    def __init__(self) -> None:
        self.dropped: Counter[str] = Counter()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._skips_string = False
        self._changed: dict[str, str] = {}

    def feed(self, data: bytes) -> bytes:
        """What of `data`, and of what came before, can be shown now."""
        text = self._rest + self._decoder.decode(data)
        self._rest = ""
        shown: list[str] = []
        at = 0
        while at < len(text):
            if self._skips_string:
                at = self._skip(text, at)
            elif plain := _PLAIN.match(text, at):
                shown.append(plain[0])
                at = plain.end()
            elif text[at] == "\x1b":
                piece, at = self._sequence(text, at)
                shown.append(piece)
            else:
                if text[at] not in "\x00\x7f":
                    self.dropped["control character"] += 1
                at += 1
        return "".join(shown).encode("utf-8", "replace")

    def closing(self) -> bytes:
        """What puts the terminal back into the state it was in, as far as the box changed it."""
        if not self._changed:
            return b"\x1b[0m"
        return "".join([*self._changed.values(), "\x1b(B\x1b[0m\x1b>"]).encode()

    def _sequence(self, text: str, at: int) -> tuple[str, int]:
        """What is shown of the sequence that begins at `at`, and where the next thing begins."""
        for shape, judge in _JUDGES:
            if found := shape.match(text, at):
                return judge(self, found), found.end()
        if string := _STRING.match(text, at):
            return self._string(text, string)
        if _CSI_BEGUN.match(text, at) or _SHORT_BEGUN.match(text, at):
            self._keep(text, at, "sequence without end")
            return "", len(text)
        self.dropped["unknown sequence"] += 1
        return "", at + 1

    def _string(self, text: str, begun: re.Match[str]) -> tuple[str, int]:
        """Strings end with BEL or ESC \\; another control ends them unheard, as in terminals."""
        kind, content, end = begun[1], begun[2], begun.end()
        body, bell, _ = content.partition(_BELL)
        if bell:
            return self._command(kind, body), begun.start(2) + len(body) + 1
        if text.startswith(_END, end):
            return self._command(kind, content), end + len(_END)
        if end >= len(text) - 1 and (end == len(text) or text[end] == "\x1b"):
            if len(content) <= LIMITS.terminal_string_chars:
                self._rest = text[begun.start() :]
            else:
                self.dropped[f"long {_STRING_NAMES.get(kind, 'string')}"] += 1
                self._skips_string = True
                self._rest = text[end:]
            return "", len(text)
        self.dropped[_STRING_NAMES.get(kind, "string")] += 1
        return "", end

    def _command(self, kind: str, body: str) -> str:
        number, _, value = body.partition(";")
        if kind == "]":
            if number in _TITLES:
                return f"\x1b]{number};{_drawn(value)[:_TITLE_CHARS]}{_BELL}"
            if number in _COLORS | _MARKS or _LINK.fullmatch(body):
                return f"\x1b]{_drawn(body)}{_END}"
            name = _NAMED.get(number)
            shown = number[:4] if number.isascii() and number.isdecimal() else "without a number"
            self.dropped[f"OSC {shown}" + (f" ({name})" if name else "")] += 1
        else:
            self.dropped[_STRING_NAMES.get(kind, "string")] += 1
        return ""

    def _skip(self, text: str, at: int) -> int:
        """Behind the end of a string that is too long to be meant."""
        ends = [(text.find(end, at), len(end)) for end in (_BELL, _END, "\x18", "\x1a")]
        found = min(((where, length) for where, length in ends if where >= 0), default=None)
        if found is None:
            self._rest = "\x1b" if text.endswith("\x1b") else ""
            return len(text)
        self._skips_string = False
        return sum(found)

    def _keep(self, text: str, at: int, name: str) -> None:
        if len(text) - at > LIMITS.terminal_sequence_chars:
            self.dropped[name] += 1
        else:
            self._rest = text[at:]

    def _control(self, found: re.Match[str]) -> str:
        """A control sequence: parameters, intermediate characters, what it does."""
        parameters, between, final = found.groups()
        first = parameters.partition(";")[0]
        if final == "i" and not between:
            return self._drop("printing")
        if final == "t" and not between and first not in _WINDOW:
            return self._drop("window operation")
        if final == "y" and between == "*":
            return self._drop("reading the screen")
        if _HUGE.search(parameters):
            return self._drop("huge number")
        if not between and (final in "hl" or (final in "rs" and parameters.startswith("?"))):
            return self._switch(found[0], parameters)
        for begins, ends, (name, undone) in _LEFT:
            if final == ends and parameters.startswith(begins) and not between:
                self._changed[name] = undone
        return found[0]

    def _switch(self, sequence: str, parameters: str) -> str:
        """One or several modes: on, off, kept in mind, or as they were kept."""
        private = "?" if parameters.startswith("?") else ""
        modes = {f"{private}{mode}" for mode in parameters.removeprefix("?").split(";")}
        if not modes <= _MODES.keys() | _HARMLESS:
            return self._drop("mode")
        self._changed.update((mode, _MODES[mode]) for mode in sorted(modes & _MODES.keys()))
        return sequence

    def _short(self, found: re.Match[str]) -> str:
        if found[0][1] in "()*+./-":
            self._changed["characters"] = "\x1b(B\x1b)B\x0f"
        return found[0]

    def _drop(self, name: str) -> str:
        self.dropped[name] += 1
        return ""


_JUDGES: tuple[tuple[re.Pattern[str], Callable[[Escapes, re.Match[str]], str]], ...] = (
    (_CSI, Escapes._control),
    (_SHORT, Escapes._short),
)


def _drawn(text: str) -> str:
    """A string's content without controls that some terminals take for its end."""
    return "".join(c for c in text if c >= " ")
