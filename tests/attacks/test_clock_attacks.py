"""The machine's clock and its name."""

import errno
import os

import pytest

import boxes
from leaving_out import no_capabilities_dropped, no_filter, no_probe, python

# No time and no name is ever whole: where the filter is left out, the kernel says what it thinks of them.
_SET = """
clock_settime, settimeofday, adjtimex, sethostname, setdomainname = (
    (227, 164, 159, 170, 171) if os.uname().machine == "x86_64" else (112, 170, 171, 161, 162))
print(call(clock_settime, 0, 0), call(settimeofday, 8, 0), call(adjtimex, 0),
      call(sethostname, ctypes.c_char_p(b"other"), 5), call(setdomainname, ctypes.c_char_p(b"other"), 5))
print(os.uname().nodename)
"""


@pytest.mark.parametrize("user", ["ordinary", "root"])
def test_neither_the_clock_nor_a_name_is_set(user: str) -> None:
    before = os.uname().nodename
    result = boxes.run(python(_SET), user=user)
    assert result.stdout.split() == [b"-%d" % errno.EPERM] * 5 + [b"ringfence"]
    assert [each.call for each in result.refused] == [
        "clock_settime",
        "settimeofday",
        "sethostname",
        "setdomainname",
    ]
    assert os.uname().nodename == before


def test_without_filter_and_with_capabilities_the_box_s_own_name_changes_and_never_the_host_s() -> None:
    before = os.uname().nodename
    without = (no_filter, no_capabilities_dropped, no_probe)
    result = boxes.run(python(_SET), user="ordinary", without=without)
    *answers, name = result.stdout.split()
    assert (answers[0], answers[3:], name) == (b"-%d" % errno.EFAULT, [b"0", b"0"], b"other")
    assert os.uname().nodename == before
