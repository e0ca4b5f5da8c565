"""System calls that Python has no functions for, as they are: numbers, flags and OSError.

The interpreter's lock is held over each (PyDLL), so that a raw `clone` finds every lock of the child free;
whoever calls `clone` has one thread only. x86_64 and aarch64; importing this on another machine is harmless,
calling it raises ENOSYS.

Source: the manual pages of each call, the kernel's include/uapi/linux.
"""

import ctypes
import errno
import os
import signal
import struct
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

__all__ = [
    "AT_EMPTY_PATH",
    "AT_FDCWD",
    "AT_RECURSIVE",
    "AT_SYMLINK_NOFOLLOW",
    "MACHINE",
    "NEW_LISTENER",
    "SET_MODE_FILTER",
    "WAIT_KILLABLE",
    "call",
    "can_tell_starts",
    "capset",
    "clone",
    "inotify",
    "is_mounted",
    "mount",
    "mount_setattr",
    "move_mount",
    "number",
    "open_path",
    "open_tree",
    "open_within",
    "pidfd_open",
    "pivot_root",
    "prctl",
    "setns",
    "umount",
    "unshare",
    "watch",
]

MACHINE: Final = os.uname().machine

SET_MODE_FILTER: Final = 1  # of seccomp(2), and two of its flags
NEW_LISTENER: Final = 0x8
WAIT_KILLABLE: Final = 0x20

_NUMBERS: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {
        "x86_64": {
            "capset": 126, "clone": 56, "inotify_add_watch": 254, "inotify_init1": 294, "mount": 165,
            "pivot_root": 155, "prctl": 157, "seccomp": 317, "setns": 308, "statx": 332, "umount2": 166,
            "unshare": 272,
        },
        "aarch64": {
            "capset": 91, "clone": 220, "inotify_add_watch": 27, "inotify_init1": 26, "mount": 40,
            "pivot_root": 41, "prctl": 167, "seccomp": 277, "setns": 268, "statx": 291, "umount2": 39,
            "unshare": 97,
        },
    }
)  # fmt: skip
# From 424 on every machine has the same.
_COMMON: Mapping[str, int] = MappingProxyType(
    {
        "close_range": 436, "landlock_add_rule": 445, "landlock_create_ruleset": 444,
        "landlock_restrict_self": 446, "mount_setattr": 442, "move_mount": 429, "open_tree": 428,
        "openat2": 437, "pidfd_open": 434,
    }
)  # fmt: skip
_NUMBER: Final = {**_COMMON, **_NUMBERS[MACHINE]} if MACHINE in _NUMBERS else {}
_NO_SUCH_CALL: Final = -1  # which the kernel answers with ENOSYS
_ZEROS: Final = (0,) * 6

AT_FDCWD: Final = -100
AT_SYMLINK_NOFOLLOW: Final = 0x100
AT_RECURSIVE: Final = 0x8000
AT_EMPTY_PATH: Final = 0x1000
_CLONE_PIDFD: Final = 0x1000
_OPEN_TREE_CLONE: Final = 1
_MOVE_MOUNT_F_EMPTY_PATH: Final = 0x4
_MOVE_MOUNT_T_EMPTY_PATH: Final = 0x40
_RESOLVE_NO_MAGICLINKS: Final = 0x02
_RESOLVE_NO_SYMLINKS: Final = 0x04
_RESOLVE_BENEATH: Final = 0x08
_RESOLVE_IN_ROOT: Final = 0x10
_STATX_BYTES: Final = 256
_STATX_ATTR_MOUNT_ROOT: Final = 0x2000
_STATX_INO: Final = 0x100
_STATX_BTIME: Final = 0x800
_CAPABILITY_VERSION_3: Final = 0x20080522

_libc = ctypes.PyDLL(None, use_errno=True)
_syscall = _libc.syscall
_syscall.restype = ctypes.c_long
# Pointers all six: as such numbers and bytes are handed over alike, as they are.
_syscall.argtypes = (ctypes.c_long, *(ctypes.c_void_p,) * 6)


def call(name: str, *arguments: int | bytes | ctypes.Array[ctypes.c_char] | None) -> int:
    """What the system call returns. Bytes are handed over as a pointer to them, with a zero at the end.

    Raises:
        OSError: it failed; ENOSYS also where this machine has no such call.
    """
    result: int = _syscall(number(name), *arguments, *_ZEROS[len(arguments) :])
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), name)
    return result


def number(name: str) -> int:
    """The call's number on this machine; -1 where it has none."""
    return _NUMBER.get(name, _NO_SUCH_CALL)


def clone(flags: int = 0) -> tuple[int, int]:
    """As `os.fork` into new namespaces: (0, -1) in the child, else its number and a pidfd (close-on-exec).

    No handlers that Python runs around a fork are run: the caller has one thread.
    """
    pidfd = ctypes.create_string_buffer(4)
    pid = call("clone", flags | _CLONE_PIDFD | signal.SIGCHLD, 0, pidfd, 0, 0)
    return (pid, struct.unpack("=i", pidfd.raw)[0]) if pid else (0, -1)


def unshare(flags: int) -> None:
    """New namespaces for this process, from here on."""
    call("unshare", flags)


def setns(namespace: int, kind: int) -> None:
    """Moves this process into the namespace that the descriptor is of; `kind` is its CLONE_NEW* flag."""
    call("setns", namespace, kind)


def mount(
    source: str | None,
    target: str,
    filesystem: str | None = None,
    flags: int = 0,
    options: str | None = None,
) -> None:
    """mount(2)."""
    call("mount", *(_text(s) for s in (source, target, filesystem)), flags, _text(options))


def umount(target: str, flags: int = 0) -> None:
    """umount2(2)."""
    call("umount2", _text(target), flags)


def pivot_root(new: str, old: str) -> None:
    """pivot_root(2)."""
    call("pivot_root", _text(new), _text(old))


def open_path(path: str, *, beneath: int | None = None) -> int:
    """A descriptor (O_PATH) of exactly what is called so: no symbolic link on the way is followed.

    A link at the end is opened itself. `beneath`: the folder that `path` is relative to, and never leaves.

    Raises:
        OSError: ELOOP where a link stands in the way, EXDEV where `path` leads out.
    """
    resolve = _RESOLVE_NO_SYMLINKS | _RESOLVE_NO_MAGICLINKS | (0 if beneath is None else _RESOLVE_BENEATH)
    how = struct.pack("=QQQ", os.O_PATH | os.O_CLOEXEC | os.O_NOFOLLOW, 0, resolve)
    return call("openat2", AT_FDCWD if beneath is None else beneath, _text(path), how, len(how))


def open_within(root: int, path: str) -> int:
    """A descriptor (O_PATH) of what a process with that root has at `path`, its links followed.

    Raises:
        OSError: ENOENT, ENOTDIR, EACCES …; ELOOP where a magic link of /proc stands in the way.
    """
    resolve = _RESOLVE_IN_ROOT | _RESOLVE_NO_MAGICLINKS
    how = struct.pack("=QQQ", os.O_PATH | os.O_CLOEXEC, 0, resolve)
    return call("openat2", root, _text(path), how, len(how))


def open_tree(folder: int, path: str = "", *, recursive: bool = False) -> int:
    """A detached copy of the mount of `path` in `folder`, or of `folder` itself; a link stays a link."""
    flags = _OPEN_TREE_CLONE | os.O_CLOEXEC | AT_SYMLINK_NOFOLLOW
    flags |= (0 if path else AT_EMPTY_PATH) | (AT_RECURSIVE if recursive else 0)
    return call("open_tree", folder, _text(path), flags)


def mount_setattr(tree: int, attributes: int, *, recursive: bool = False, user_namespace: int = 0) -> None:
    """Sets MOUNT_ATTR_* on a detached copy or a folder's mount; `user_namespace`: for MOUNT_ATTR_IDMAP."""
    values = struct.pack("=QQQQ", attributes, 0, 0, user_namespace)
    flags = AT_EMPTY_PATH | (AT_RECURSIVE if recursive else 0)
    call("mount_setattr", tree, b"", flags, values, len(values))


def move_mount(tree: int, target: int | str) -> None:
    """Puts a detached copy over what `target` (O_PATH, or a path) is; a link at the end is not followed."""
    if isinstance(target, str):
        call("move_mount", tree, b"", AT_FDCWD, _text(target), _MOVE_MOUNT_F_EMPTY_PATH)
    else:
        call("move_mount", tree, b"", target, b"", _MOVE_MOUNT_F_EMPTY_PATH | _MOVE_MOUNT_T_EMPTY_PATH)


def is_mounted(place: int) -> bool:
    """Whether what the descriptor (O_PATH) is of is the top of a mount."""
    status = ctypes.create_string_buffer(_STATX_BYTES)
    call("statx", place, b"", AT_EMPTY_PATH, 0, status)
    (attributes,) = struct.unpack_from("=Q", status, 8)
    return bool(attributes & _STATX_ATTR_MOUNT_ROOT)


def born(path: str) -> tuple[int, int] | None:
    """A file's number and when it was made, in ns since 1970; None where its file system knows no such time.

    Raises:
        OSError: it is not there, or cannot be seen.
    """
    status, asked = ctypes.create_string_buffer(_STATX_BYTES), _STATX_INO | _STATX_BTIME
    call("statx", AT_FDCWD, _text(path), 0, asked, status)
    (known,), (inode,) = struct.unpack_from("=I", status), struct.unpack_from("=Q", status, 32)
    seconds, ns = struct.unpack_from("=qI", status, 80)
    return (inode, seconds * 10**9 + ns) if known & asked == asked else None


def prctl(option: int, *arguments: int) -> int:
    """prctl(2)."""
    return call("prctl", option, *arguments, *(0,) * (4 - len(arguments)))


def capset(effective: int, permitted: int, inheritable: int = 0) -> None:
    """Sets this process's capabilities, each a mask of bits."""
    sets = (effective, permitted, inheritable)
    low, high = [s & 0xFFFFFFFF for s in sets], [s >> 32 for s in sets]
    call("capset", struct.pack("=Ii", _CAPABILITY_VERSION_3, 0), struct.pack("=6I", *low, *high))


def pidfd_open(pid: int) -> int:
    """A descriptor of the process, close-on-exec."""
    return call("pidfd_open", pid, 0)


def inotify() -> int:
    """A descriptor that is readable when something happens in a folder that it watches; it never waits."""
    return call("inotify_init1", os.O_CLOEXEC | os.O_NONBLOCK)


def watch(inotify_fd: int, folder: str, events: int) -> int:
    """The number of the watch on `folder`; IN_* flags say which events. Raises OSError."""
    return call("inotify_add_watch", inotify_fd, _text(folder), events)


def can_tell_starts() -> bool:
    """Whether this kernel lets what is executed wait until it was told of: Linux 5.19 does.

    Before, any signal ends such a wait, and a program with a fast timer would never be executed.
    """
    try:
        call("seccomp", SET_MODE_FILTER, NEW_LISTENER | WAIT_KILLABLE, None)
    except OSError as error:
        return error.errno == errno.EFAULT  # it knows both, and misses the program
    return False


def _text(text: str | None) -> bytes | None:
    return None if text is None else os.fsencode(text)
