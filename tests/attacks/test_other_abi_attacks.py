"""The other ways into an x86_64 kernel, where calls have other numbers: 32-bit programs, int 0x80, x32."""

import errno
import os
import signal
import struct

import pytest

import boxes
from leaving_out import no_filter, no_probe, python

pytestmark = pytest.mark.skipif(os.uname().machine != "x86_64", reason="only x86_64 has them")

_KILLED = 128 + signal.SIGSYS
_INT_80 = """
import mmap
code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
code.write(bytes.fromhex("b814000000cd80c3"))  # getpid
print(ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))() == os.getpid())
"""


def _program_of_32_bits() -> bytes:
    """It ends with 42."""
    code = bytes.fromhex("b801000000" + "bb2a000000" + "cd80")  # exit(42)
    base, start = 0x08048000, 0x54
    header = b"\x7fELF\x01\x01\x01" + bytes(9)
    header += struct.pack("<HHIIIIIHHHHHH", 2, 3, 1, base + start, 0x34, 0, 0, 0x34, 0x20, 1, 0, 0, 0)
    size = start + len(code)
    return header + struct.pack("<IIIIIIII", 1, 0, base, base, size, size, 5, 0x1000) + code


def _run_32_bits(*without: object) -> int | None:
    with boxes.tree_of("ordinary") as tree:
        program = tree / "program"
        program.write_bytes(_program_of_32_bits())
        program.chmod(0o755)
        return boxes.run([str(program)], user="ordinary", tree=tree, without=without).exit


def test_a_32_bit_program_is_killed_and_without_the_filter_runs() -> None:
    assert (_run_32_bits(), _run_32_bits(no_filter, no_probe)) == (_KILLED, 42)


def test_a_32_bit_call_of_a_64_bit_program_kills_it_and_without_the_filter_is_answered() -> None:
    held = boxes.run(python(_INT_80), user="ordinary")
    answered = boxes.run(python(_INT_80), user="ordinary", without=(no_filter, no_probe))
    assert (held.exit, held.stdout, answered.exit, answered.stdout) == (_KILLED, b"", 0, b"True\n")


@pytest.mark.parametrize("number", [0x40000000 | 39, 0x40000000 | 520, 0x40000000 | 425, 0xFFFFFFFE])
def test_a_call_of_x32_kills_and_without_the_filter_does_not(number: int) -> None:
    script = python(f"print(call({number}) != 0)")
    held = boxes.run(script, user="ordinary")
    answered = boxes.run(script, user="ordinary", without=(no_filter, no_probe))
    assert (held.exit, held.stdout, answered.exit, answered.stdout) == (_KILLED, b"", 0, b"True\n")


def test_a_number_that_no_kernel_has_is_no_way_in_either() -> None:
    numbers = (470, 512, 547, 548, 100_000, -1)
    result = boxes.run(python(f"print(*[call(number) for number in {numbers}])"), user="ordinary")
    assert result.stdout.split() == [b"-%d" % errno.ENOSYS] * len(numbers)
