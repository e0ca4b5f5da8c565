"""Keys typed into the terminal for whoever reads there next, by TIOCSTI, and pasted by TIOCLINUX."""

import errno
import re
from pathlib import Path

import boxes
from leaving_out import no_filter, no_probe, python

_TYPE = """
number = 16 if os.uname().machine == "x86_64" else 29
key = ctypes.create_string_buffer(b"x")
for request in (0x5412, 0x5412 | 1 << 32, 0x5412 | 0xFFFFFFFF << 32, 0x541C, 0x5423, 0x541D):
    print("answer", call(number, 0, request, key))
"""


def _answers(screen: bytes) -> list[int]:
    return [
        int(number) for number in re.findall(rb"answer (-?\d+)", screen)
    ]  # what was typed stands before it


def test_nothing_is_typed_into_the_terminal_by_any_spelling() -> None:
    result = boxes.run(python(_TYPE), user="ordinary", terminal=True)
    assert _answers(result.stdout) == [-errno.EPERM] * 6
    assert [each.call for each in result.refused] == ["ioctl"] * 6


def test_without_the_filter_the_terminal_takes_what_is_typed() -> None:
    result = boxes.run(python(_TYPE), user="ordinary", terminal=True, without=(no_filter, no_probe))
    setting = Path("/proc/sys/dev/tty/legacy_tiocsti")
    taken = setting.exists() and setting.read_text().strip() == "0"
    # Linux since 6.2 can refuse it itself, with another error.
    assert _answers(result.stdout)[:3] == [-errno.EIO if taken else 0] * 3
