"""Reads a git configuration as git itself reads it, and writes sections of it. Pure: bytes in, values out.

Nothing is included, expanded or looked up. What git would refuse is refused here as well, and so is a NUL.

Source: git-config(1), section "Syntax", and git's config.c (get_base_var, get_value, parse_value).
"""

from collections.abc import Iterable

from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS

__all__ = ["BadConfig", "Config", "Entry", "parse", "without", "written"]

_KEY = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")
_LETTERS = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_SPACE = frozenset(b" \t\r\v\f")
_ESCAPES = {ord("n"): 10, ord("t"): 9, ord("b"): 8, ord("\\"): ord("\\"), ord('"'): ord('"')}


class BadConfig(ValueError):
    """Not a configuration that git would read, or larger than the limits. The message quotes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One key and its value. Section and key are lower case, as git compares them."""

    section: bytes
    subsection: bytes | None
    key: bytes
    value: bytes | None  # None: the key stands alone, which git reads as true

    @property
    def name(self) -> bytes:
        """As `git config --list` spells it."""
        middle = b"" if self.subsection is None else self.subsection + b"."
        return self.section + b"." + middle + self.key


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A whole file. `spans`: where each section stands, `[header` to the next one."""

    data: bytes
    entries: tuple[Entry, ...]
    spans: tuple[tuple[bytes, bytes | None, int, int], ...]  # section, subsection, start, end


def parse(data: bytes) -> Config:
    """What stands in `data`.

    Raises:
        BadConfig: git would not read it, or it is longer than `LIMITS.git_config_bytes`.
    """
    if len(data) > LIMITS.git_config_bytes or b"\0" in data:
        raise BadConfig("too long, or not text")
    return _Reader(data).read()


def without(config: Config, section: bytes, subsections: Iterable[bytes]) -> bytes:
    """The file without those sections; everything else as it stands there, byte by byte."""
    gone = set(subsections)
    kept, at = [], 0
    for name, subsection, start, end in config.spans:
        if name == section and subsection in gone:
            kept.append(config.data[at:start])
            at = end
    return b"".join((*kept, config.data[at:]))


def written(section: bytes, subsection: bytes, values: Iterable[tuple[bytes, bytes]]) -> bytes:
    """A section as text. Every value is quoted, so that none begins a comment, a line or a section."""
    name = subsection.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    lines = [b"[" + section + b' "' + name + b'"]\n']
    lines.extend(b"\t" + key + b" = " + _quoted(value) + b"\n" for key, value in values)
    return b"".join(lines)


def _quoted(value: bytes) -> bytes:
    text = value.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    return b'"' + text.replace(b"\n", b"\\n").replace(b"\t", b"\\t").replace(b"\b", b"\\b") + b'"'


class _Reader:
    """One pass over the bytes, as git makes it."""

    def __init__(self, data: bytes) -> None:
        self._data = data.replace(b"\r\n", b"\n") if b"\r\n" in data else data
        self._at = 3 if self._data.startswith(b"\xef\xbb\xbf") else 0
        self._entries: list[Entry] = []
        self._spans: list[tuple[bytes, bytes | None, int, int]] = []
        self._begun: tuple[bytes, bytes | None, int] | None = None

    def read(self) -> Config:
        while (c := self._next()) is not None:
            if c == 10 or c in _SPACE:
                continue
            if c in b"#;":
                self._skip_line()
            elif c == ord("["):
                self._header(self._at - 1)
            elif c in _LETTERS:
                self._entry()
            else:
                raise BadConfig("neither a section nor a key")
        self._end_section(len(self._data))
        return Config(data=self._data, entries=tuple(self._entries), spans=tuple(self._spans))

    def _next(self) -> int | None:
        if self._at >= len(self._data):
            return None
        self._at += 1
        return self._data[self._at - 1]

    def _skip_line(self) -> None:
        end = self._data.find(b"\n", self._at)
        self._at = len(self._data) if end < 0 else end

    def _end_section(self, end: int) -> None:
        if self._begun:
            self._spans.append((*self._begun, end))

    def _header(self, start: int) -> None:
        self._end_section(start)
        name = bytearray()
        while (c := self._next()) is not None and (c in _KEY or c == ord(".")):
            name.append(c)
        lowered = bytes(name).lower()
        if c == ord("]"):
            section, dot, rest = lowered.partition(b".")
            subsection = rest if dot else None
        elif c is not None and c in _SPACE:
            section, subsection = lowered, self._subsection()
        else:
            raise BadConfig("a section that does not end")
        if not section:
            raise BadConfig("a section without a name")
        self._begun = (section, subsection, start)

    def _subsection(self) -> bytes:
        while (c := self._next()) is not None and c in _SPACE:
            pass
        if c != ord('"'):
            raise BadConfig("a subsection without quotes")
        name = bytearray()
        while (c := self._next()) != ord('"'):
            if c == ord("\\"):
                c = self._next()
            if c is None or c == 10:
                raise BadConfig("a subsection that does not end")
            name.append(c)
        if self._next() != ord("]"):
            raise BadConfig("a section that does not end")
        return bytes(name)

    def _entry(self) -> None:
        if self._begun is None:
            raise BadConfig("a key before the first section")
        if len(self._entries) >= LIMITS.git_config_entries:
            raise BadConfig("too many keys")
        start = self._at - 1
        while self._at < len(self._data) and self._data[self._at] in _KEY:
            self._at += 1
        key = self._data[start : self._at].lower()
        c = self._next()
        while c in (32, 9):
            c = self._next()
        if c is None or c == 10:
            value = None
        elif c == ord("="):
            value = self._value()
        else:
            raise BadConfig("a key without an equals sign")
        section, subsection, _ = self._begun
        self._entries.append(Entry(section=section, subsection=subsection, key=key, value=value))

    def _value(self) -> bytes:
        """Up to the line's end; quotes join, backslashes escape and continue, spaces at both ends go."""
        value, spaces, quoted = bytearray(), bytearray(), False
        while True:
            c = self._next()
            if c is None or c == 10:
                if quoted:
                    raise BadConfig("a quote that does not end")
                return bytes(value)
            if not quoted:
                if c in _SPACE:
                    if value:
                        spaces.append(c)
                    continue
                if c in b"#;":
                    self._skip_line()
                    continue
            value += spaces
            spaces.clear()
            if c == ord("\\"):
                c = self._next()
                if c == 10:
                    continue
                if c is None or c not in _ESCAPES:
                    raise BadConfig("a backslash before something else")
                value.append(_ESCAPES[c])
            elif c == ord('"'):
                quoted = not quoted
            else:
                value.append(c)
