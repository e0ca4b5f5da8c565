"""Only what draws reaches the user's terminal, whatever pieces it comes in."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.sandbox.terminal.escapes import Escapes


def shown(*pieces: bytes) -> bytes:
    escapes = Escapes()
    return b"".join(escapes.feed(piece) for piece in pieces)


def dropped(data: bytes) -> dict[str, int]:
    escapes = Escapes()
    escapes.feed(data)
    return dict(escapes.dropped)


@pytest.mark.parametrize(
    "data",
    [
        b"plain text\r\n\twith tabs and \x07 bells\b",
        "Umlaute äöü, 漢字, 🙂\n".encode(),
        b"\x1b[1;31mred\x1b[0m \x1b[38;2;1;2;3mtrue\x1b[m",
        b"\x1b[2J\x1b[H\x1b[10;20H\x1b[K\x1b[?25l\x1b[?1049h\x1b[?2004h",
        b"\x1b7\x1b8\x1b=\x1b>\x1bM\x1b(0lqk\x1b(B",
        b"\x1b[6n\x1b[c\x1b[18t\x1b[22;0t\x1b[23;0t",
        b"\x1b]0;a title\x07",
        b"\x1b]11;?\x1b\\",
        b"\x1b]8;;https://example.org/a?b=c\x1b\\link\x1b]8;;\x1b\\",
        b"\x1b]133;A\x1b\\$ ",
    ],
)
def test_what_draws_passes_as_it_is(data: bytes) -> None:
    assert shown(data) == data
    assert dropped(data) == {}


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"\x1b]52;c;cm0gLXJmIC8K\x07", "OSC 52 (clipboard)"),
        (b"\x1b]52;c;cm0gLXJmIC8K\x1b\\", "OSC 52 (clipboard)"),
        (b"\x1b]1337;File=name=eA==:eA==\x07", "OSC 1337 (files)"),
        (b"\x1b]777;notify;a;b\x07", "OSC 777 (notification)"),
        (b"\x1b]8;;file:///etc/passwd\x07", "OSC 8"),
        (b"\x1b]50;xterm\x07", "OSC 50"),
        (b"\x1b[21t", "window operation"),
        (b"\x1b[20t", "window operation"),
        (b"\x1b[8;1;1t", "window operation"),
        (b"\x1b[5i", "printing"),
        (b"\x1b[?5i", "printing"),
        (b"\x1b[1;1;1;1;24;80*y", "reading the screen"),
        (b"\x1bP$q\x22p\x1b\\", "device control"),
        (b"\x1b_Ga=T,t=f;L2V0Yy9wYXNzd2Q=\x1b\\", "program command"),
        (b"\x1b^private\x1b\\", "string"),
        (b"\x05", "control character"),
        ("\x9d52;c;eA==\x9c".encode(), "control character"),
        (b"\x1b%@", "unknown sequence"),
    ],
)
def test_what_acts_is_left_out_and_counted(data: bytes, name: str) -> None:
    assert b"\x1b" not in shown(data)
    assert name in dropped(data)


def test_a_title_is_cut_and_cannot_hold_a_line_break() -> None:
    assert shown(b"\x1b]2;a\nb" + b"c" * 300 + b"\x07") == b"\x1b]2;ab" + b"c" * 198 + b"\x07"


def test_a_string_without_end_shows_nothing_and_costs_no_memory() -> None:
    escapes = Escapes()
    assert escapes.feed(b"\x1b]52;") == b""
    for _ in range(1_000):
        assert escapes.feed(b"A" * 1_000) == b""
    assert len(escapes._rest) <= 10_000
    assert escapes.feed(b"\x07after") == b"after"
    assert escapes.dropped["long operating system command"] == 1


def test_bytes_that_are_no_text_are_shown_as_such() -> None:
    assert shown(b"\x9b31mred") == "\ufffd31mred".encode()


def test_what_a_box_left_switched_on_is_switched_off() -> None:
    escapes = Escapes()
    assert escapes.closing() == b"\x1b[0m"
    escapes.feed(b"\x1b[?1049h\x1b[?1000;1006h\x1b[>1u\x1b[>4;2m\x1b[2;5r\x1b[?25l")
    closing = escapes.closing()
    for sequence in (b"\x1b[?1049l", b"\x1b[?1000l", b"\x1b[?1006l", b"\x1b[<99u", b"\x1b[>4m", b"\x1b[r"):
        assert sequence in closing
    assert b"\x1b[?25h" in closing


_ALLOWED = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[78=>DEHMNOcno|}~]|[()*+./-][0-9A-Za-z<=>]|#[3-68]"
    r"|\][0-9][ -~\x80-\U0010ffff]*(?:\x07|\x1b\\))"
)
_PIECES = st.lists(
    st.one_of(
        st.binary(max_size=12),
        st.sampled_from(
            [
                b"\x1b",
                b"[",
                b"]",
                b"52;",
                b"0;",
                b"\x07",
                b"\x1b\\",
                b"\x1bP",
                b"\x9d",
                b"\xc2\x9b",
                b"\x18",
                b";",
            ]
        ),
        st.from_regex(rb"\x1b\[[0-9;?<>=]{0,6}[ !$*']?[@-~]", fullmatch=True),
        st.from_regex(rb"\x1b[\]P_^X][0-9]{1,3};[ -~]{0,10}(\x07|\x1b\\)", fullmatch=True),
    ),
    max_size=30,
)


@given(_PIECES)
def test_every_sequence_that_comes_out_is_a_whole_allowed_one(pieces: list[bytes]) -> None:
    text = shown(*pieces).decode()
    left = _ALLOWED.sub("", text)
    assert not re.search(r"[\x00-\x06\x10-\x1f\x7f-\x9f]", left)
    for found in _ALLOWED.finditer(text):
        assert not re.match(
            r"\x1b\](?!0;|1;|2;|4;|10;|11;|12;|17;|19;|104|110|111|112|117|119|133|8;)", found[0]
        )
        assert not re.match(r"\x1b\[[0-?]*i|\x1b\[(?!14|16|18|19|22|23)[0-?]*t|\x1b\[[0-?]*\*y", found[0])


@given(_PIECES)
def test_it_does_not_matter_how_the_output_is_cut_into_pieces(pieces: list[bytes]) -> None:
    whole = b"".join(pieces)
    assert shown(*pieces) == shown(whole) == shown(*(bytes([byte]) for byte in whole))
