"""Processes out of /proc: what each has mapped, open and on its command line.

Only reads; opens none of the files that others hold.

Source: proc_pid_maps(5), proc_pid_fd(5), proc_pid_stat(5).
"""

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip
from ringfence.endpoint.linux.reading import read_proc
from ringfence.endpoint.platform import Device, HeldFile, RunningProcess

__all__ = ["own_sockets", "parse_maps", "running_processes"]

# address perms offset major:minor inode   /path
_MAPPED = re.compile(rb"(?m)^\S+ \S+ \S+ ([0-9a-f]+):([0-9a-f]+) (\d+) +(/[^\n]*)\n")
_SOCKET = re.compile(r"socket:\[(\d+)\]")
_DEVICES = ("/dev/dri/", "/dev/accel/", "/dev/kfd", "/dev/nvidia")
_NEVER_WEIGHTS = re.compile(r"/dev/(?!shm/)|/proc/|/sys/")
_DELETED = " (deleted)"
_KERNEL_THREAD = 0x00200000  # PF_KTHREAD, include/linux/sched.h
_HIDDEN = "owned by other users"
_PROTECTED = "protected from being looked at by its own user"

_path = lru_cache(maxsize=8192)(Path)  # most processes map the same libraries


def running_processes(proc: Path, etc: Path) -> Iterator[RunningProcess | Skipped]:
    """Every process but ringfence itself; at the end, how many could not be seen whole and why.

    Kernel threads and the dead are left out: they hold nothing.
    """
    users = _users(etc)
    hidden: Counter[str] = Counter()
    try:
        pids = sorted(int(name) for name in os.listdir(proc) if name.isdecimal())
    except OSError:
        yield Skipped(kind="process", subject="all processes", reason="/proc cannot be read")
        return
    for pid in pids[: LIMITS.processes]:
        if pid == os.getpid():
            continue
        found = _process(proc / str(pid), pid, users)
        if found is None:
            continue
        process, owner = found
        if not process.visible:
            hidden[_PROTECTED if owner == os.geteuid() else _HIDDEN] += 1
        yield process
    if len(pids) > LIMITS.processes:
        hidden[f"more than {LIMITS.processes} processes"] = len(pids) - LIMITS.processes
    for reason, count in hidden.items():
        yield Skipped(kind="process", subject="mapped and open files", reason=reason, count=count)
    if b"hidepid=" in read_proc(proc / "self/mountinfo") and os.geteuid():
        yield Skipped(kind="process", subject="other users", reason="/proc is mounted with hidepid")


def own_sockets(proc: Path) -> frozenset[int]:
    """Inodes of the sockets that ringfence itself has open."""
    return _sockets(_descriptors(proc / "self/fd"))


def parse_maps(data: bytes) -> Iterator[HeldFile]:
    """The files in a maps document, each once. Anonymous memory and a line that was cut off are left out."""
    seen = set(_MAPPED.findall(data))
    for major, minor, inode, raw in sorted(seen)[: LIMITS.process_files]:
        if len(major) > 8 or len(minor) > 8 or len(inode) > 20:
            continue
        name = os.fsdecode(raw.replace(rb"\012", b"\n"))
        if _NEVER_WEIGHTS.match(name):
            continue
        yield HeldFile(
            path=_path(name.removesuffix(_DELETED)),
            id=(os.makedev(int(major, 16), int(minor, 16)), int(inode)),
            mapped=True,
            deleted=name.endswith(_DELETED),
        )


def _process(folder: Path, pid: int, users: dict[int, str]) -> tuple[RunningProcess, int] | None:
    """The process and its owner's number; None when it is gone, dead or the kernel's own."""
    try:
        owner = folder.stat().st_uid
        command = read_proc(folder / "cmdline")
        if not command and _holds_nothing(folder):
            return None
        name = os.fsdecode(read_proc(folder / "comm").rstrip(b"\n"))
    except OSError:
        return None
    visible = True
    files: tuple[HeldFile, ...] = ()
    try:
        files = tuple(parse_maps(read_proc(folder / "maps", strict=True)))
        links = tuple(_descriptors(folder / "fd"))
    except (FileNotFoundError, ProcessLookupError):
        return None
    except OSError:
        visible, links = False, ()
    process = RunningProcess(
        pid=pid,
        name=clip(name, chars=LIMITS.name_chars),
        user=users.get(owner, str(owner)),
        executable=_link(folder / "exe"),
        folder=_link(folder / "cwd"),
        arguments=_arguments(command),
        visible=visible,
        files=files + tuple(_open_files(links)),
        devices=tuple(
            Device(path=Path(target), descriptor=fd) for fd, target in links if target.startswith(_DEVICES)
        ),
        sockets=_sockets(links),
    )
    return process, owner


def _holds_nothing(folder: Path) -> bool:
    """Whether a process without a command line is a kernel thread or dead."""
    fields = read_proc(folder / "stat").rpartition(b")")[2].split()
    if len(fields) < 7:
        return True
    return fields[0] in (b"Z", b"X") or bool(int(fields[6]) & _KERNEL_THREAD)


def _arguments(command: bytes) -> tuple[str, ...]:
    # A program may overwrite its title: then there are no zero bytes, or many at the end.
    parts = command.rstrip(b"\0").split(b"\0", LIMITS.process_arguments)
    return tuple(os.fsdecode(part) for part in parts[: LIMITS.process_arguments] if command)


def _descriptors(folder: Path) -> Iterator[tuple[int, str]]:
    with os.scandir(folder) as entries:
        for _, entry in zip(range(LIMITS.process_descriptors), entries, strict=False):
            try:
                yield int(entry.name), os.readlink(entry.path)  # noqa: PTH115 - tens of thousands of them
            except FileNotFoundError:
                continue  # closed meanwhile


def _sockets(links: Iterable[tuple[int, str]]) -> frozenset[int]:
    return frozenset(int(match[1]) for _, target in links if (match := _SOCKET.fullmatch(target)))


def _open_files(links: tuple[tuple[int, str], ...]) -> Iterator[HeldFile]:
    for target in sorted({target for _, target in links if target.startswith("/")}):
        if not _NEVER_WEIGHTS.match(target):
            yield HeldFile(
                path=_path(target.removesuffix(_DELETED)),
                id=None,
                mapped=False,
                deleted=target.endswith(_DELETED),
            )


def _link(path: Path) -> Path | None:
    try:
        return _path(str(path.readlink()).removesuffix(_DELETED))
    except OSError:
        return None


def _users(etc: Path) -> dict[int, str]:
    """Names from the file alone: the system's own lookup may ask a directory server over the network."""
    users: dict[int, str] = {}
    for line in read_proc(etc / "passwd").splitlines():
        fields = line.split(b":")
        if len(fields) >= 4 and fields[2].isdigit() and len(fields[2]) <= 10:
            users.setdefault(int(fields[2]), os.fsdecode(fields[0]))
    return users
