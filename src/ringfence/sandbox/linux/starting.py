"""What a program in a box that is about to be executed says it is: for the record, and never for a decision.

It is read while its process waits for the filter's answer. Another thread of that process can change it
between this reading and the kernel's own, so it is as told. Who starts it is what the kernel says
(/proc/PID/exe).
The kernel has not looked for the file yet: what is not there or is no program, as most of what a search
through PATH tries, is left out.

Source: execve(2), execveat(2), proc_pid_mem(5), seccomp_unotify(2), openat2(2).
"""

import os
import stat
import struct
from collections.abc import Callable
from contextlib import suppress

from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.sandbox.linux import kernel

__all__ = ["Asked", "Start", "StartReader"]

_LOW = 0xFFFFFFFF  # of a register: what the kernel takes as a descriptor
_AT_FDCWD = 0xFFFFFF9C
_PATH_BYTES = 4096  # that the kernel takes
_POINTER = struct.Struct("@Q")
_OWN_FDS = ("/proc/self/fd/", "/proc/thread-self/fd/", "/dev/fd/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One call that waits for its answer."""

    pid: int  # of the thread, as this process sees it
    call: str  # execve, execveat
    arguments: tuple[int, ...]  # six registers


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One program that starts. All texts are anybody's, bytes that are no UTF-8 as `os.fsdecode` has them."""

    program: str  # its path as told, made absolute; empty where it could not be read
    by: str  # the path of the program that starts it; empty where nobody knows
    pid: int  # within the box; 0 where it was not asked for, or nobody knows
    arguments: tuple[str, ...] | None  # as told, from the second on; None where they were not asked for
    has_more: bool  # arguments, or longer ones


class StartReader:
    """Reads programs that start. `wants_all` says of a program, and who starts it, whether that is new."""

    def __init__(self, wants_all: Callable[[str, str], bool]) -> None:
        self._wants_all = wants_all
        self._there: set[str] = set()  # programs that were found once
        self._by_us = True  # the command itself comes first

    def read(self, asked: Asked) -> Start | None:
        """What it says it is; None where no such program is there.

        Call it while the process waits. What comes back is of that process only if it waited until then.
        """
        path_at, arguments_at = asked.arguments[1:3] if asked.call == "execveat" else asked.arguments[:2]
        by = "" if self._by_us else _link(f"/proc/{asked.pid}/exe")
        self._by_us = False
        try:
            memory = os.open(f"/proc/{asked.pid}/mem", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return Start(program="", by=by, pid=0, arguments=None, has_more=False)
        try:
            path = _text(memory, path_at, _PATH_BYTES)[0]
            program = _of_descriptor(asked, path)
            if not program:
                program = _whole(asked, path)
                if program not in self._there and not self._is_there(asked.pid, program):
                    return None
            if not self._wants_all(program, by):
                return Start(program=program, by=by, pid=0, arguments=None, has_more=False)
            arguments, has_more = _arguments(memory, arguments_at)
        finally:
            os.close(memory)
        return Start(
            program=program, by=by, pid=_pid_within(asked.pid), arguments=arguments, has_more=has_more
        )

    def _is_there(self, pid: int, program: str) -> bool:
        """Whether the box has a file there that could be executed; also where nobody can say."""
        if not program.startswith("/"):
            return bool(program)
        try:
            root = os.open(f"/proc/{pid}/root", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            return True
        try:
            found = kernel.open_within(root, program)
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            return False
        except OSError:
            return True
        finally:
            os.close(root)
        mode = os.fstat(found).st_mode
        os.close(found)
        is_program = stat.S_ISREG(mode) and bool(mode & 0o111)
        if is_program and len(self._there) < LIMITS.started_programs:
            self._there.add(program)
        return is_program


def _of_descriptor(asked: Asked, path: str) -> str:
    """What a descriptor is where the program is given as one: perhaps a file without a name. Else empty."""
    if not path and asked.call == "execveat":
        return _link(f"/proc/{asked.pid}/fd/{asked.arguments[0] & _LOW}")
    own = next((path.removeprefix(each) for each in _OWN_FDS if path.startswith(each)), "")
    return _link(f"/proc/{asked.pid}/fd/{own[:10]}") if own.isascii() and own.isdigit() else ""


def _whole(asked: Asked, path: str) -> str:
    """The path, absolute if it can be."""
    if not path or path.startswith("/"):
        return path
    folder = asked.arguments[0] & _LOW if asked.call == "execveat" else _AT_FDCWD
    base = _link(f"/proc/{asked.pid}/{'cwd' if folder == _AT_FDCWD else f'fd/{folder}'}")
    return f"{base.removesuffix('/')}/{path.removeprefix('./')}" if base else path


def _arguments(memory: int, at: int) -> tuple[tuple[str, ...], bool]:
    """Those after the name that the program is called by, and whether there is more of them."""
    wanted = 1 + LIMITS.start_arguments
    pointers = _bytes(memory, at, (wanted + 1) * _POINTER.size)
    texts: list[str] = []
    has_more = False
    for (pointer,) in _POINTER.iter_unpack(pointers[: len(pointers) // _POINTER.size * _POINTER.size]):
        if pointer == 0:
            return tuple(texts[1:]), has_more
        if len(texts) == wanted:
            break
        text, is_cut = _text(memory, pointer, LIMITS.start_argument_bytes)
        has_more |= is_cut
        texts.append(text)
    return tuple(texts[1:]), True


def _text(memory: int, at: int, longest: int) -> tuple[str, bool]:
    """The text there, and whether it goes on."""
    found, end, _ = (read := _bytes(memory, at, longest + 1)).partition(b"\0")
    is_cut = not end and len(read) > longest
    return os.fsdecode(found[:longest]), is_cut


def _bytes(memory: int, at: int, size: int) -> bytes:
    """As many of them as are there."""
    with suppress(OSError, OverflowError):  # no address of a program's
        return os.pread(memory, size, at)
    return b""


def _link(path: str) -> str:
    try:
        return os.readlink(path)  # noqa: PTH115 - text as it is
    except OSError:
        return ""


def _pid_within(pid: int) -> int:
    """Its number in the innermost process namespace."""
    try:
        with open(f"/proc/{pid}/status", "rb") as status:
            lines = status.read(1 << 14).split(b"\n")
    except OSError:
        return 0
    numbers = next((line.split()[1:] for line in lines if line.startswith(b"NStgid:")), [])
    return int(numbers[-1]) if numbers else 0
