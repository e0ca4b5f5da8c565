"""Holds a process to the places of its plan by Landlock, beside the mounts that show no others.

Rights add up from a place to all below it, so a place that is read-only within one that is writable is held
by its mount alone. Shared memory holds files and folders only, though mounts and owners would allow more.
Processes that took this on together may signal and reach each other, and nobody else.

Source: landlock(7), the kernel's userspace-api/landlock document.
"""

import os
import stat
import struct
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ringfence.sandbox.linux.kernel import call
from ringfence.sandbox.plan import Mount, MountKind

__all__ = ["Landlocked", "abi", "restrict", "restrict_to_nothing"]

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_AND_MAKE = 0b1_0111_1011_0000  # folders, files, sockets, pipes, links: all but devices
_REFER, _TRUNCATE, _IOCTL_DEV, _RESOLVE_UNIX = 1 << 13, 1 << 14, 1 << 15, 1 << 16
_FIRST_RIGHTS = (1 << 13) - 1
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV | _RESOLVE_UNIX
_READ = _READ_FILE | _READ_DIR
_WRITE = _READ | _WRITE_FILE | _REMOVE_AND_MAKE | _REFER | _TRUNCATE
_DEVICES = _READ | _WRITE_FILE | _IOCTL_DEV
_SHARED_MEMORY = _WRITE & ~(
    1 << 9 | 1 << 10 | 1 << 12
)  # no sockets, pipes, links: what the probe tries there
_TCP = 0b11  # bind, connect
_SCOPES = 0b11  # abstract sockets, signals
_LAYOUT = "=QQQ"  # struct landlock_ruleset_attr: rights over files, over the network, scopes
_VERSION = 1  # LANDLOCK_CREATE_RULESET_VERSION
_PATH_BENEATH = 1
_QUIET = 1  # LANDLOCK_RESTRICT_SELF_LOG_SAME_EXEC_OFF: the probe's attempts are no news for the audit log

_RIGHTS_SINCE = ((1, _FIRST_RIGHTS), (2, _REFER), (3, _TRUNCATE), (5, _IOCTL_DEV), (9, _RESOLVE_UNIX))
_TCP_SINCE, _SCOPES_SINCE, _QUIET_SINCE = 4, 6, 7
_LACKING = (
    (2, "nothing can be renamed or linked from one folder to another"),
    (3, "what may only be read is kept whole by its mount alone"),
    (_TCP_SINCE, "TCP is held by the network namespace alone"),
    (5, "devices are held by the system call filter alone"),
    (_SCOPES_SINCE, "abstract sockets and signals are held by namespaces alone"),
    (9, "a socket that a program outside has in a folder of the box can be reached"),
)


class Landlocked(NamedTuple):
    """What was applied."""

    abi: int
    lacking: tuple[str, ...]  # what this kernel's Landlock cannot do, in words; no reason to start nothing


def abi() -> int:
    """The kernel's.

    Raises:
        OSError: it has none (ENOSYS), or it is switched off (EOPNOTSUPP).
    """
    return call("landlock_create_ruleset", None, 0, _VERSION)


def restrict(mounts: Iterable[Mount], *, loopback: bool) -> Landlocked:
    """Holds this process, and all that it starts, to `mounts` as they stand now: call it within the root.

    Without `loopback` no TCP port can be bound or reached. No new privileges must be set.

    Raises:
        OSError: the kernel has none, or a place of the plan is not there.
    """
    return _restrict(_needed(mounts), loopback=loopback)


def restrict_to_nothing() -> Landlocked:
    """Keeps this process from every file, port and process outside; what it has open it keeps.

    No new privileges must be set.

    Raises:
        OSError: the kernel has none.
    """
    return _restrict((), loopback=False)


def _restrict(places: Iterable[tuple[str, int]], *, loopback: bool) -> Landlocked:
    version = abi()
    handled = sum(rights for since, rights in _RIGHTS_SINCE if version >= since)
    tcp = _TCP if version >= _TCP_SINCE and not loopback else 0
    scopes = _SCOPES if version >= _SCOPES_SINCE else 0
    attributes = struct.pack(_LAYOUT, handled, tcp, scopes)[: _size(version)]
    rules = call("landlock_create_ruleset", attributes, len(attributes), 0)
    try:
        for path, rights in places:
            _allow(rules, path, rights & handled)
        call("landlock_restrict_self", rules, _QUIET if version >= _QUIET_SINCE else 0)
    finally:
        os.close(rules)
    return Landlocked(abi=version, lacking=tuple(why for since, why in _LACKING if version < since))


def _size(version: int) -> int:
    """Of what this version takes; more of zeros it would take as well."""
    return 24 if version >= _SCOPES_SINCE else 16 if version >= _TCP_SINCE else 8


def _needed(mounts: Iterable[Mount]) -> Iterator[tuple[str, int]]:
    """Places and their rights, without those that have them from a place above."""
    given: dict[str, int] = {}
    for path, rights in (("/", _READ_DIR), *_places(mounts)):
        had, above = given.get(path, 0), path
        while above != "/":
            above = above.rpartition("/")[0] or "/"
            had |= given.get(above, 0)
        if rights & ~had:
            given[path] = given.get(path, 0) | rights
            yield path, rights


def _places(mounts: Iterable[Mount]) -> Iterator[tuple[str, int]]:
    for mount in mounts:
        runs = _EXECUTE if mount.runs else 0
        match mount.kind:
            case MountKind.READ | MountKind.FILE:
                yield mount.target, _READ | runs
            case MountKind.WRITE | MountKind.MEMORY:
                yield mount.target, _WRITE | runs
            case MountKind.EMPTY_FILE | MountKind.EMPTY_FOLDER:
                yield mount.target, _READ
            case MountKind.PROC:
                # Debuggers write there; what is others' is held by its owner.
                yield mount.target, _READ | _WRITE_FILE | _TRUNCATE
            case MountKind.DEVICES:
                yield mount.target, _DEVICES
                yield f"{mount.target}/shm", _SHARED_MEMORY
            case MountKind.SYMLINK | MountKind.LINK_OVER:
                pass  # where it leads, other mounts say


def _allow(rules: int, path: str, rights: int) -> None:
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            rights &= _OF_FILES
        call("landlock_add_rule", rules, _PATH_BENEATH, struct.pack("=Qi", rights, place), 0)
    finally:
        os.close(place)
