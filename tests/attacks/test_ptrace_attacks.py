"""Other programs' memory and descriptors, through the calls that debuggers have."""

import errno

import pytest

import boxes
from leaving_out import init_can_be_read, no_filter, no_probe, python

_NUMBERS = """
import signal, time
ptrace, read_memory, kcmp = (101, 310, 312) if os.uname().machine == "x86_64" else (117, 270, 272)
get_descriptor, open_process = 438, 434
secret = ctypes.create_string_buffer(b"token")
child = os.fork()
if child == 0:
    signal.pause()
process = call(open_process, child, 0)
seen = ctypes.create_string_buffer(5)
class Part(ctypes.Structure):
    _fields_ = [("at", ctypes.c_void_p), ("bytes", ctypes.c_size_t)]
def read(pid):
    to, of = Part(ctypes.addressof(seen), 5), Part(ctypes.addressof(secret), 5)
    return call(read_memory, pid, ctypes.byref(to), 1, ctypes.byref(of), 1, 0)
print(read(child), seen.value.decode() or "-")
print(call(get_descriptor, process, 1, 0) >= 0)
print(call(kcmp, os.getpid(), child, 0, 0, 0) >= 0)
print(call(ptrace, 0x4206, child, 0, 0))
print(call(ptrace, 0x4206, 1, 0, 0), read(1))
os.kill(child, 9)
"""
_EPERM = b"-%d" % errno.EPERM


@pytest.mark.parametrize("user", ["ordinary", "root"])
def test_nobody_is_traced_and_no_memory_is_read(user: str) -> None:
    result = boxes.run(python(_NUMBERS), user=user)
    assert result.stdout.split() == [_EPERM, b"-", b"False", b"False", _EPERM, _EPERM, _EPERM]
    assert [each.call for each in result.refused] == [
        "process_vm_readv",
        "pidfd_getfd",
        "ptrace",
        "ptrace",
        "process_vm_readv",
    ]


@pytest.mark.parametrize("user", ["ordinary", "root"])
def test_a_box_that_may_debug_traces_its_own_children_and_never_its_init(user: str) -> None:
    result = boxes.run(python(_NUMBERS), user=user, debug=True)
    assert result.stdout.split() == [b"5", b"token", b"True", b"True", b"0", _EPERM, _EPERM]


def test_without_the_filter_children_are_read_and_without_its_own_guard_init_too() -> None:
    open_children = boxes.run(python(_NUMBERS), user="ordinary", without=(no_filter, no_probe))
    assert open_children.stdout.split() == [b"5", b"token", b"True", b"True", b"0", _EPERM, _EPERM]
    open_init = boxes.run(python(_NUMBERS), user="ordinary", without=(no_filter, init_can_be_read, no_probe))
    assert open_init.stdout.split()[5] == b"0"
