"""io_uring does what system calls do, and no filter sees it: a box has none."""

import errno

import pytest

import boxes
from leaving_out import no_filter, no_probe, python

_SETUP = "print(call(425, 8, ctypes.create_string_buffer(120)), call(426, -1), call(427, -1))"


@pytest.mark.parametrize("user", ["ordinary", "root"])
def test_a_ring_cannot_be_had_and_looks_as_if_the_kernel_had_none(user: str) -> None:
    result = boxes.run(python(_SETUP), user=user)
    assert (result.stdout.split(), result.refused) == ([b"-%d" % errno.ENOSYS] * 3, [])


def test_without_the_filter_a_ring_is_had() -> None:
    result = boxes.run(python(_SETUP), user="ordinary", without=(no_filter, no_probe))
    ring, *rest = map(int, result.stdout.split())
    if ring == -errno.EPERM:
        pytest.skip("the machine has io_uring switched off: kernel.io_uring_disabled")
    assert (ring > 2, {*rest} <= {-errno.EBADF, -errno.EINVAL}) == (True, True)
