"""What a box writes is read as a terminal reads it, by the state machine that they share: nothing in it acts.

Source: the parser for DEC terminals of Paul Flo Williams (vt100.net/emu/dec_ansi_parser); xterm's ctlseqs.
"""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.sandbox.terminal.escapes import Escapes

_STRINGS = {"P": "DCS", "X": "SOS", "^": "PM", "_": "APC", "]": "OSC", "\x90": "DCS", "\x98": "SOS"}
_STRINGS |= {"\x9e": "PM", "\x9f": "APC", "\x9d": "OSC"}
_HARMLESS_COMMANDS = {"0", "1", "2", "4", "8", "10", "11", "12", "17", "19", "133"}
_HARMLESS_COMMANDS |= {"104", "110", "111", "112", "117", "119"}


def acts(data: bytes) -> Iterator[str]:
    """What a terminal would do of this that is more than drawing, by name."""
    for kind, text in _parsed(data.decode("utf-8", "replace")):
        match kind:
            case "OSC":
                number = text.partition(";")[0]
                if number not in _HARMLESS_COMMANDS or (
                    number == "8" and "://" in text and "http" not in text
                ):
                    yield f"OSC {number}"
            case "DCS" | "SOS" | "PM" | "APC":
                yield kind
            case "CSI":
                yield from _control(text)
            case "ESC" if text[0] in "%[]kZ#" and text not in ("#3", "#4", "#5", "#6", "#8"):
                yield f"ESC {text}"
            case "C0" if text == "\x05":
                yield "answerback"


def _control(text: str) -> Iterator[str]:
    final, parameters = text[-1], text[:-1]
    first = parameters.partition(";")[0]
    if final == "i":
        yield "print"
    if final == "t" and first.lstrip("0") not in ("14", "16", "18", "19", "22", "23"):
        yield "window"
    if final in "hlrs":
        private = "?" if parameters.startswith("?") else ""
        for mode in parameters.removeprefix("?").split(";"):
            if f"{private}{mode}" in ("2", "12", "?2", "?38", "?46", "?67", "?9001"):
                yield f"mode {private}{mode}"
    if final == "y" and parameters.endswith("*"):
        yield "read the screen"
    if any(len(each) > 5 for each in parameters.replace(":", ";").split(";")):
        yield "hang"


def _parsed(text: str) -> Iterator[tuple[str, str]]:  # noqa: C901 - one state machine
    """Whole sequences, as a terminal finds them; controls within one are obeyed and leave it as it is."""
    state, held = "ground", ""
    for char in text:
        if state in _STRINGS.values():
            if held.endswith("\x1b"):
                yield state, held[:-1]
                state, held = ("ground", "") if char == "\\" else ("ESC", "")
                if state == "ground":
                    continue
            elif char in "\x9c\x18\x1a" or (char == "\x07" and state == "OSC"):
                if char not in "\x18\x1a":
                    yield state, held
                state, held = "ground", ""
                continue
            else:
                held += char
                continue
        if char in "\x18\x1a":
            state, held = "ground", ""
        elif char == "\x1b":
            state, held = "ESC", ""
        elif "\x80" <= char <= "\x9f":
            state, held = ("CSI" if char == "\x9b" else _STRINGS.get(char, "ground")), ""
        elif char < " " or char == "\x7f":
            yield "C0", char
        elif state == "ESC" and not held and char in _STRINGS:
            state = _STRINGS[char]
        elif state == "ESC" and not held and char == "[":
            state = "CSI"
        elif state in ("ESC", "CSI"):
            held += char
            if char >= ("0" if state == "ESC" else "@"):
                yield state, held
                state, held = "ground", ""


ACTING = [
    b"\x1b]52;c;cm0gLXJmIC8K\x07", b"\x1b]052;c;cm0=\x07", b"\x1b]\x0052;c;cm0=\x07",
    b"\x1b\x00]52;c;cm0=\x07",
    b"\x1b[1\x1b]52;c;cm0=\x07", b"\x1b]0;x\x18\x1b]52;c;cm0=\x07",
    b"\x1b]0;x\x1b]52;c;cm0=\x1b\\",
    b"\x1bPtmux;\x1b\x1b]52;c;cm0=\x07\x1b\\", b"\x1bP\x07\x1b]52;c;cm0=\x07\x1b\\", b"\xc2\x9d52;c;cm0=\x07",
    b"\x1b[21t", b"\x1b[021t", b"\x1b[2\x081t", b"\x1b[\x7f21t", b"\xc2\x9b21t", b"\x1b[20;1t",
    b"\x1b[8;1;1t",
    b"\x1b[i", b"\x1b[?5i", b"\x1b[5\ni", b"\x1b[1;1;1;1;1;1*y", b"\x1bZ\x1bkname\x1b\\\x05",
    b"\x1b[2h", b"\x1b[12l", b"\x1b[?2l", b"\x1b[?1;2l", b"\x1b[?38h", b"\x1b[?46h", b"\x1b[?9001h",
    b"\x1b[?38r",
    b"\x1b[999999999b", b"\x1b[1;2147483647L", b"\x1b%@", b"\x1b_Gt=f;L2V0Yw==\x1b\\", b"\x1b^x\x1b\\",
    b"\x1bP+q544e\x1b\\", b"\x1b]8;;file:///etc/passwd\x07", b"\x1b]50;#1\x07", b"\x1b]7;file:///x\x07",
]  # fmt: skip


@pytest.mark.parametrize("data", ACTING)
def test_what_acts_does_so_without_the_filter_and_not_behind_it(data: bytes) -> None:
    assert list(acts(data))
    escapes = Escapes()
    assert list(acts(escapes.feed(data) + escapes.feed(b" text"))) == []
    assert escapes.dropped.total() > 0


_PIECES = st.lists(
    st.one_of(
        st.sampled_from(ACTING),
        st.binary(max_size=6),
        st.sampled_from(
            [b"\x1b", b"[", b"]", b"P", b"\x07", b"\x18", b"\x1b\\", b"\xc2\x9c", b"52;c;", b"2", b"t"]
        ),
        st.builds(lambda data, at: data[:at], st.sampled_from(ACTING), st.integers(1, 12)),
    ),
    max_size=12,
)


@settings(deadline=None, max_examples=300)
@given(_PIECES)
def test_nothing_acts_however_it_is_put_together(pieces: list[bytes]) -> None:
    escapes = Escapes()
    out = b"".join(map(escapes.feed, pieces))
    assert list(acts(out + escapes.closing())) == []


def test_names_that_a_box_makes_up_cost_no_memory() -> None:
    escapes = Escapes()
    for number in range(20_000):
        escapes.feed(f"\x1b]{chr(0x4E00 + number)}\x07\x1b]{number}\x07".encode())
    assert len(escapes.dropped) < 10_002
    assert escapes.dropped["OSC without a number"] == 20_000


def test_what_was_switched_is_switched_back() -> None:
    escapes = Escapes()
    escapes.feed(b"\x1b[4h\x1b[20h\x1b[?5h\x1b[?7l\x1b[=31;1u\x1b)0\x0e")
    closing = escapes.closing()
    for undone in (b"\x1b[4l", b"\x1b[20l", b"\x1b[?5l", b"\x1b[?7h", b"\x1b[=0u", b"\x1b)B\x0f"):
        assert undone in closing
