"""A user namespace of one's own gives all capabilities over what is made in it: none is had within a box."""

import errno

import pytest

import boxes
from leaving_out import no_filter, no_narrowing, no_probe, python

_NUMBERS = """
unshare, clone, setns = (272, 56, 308) if os.uname().machine == "x86_64" else (97, 220, 268)
"""
_UNSHARE = _NUMBERS + "print(call(unshare, 0x10000000))"
_ALL = (
    _NUMBERS
    + """
print(call(clone, 0x10000000 | 17), call(435, ctypes.create_string_buffer(88), 88))
own = os.open("/proc/self/ns/user", os.O_RDONLY)
print(call(setns, own, 0))
print(*[call(unshare, kind) for kind in
        (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x20000000, 0x40000000, 0x80)])
"""
)
_EPERM, _ENOSYS, _ENOSPC = (b"-%d" % number for number in (errno.EPERM, errno.ENOSYS, errno.ENOSPC))


@pytest.mark.parametrize("user", ["ordinary", "root"])
def test_no_namespace_is_made_or_entered(user: str) -> None:
    result = boxes.run(python(_ALL), user=user)
    assert result.stdout.split() == [_EPERM, _ENOSYS, *[_EPERM] * 8]
    assert {each.call for each in result.refused} == {"clone", "setns", "unshare"}


def test_without_the_filter_the_box_s_own_bound_still_stands_and_without_that_one_is_had() -> None:
    held = boxes.run(python(_UNSHARE), user="ordinary")
    bounded = boxes.run(python(_UNSHARE), user="ordinary", without=(no_filter, no_probe))
    had = boxes.run(python(_UNSHARE), user="ordinary", without=(no_filter, no_narrowing, no_probe))
    assert [each.stdout.strip() for each in (held, bounded, had)] == [_EPERM, _ENOSPC, b"0"]
