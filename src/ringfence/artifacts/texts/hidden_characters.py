"""Finds characters that people do not see, and says what they spell.

Honest text has some: joiners in emoji and in Persian or Indic words, marks of direction beside Arabic and
Hebrew, tags in flags, one variation selector behind a character. Only what none of these explains counts.

Source: Unicode 16, chapters 9 and 23; UAX 9, UTS 51; "Trojan Source" (CVE-2021-42574).
"""

import re
import unicodedata
from collections.abc import Callable, Iterator

from ringfence.artifacts.spotted import Spotted
from ringfence.core.findings import Confidence, Severity
from ringfence.core.limits import LIMITS
from ringfence.core.patterns import pattern

__all__ = ["judge_text"]

_FLAG = pattern("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f")
_TAGS = pattern("[\U000e0000-\U000e007f]+")
_SELECTORS = pattern("[\ufe00-\ufe0f\U000e0100-\U000e01ef]{2,}")
_SPREAD_SELECTORS = pattern("(?:[A-Za-z ][\ufe00-\ufe0f\U000e0100-\U000e01ef]){4,}")
_NOTHING = "\u200b-\u200f\u2060-\u2064\u206a-\u206f\ufeff\u180e\u034f\u115f\u1160\u3164\uffa0"
_NOTHING_RUN = pattern(f"[{_NOTHING}]{{8,}}")
_NOTHING_SPREAD = pattern(f"(?:[A-Za-z0-9][{_NOTHING}]{{1,8}}){{4,}}")
_OPERATORS = pattern("[\u2061-\u2064]{3,}")
_PRIVATE = pattern("[\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd]{4,}")
_OVERRIDE = pattern("[\u202d\u202e][^\n]{0,100}")
_ISOLATES = pattern("[\u202a-\u202e\u2066-\u2069]")
_RIGHT_TO_LEFT = pattern("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff]")
# Device controls and operating system commands: titles, the clipboard. Colours and cursors are everyday.
_TERMINAL = pattern("\x1b(?:[\\]PX^_]|\\[[0-9;?]{0,20}[iqntcR])")
_ADVICE = "do not let a model or a person read it as it is; find out who put it in"


def judge_text(text: str) -> Iterator[Spotted]:
    """What is hidden from whoever reads the text, decoded where that is possible."""
    if "\x1b" in text:
        yield from _found("terminal-escape", text, _TERMINAL, lambda run: run)
    if text.isascii():
        return
    yield from _found("hidden-text", _FLAG.sub("", text), _TAGS, _tags)
    yield from _found("hidden-text", text, _SELECTORS, _selectors)
    yield from _found("hidden-text", text, _SPREAD_SELECTORS, _selectors)
    yield from _found("hidden-text", text, _NOTHING_RUN, _bits)
    yield from _found("hidden-text", text, _NOTHING_SPREAD, _plain)
    yield from _found("hidden-text", text, _OPERATORS, _bits)
    yield from _found("hidden-text", text, _PRIVATE, _private)
    yield from _found("turned-text", text, _OVERRIDE, _plain)
    yield from _unbalanced(text)


def _found(
    check: str, text: str, pattern: re.Pattern[str], decode: Callable[[str], str]
) -> Iterator[Spotted]:
    """One finding for all places of one kind; a run that `decode` makes nothing of is an honest one."""
    said: list[str] = []
    for found in pattern.finditer(text):
        if meaning := decode(found[0]):
            line = text.count("\n", 0, found.start()) + 1
            said.append(f"line {line}: {len(found[0])} characters: {meaning}"[: LIMITS.evidence_chars])
            if len(said) == 3:
                break
    if said:
        yield _spotted(check, said)


def _tags(run: str) -> str:
    plain = "".join(chr(ord(each) - 0xE0000) for each in run)
    return plain if len(plain) > 1 else ""


def _selectors(run: str) -> str:
    """One byte for each selector, as those write who smuggle with them."""
    codes = [ord(each) for each in run]
    kept = [code - 0xFE00 if code < 0xFF00 else code - 0xE0100 + 16 for code in codes if code > 0xFDFF]
    return bytes(kept).decode("latin-1")


def _bits(run: str) -> str:
    """What the run says if its two commonest characters are 0 and 1; one kind alone says nothing."""
    kinds = sorted(set(run), key=lambda each: (-run.count(each), each))[:2]
    if len(kinds) == 2:
        for zero, one in (sorted(kinds), sorted(kinds, reverse=True)):
            digits = "".join("0" if each == zero else "1" for each in run if each in (zero, one))
            data = int(digits, 2).to_bytes(-(-len(digits) // 8), "big") if len(digits) < 100_000 else b""
            if len(data) > 3 and data.isascii() and data.decode().isprintable():
                return data.decode()
    return f"{len(set(run))} kinds of invisible characters" if len(kinds) == 2 else ""


def _plain(run: str) -> str:
    return "".join(each for each in run if unicodedata.category(each) != "Cf")


def _private(run: str) -> str:
    """Letters in the lowest byte; symbols of fonts for programmers spell nothing."""
    low = "".join(chr(ord(each) & 0xFF) for each in run)
    letters = sum(each.isalpha() or each == " " for each in low)
    return low if low.isascii() and low.isprintable() and letters > 0.8 * len(low) and len(low) > 7 else ""


def _unbalanced(text: str) -> Iterator[Spotted]:
    """Marks of direction that stay open to the end of a line, in a text that has no use for them."""
    if not _ISOLATES.search(text) or _RIGHT_TO_LEFT.search(text):
        return
    for number, line in enumerate(text.split("\n"), 1):
        opened = sum(each in "\u202a\u202b\u2066\u2067\u2068" for each in line)
        if opened and opened != sum(each in "\u202c\u2069" for each in line):
            yield _spotted("turned-text", [f"line {number}: {_plain(line)}"[: LIMITS.evidence_chars]])
            return


def _spotted(check: str, evidence: list[str]) -> Spotted:
    return Spotted(
        check=check,
        severity=Severity.HIGH,
        confidence=Confidence.LIKELY,
        at=None,
        evidence=tuple(evidence),
        advice=_ADVICE,
    )
