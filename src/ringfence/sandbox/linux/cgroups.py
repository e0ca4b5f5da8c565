"""A control group for one box: made before it starts, joined by its init, read and removed at the end.

In version 2 it is a child of the nearest group, from the own one upwards, that this user may use and that
hands down control of memory and processes: what a desktop's session or root has. In version 1, which only
root can use, it is a child of the own group of each kind. Its name tells the launcher that made it, so that
groups whose launcher was killed are found and removed by the next.

Source: cgroups(7), the kernel's admin-guide/cgroup-v2 and cgroup-v1 documents, proc_pid_mountinfo(5).
"""

import contextlib
import errno
import os
import signal
from collections.abc import Iterator
from pathlib import Path

from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.sandbox.linux.limits import Lack
from ringfence.sandbox.plan import Limits

__all__ = ["NO_MEMORY_GROUP", "Group", "Used", "make"]

_NO_GROUP = "a control group for "
NO_MEMORY_GROUP = f"{_NO_GROUP}memory"
"""What a box lacks whose memory nothing bounds as a whole."""

_NAME = "ringfence-"
_TEXT_BYTES = 4096  # the kernel gives no more of these at one time
_WANTED = frozenset({"memory", "pids"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What a box used and ran into; None: not counted."""

    memory_peak_bytes: int | None = None
    killed_for_memory: int | None = None
    refused_processes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The folders of one box's group; version 1 has one for memory and one for processes."""

    folders: tuple[str, ...] = ()
    memory: bool = False  # it bounds memory
    lacking: tuple[Lack, ...] = ()

    def join(self, pid: int) -> None:
        """Puts a process in, and with it what it starts from then on.

        0: the process that calls, of one thread. Version 1 lets it go by itself; for any other the kernel
        first waits for every process of the machine that starts or ends, ten milliseconds of a box's start.

        Raises:
            OSError: it ended meanwhile (ESRCH), or the group is gone.
        """
        for folder in self.folders:
            if not (pid == 0 and _write(f"{folder}/tasks", 0)) and not _write(f"{folder}/cgroup.procs", pid):
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), folder)

    def used(self) -> Used:
        """What was used up to now."""
        peak = self._number("memory.peak")
        killed = self._counted("memory.events", "oom_kill")
        return Used(
            memory_peak_bytes=self._number("memory.max_usage_in_bytes") if peak is None else peak,
            killed_for_memory=self._counted("memory.oom_control", "oom_kill") if killed is None else killed,
            refused_processes=self._counted("pids.events", "max"),
        )

    def remove(self) -> bool:
        """Kills what is left in it and removes it. False: something in it has not ended yet."""
        left = [folder for folder in self.folders if not _removed(Path(folder))]
        return not left

    def _number(self, name: str) -> int | None:
        return next((int(text) for text in self._texts(name) if text.isdecimal()), None)

    def _counted(self, name: str, key: str) -> int | None:
        lines = (line.split() for text in self._texts(name) for line in text.splitlines())
        return next((int(line[1]) for line in lines if len(line) == 2 and line[0] == key), None)

    def _texts(self, name: str) -> Iterator[str]:
        for folder in self.folders:
            with contextlib.suppress(OSError):
                yield _read(f"{folder}/{name}")


def make(limits: Limits, session: str, *, launcher: int, proc: Path = Path("/proc")) -> Group:
    """A group with these limits; one without folders where none can be had, or none is asked for.

    `launcher`: the process that makes it and will remove it.
    """
    lacking: list[Lack] = []
    folders: list[str] = []
    for what, value in (("memory", limits.memory_bytes), ("pids", limits.processes)):
        if value is None:
            continue
        try:
            parent = _parent(what, proc)
            _sweep(parent, proc)
            folder = parent / f"{_NAME}{launcher}-{session}"
            _bounded(folder, what, value)
            if str(folder) not in folders:
                folders.append(str(folder))
        except OSError as error:
            why = error.strerror or "unknown"
            lacking.append((f"{_NO_GROUP}{what}", why.lower()))
    had_memory = limits.memory_bytes is not None and not any(what == NO_MEMORY_GROUP for what, _ in lacking)
    return Group(folders=tuple(folders), memory=had_memory, lacking=tuple(lacking))


def _parent(what: str, proc: Path) -> Path:
    """The group that a new one for this is made in.

    Raises:
        OSError: there is none.
    """
    own = _own_groups(proc)
    mounts = list(_mounts(proc))
    for filesystem, options, root, folder in mounts:
        if filesystem == "cgroup" and what in options and what in own:
            return _within(own[what], root, folder)
    for filesystem, _, root, folder in mounts:
        if filesystem == "cgroup2" and "" in own:
            return _delegated(_within(own[""], root, folder), Path(folder))
    raise OSError(errno.ENOENT, "no control groups are mounted")


def _within(own: str, root: str, folder: str) -> Path:
    """Where the own group stands below a mount of which `root` is what is mounted."""
    inner = own if root == "/" else own.removeprefix(root) if f"{own}/".startswith(f"{root}/") else ""
    return Path(folder + inner.rstrip("/"))


def _delegated(own: Path, top: Path) -> Path:
    for folder in (own, *own.parents):
        if not folder.is_relative_to(top):
            break
        with contextlib.suppress(OSError):
            handed_down = set((folder / "cgroup.subtree_control").read_text().split())
            if handed_down >= _WANTED and all(
                os.access(p, os.W_OK) for p in (folder, folder / "cgroup.procs")
            ):
                return folder
    raise OSError(errno.EACCES, "none that this user may use hands down memory and pids")


def _own_groups(proc: Path) -> dict[str, str]:
    """The own group of each controller; that of version 2 is called ``."""
    groups: dict[str, str] = {}
    for line in (proc / "self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        groups.update((name, path) for name in controllers.split(","))
    return groups


def _mounts(proc: Path) -> Iterator[tuple[str, frozenset[str], str, str]]:
    """Of control groups: the file system, its options, what of it is mounted, and where."""
    for line in (proc / "self/mountinfo").read_text().splitlines():
        mount, _, rest = line.partition(" - ")
        filesystem, _, options = rest.split(" ", 2)
        if filesystem in ("cgroup", "cgroup2"):
            root, folder = mount.split(" ")[3:5]
            yield filesystem, frozenset(options.split(",")), root, folder


def _bounded(folder: Path, what: str, value: int) -> None:
    made = not folder.exists()
    if made:
        folder.mkdir()
    # Version 2 has memory.max; version 1 memory.limit_in_bytes, and with swap the one of both together.
    names = ("memory.max", "memory.limit_in_bytes", "memory.memsw.limit_in_bytes")
    try:
        written = [_write(folder / name, value) for name in (names if what == "memory" else ("pids.max",))]
        if not any(written):
            raise OSError(errno.EOPNOTSUPP, "this kernel's control groups have no such limit")
        if what == "memory":
            _write(folder / "memory.swap.max", 0)
    except OSError:
        if made:
            folder.rmdir()
        raise


def _write(path: Path | str, value: int) -> bool:
    """Whether there is such a file."""
    try:
        setting = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        os.write(setting, str(value).encode())
    finally:
        os.close(setting)
    return True


def _read(path: str) -> str:
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(file, _TEXT_BYTES).decode().strip()
    finally:
        os.close(file)


def _removed(folder: Path) -> bool:
    try:
        if not _write(folder / "cgroup.kill", 1):
            _kill_each(folder)
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        return False
    return True


def _kill_each(folder: Path) -> None:
    for pid in (folder / "cgroup.procs").read_text().split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)


def _sweep(parent: Path, proc: Path) -> None:
    """Removes what launchers left behind that are no more; what still has processes stays."""
    with os.scandir(parent) as entries:
        for _, entry in zip(range(LIMITS.folder_entries), entries, strict=False):
            launcher = entry.name.removeprefix(_NAME).partition("-")[0]
            left = entry.name.startswith(_NAME) and launcher.isdecimal() and not (proc / launcher).exists()
            if left:
                with contextlib.suppress(OSError):
                    Path(entry.path).rmdir()
