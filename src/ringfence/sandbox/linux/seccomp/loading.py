"""Loads the filter into the process that calls: it and all it starts have it from then on, for good.

Source: seccomp(2), seccomp_unotify(2).
"""

import ctypes
import errno
import struct
from collections.abc import Mapping

from ringfence.sandbox.linux.kernel import NEW_LISTENER, SET_MODE_FILTER, WAIT_KILLABLE, call, can_tell_starts
from ringfence.sandbox.linux.seccomp.program import program, program_allowing
from ringfence.sandbox.linux.seccomp.rules import Rule

__all__ = ["load", "load_allowing"]

_INSTRUCTION_BYTES = 8


def load(*, debug: bool, machine: str, quiet: int, starts: bool = False) -> int | None:
    """The descriptor at which refused calls are told; close-on-exec. With `starts`, what is executed as well.

    None where a filter above this one has such a descriptor already: then nothing is told, and all is
    refused alike. `machine` is what `os.uname()` says; `quiet` is a number of 32 bits, drawn for this box,
    which the probe takes along. No new privileges must be set. Programs are kept: a launcher that calls
    `program` once before it forks makes each box cheaper.

    Raises:
        OSError: the kernel has no such filters, ENOSYS, EINVAL or EPERM.
        UnknownMachine: there is no table for it.
    """
    telling = program(machine=machine, debug=debug, quiet=quiet, starts=starts and can_tell_starts())
    try:
        return _set(telling, NEW_LISTENER | WAIT_KILLABLE)
    except OSError as error:
        if error.errno == errno.EBUSY:
            _set(program(machine=machine, debug=debug, quiet=quiet, tells=False), 0)
            return None
        if error.errno != errno.EINVAL:  # Linux before 5.19 does not know how to wait like that
            raise
    return _set(telling, NEW_LISTENER)


def load_allowing(calls: Mapping[str, Rule | None], *, machine: str) -> None:
    """Refuses all but these calls. No new privileges must be set.

    Raises:
        OSError: the kernel has no such filters, ENOSYS, EINVAL or EPERM.
        UnknownMachine: there is no table for it.
    """
    _set(program_allowing(calls, machine=machine), 0)


def _set(code: bytes, flags: int) -> int:
    address = ctypes.cast(ctypes.c_char_p(code), ctypes.c_void_p).value
    fprog = struct.pack("@HP", len(code) // _INSTRUCTION_BYTES, address)
    return call("seccomp", SET_MODE_FILTER, flags, fprog)
