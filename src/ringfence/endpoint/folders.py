"""Looks at folders, many at a time: which files in them may matter, and what else a scan wants to know.

Runs inside the scan and, so that several cores share the work, as a program of its own: `walk` starts
`python -I -S folders.py`. It therefore imports nothing but what the interpreter has at hand, and speaks
in tuples. The two ends are one program and one version, so they talk in `marshal`.

A folder is opened without following a symbolic link, and its entries are asked for relative to it: a folder
that is swapped for a link between the two is an error, never a way out of the tree.
"""

import gc
import marshal
import os
import stat
import time
from collections.abc import Callable, Iterable

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` itself would cost each process as long as the rest of its start
    from typing import Any

__all__ = ["Folder", "Part", "Rules", "Seen", "Troubles", "look", "main", "real_path", "receive", "send"]

Folder = tuple[str, int, bool]
"""Path, how many folders below the start it lies, and whether it belongs to a store."""

Seen = tuple[str, int, int, int, int, int, int]
"""Path of a regular file, device, inode, size in bytes, mtime and ctime in ns, number of names."""

Troubles = dict[tuple[str, int | str], tuple[int, list[str]]]
"""(Kind of thing left out, an errno or our own words why) → how many, and the first paths of them."""

Part = tuple[int, int, list[Seen], list[Seen], list[str], list[str], Troubles]
"""Folders and files looked at; files found; what links lead to; working trees; environments; troubles."""

Rules = tuple[int, int, frozenset[str], frozenset[str], frozenset[str], tuple[str, ...]]
"""Depth limit; smallest size in bytes; suffixes without the dot; store folders; folders never entered;
what is walked, each path with a slash behind it."""

ENTRIES_PER_TASK = 4000
FILES_PER_PART = 1000
LINKS_PER_TASK_S = 10.0  # a chain of links through very long paths takes the kernel itself milliseconds
PATHS_PER_TROUBLE = 3

_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_TAIL = 3  # characters of a name that tell most files apart from those worth a closer look
_MARKS = frozenset({"lock", "cfg", "git"})  # what models.lock, pyvenv.cfg and .git end in


def look(folders: Iterable[Folder], rules: Rules, report: Callable[[Part], None]) -> list[Folder]:
    """Looks at the folders and at some below them, reports what it finds, and returns those that are left.

    Raises nothing for what lies on disk: a folder that cannot be read is among the troubles.
    """
    return _Task(folders, rules, report).run()


class _Task:
    """What has been found since the last report, and what is still to be done."""

    def __init__(self, folders: Iterable[Folder], rules: Rules, report: Callable[[Part], None]) -> None:
        self._todo = list(folders)
        (
            self._depth_limit,
            self._min_size_bytes,
            self._suffixes,
            self._stores,
            self._closed,
            self._walked,
        ) = rules
        self._tails = frozenset(f".{suffix}"[-_TAIL:] for suffix in self._suffixes | _MARKS)
        self._below_closed = tuple(f"{path}/" for path in self._closed)
        self._report = report
        self._links_s = 0.0
        self._start_part()

    def run(self) -> list[Folder]:
        """Looks at folders until that was enough for one task; the folders that are left."""
        entries = 0
        while self._todo and entries < ENTRIES_PER_TASK:
            entries += 1 + self._look_at(*self._todo.pop())
        self._finish_part()
        return self._todo

    def _look_at(self, folder: str, depth: int, stored: bool) -> int:
        """Everything in one folder; the number of its entries."""
        entries = 0
        try:
            fd = os.open(folder, _FLAGS)
        except OSError as error:
            self._trouble("folder", error.errno or 0, folder)
            return 0
        try:
            entries = self._list(fd, folder, depth, stored)
        except OSError as error:
            self._trouble("folder", error.errno or 0, folder)
        finally:
            os.close(fd)
        self._folders += 1
        return entries

    def _list(self, fd: int, folder: str, depth: int, stored: bool) -> int:
        # The loop that a scan's speed hangs on: one `stat` and one look at the end of the name for each file.
        entries = others = 0
        before = folder if folder.endswith("/") else f"{folder}/"
        min_size_bytes = 0 if stored else self._min_size_bytes
        tails = self._tails
        with os.scandir(fd) as listing:
            for entry in listing:
                entries += 1
                name = entry.name
                if entry.is_file(follow_symlinks=False):
                    try:
                        status = entry.stat(follow_symlinks=False)
                    except OSError as error:
                        self._trouble("file", error.errno or 0, before + name)
                        continue
                    if status.st_size >= min_size_bytes or name[-_TAIL:].lower() in tails:
                        self._file(folder, before + name, name, status, stored)
                    continue
                others += 1
                if entry.is_dir(follow_symlinks=False):
                    self._folder(folder, before + name, name, depth, stored)
                elif entry.is_symlink():
                    self._link(fd, folder, before + name, name)
                elif self._suffix_is_known(name):
                    self._trouble("file", "not a regular file", before + name)
        self._files += entries - others
        return entries

    def _file(self, folder: str, path: str, name: str, status: os.stat_result, stored: bool) -> None:
        if name == ".git":
            self._repositories.append(folder)
        elif name == "pyvenv.cfg":
            self._environments.append(folder)
        wanted = stored or status.st_size >= self._min_size_bytes or self._suffix_is_known(name)
        if wanted or name == "models.lock":
            self._found.append(_seen(path, status))
            if len(self._found) >= FILES_PER_PART:
                self._finish_part()

    def _folder(self, parent: str, path: str, name: str, depth: int, stored: bool) -> None:
        if name == ".git":
            self._repositories.append(parent)
        elif name == "node_modules":
            self._environments.append(path)
        if path in self._closed:
            return
        if depth >= self._depth_limit:
            self._trouble("folder", f"more than {self._depth_limit} folders deep", path)
        else:
            self._todo.append((path, depth + 1, stored or path in self._stores))

    def _link(self, fd: int, folder: str, path: str, name: str) -> None:
        if self._links_s > LINKS_PER_TASK_S:
            self._trouble("link", "one of many links that take too long to follow", path)
            return
        began = time.monotonic()
        self._follow(fd, folder, path, name)
        self._links_s += time.monotonic() - began

    def _follow(self, fd: int, folder: str, path: str, name: str) -> None:
        """A link to a file counts when its own suffix does; a link to a folder is never followed."""
        known = self._suffix_is_known(name)
        end = ""
        try:
            # The first hop is judged by its text: to ask for what lies on a dead server can take for ever.
            target = os.readlink(name, dir_fd=fd)
            hop = os.path.normpath(target if target.startswith("/") else f"{folder}/{target}")
            status = None if self._is_closed(hop) else os.stat(name, dir_fd=fd)
            if status and (known or stat.S_ISDIR(status.st_mode)):
                end = real_path(path)
        except FileNotFoundError:
            if known:
                self._trouble("link", "leads nowhere", path)
            return
        except OSError as error:
            if known:
                self._trouble("link", error.errno or 0, path)
            return
        if status and not end:
            return
        if status is None or self._is_closed(end):
            self._trouble("link", "leads into a mount that is left out", path)
        elif stat.S_ISDIR(status.st_mode):
            if not f"{end}/".startswith(self._walked):
                self._trouble("link", "leads to a folder outside of what is scanned", path)
        elif stat.S_ISREG(status.st_mode):
            self._linked.append(_seen(end, status))
        else:
            self._trouble("file", "not a regular file", path)

    def _is_closed(self, path: str) -> bool:
        return path in self._closed or path.startswith(self._below_closed)

    def _suffix_is_known(self, name: str) -> bool:
        _, dot, suffix = name.rpartition(".")
        return bool(dot) and suffix.lower() in self._suffixes

    def _trouble(self, kind: str, why: int | str, path: str) -> None:
        count, paths = self._troubles.get((kind, why), (0, []))
        self._troubles[kind, why] = (count + 1, sorted([*paths, path])[:PATHS_PER_TROUBLE])

    def _start_part(self) -> None:
        self._folders = self._files = 0
        self._found: list[Seen] = []
        self._linked: list[Seen] = []
        self._repositories: list[str] = []
        self._environments: list[str] = []
        self._troubles: Troubles = {}

    def _finish_part(self) -> None:
        self._report(
            (
                self._folders,
                self._files,
                self._found,
                self._linked,
                self._repositories,
                self._environments,
                self._troubles,
            )
        )
        self._start_part()


def _seen(path: str, status: os.stat_result) -> Seen:
    return (
        path,
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
        status.st_nlink,
    )


def real_path(path: str) -> str:
    """Where `path` leads in the end. Asks the kernel, because `os.path.realpath` looks at every part of every
    link in turn, and a chain of links through long paths makes that last for seconds.

    Raises:
        OSError: it leads nowhere.
        ValueError: it can be no path.
    """
    if not hasattr(os, "O_PATH"):
        return os.path.realpath(path, strict=True)
    fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        return os.readlink(f"/proc/self/fd/{fd}")  # noqa: PTH115
    finally:
        os.close(fd)


def send(fd: int, message: "Any") -> None:  # noqa: ANN401  what `marshal` takes
    """Writes one message, behind its length."""
    data = marshal.dumps(message)
    rest = memoryview(len(data).to_bytes(8, "little") + data)
    while rest:
        rest = rest[os.write(fd, rest) :]


def receive(fd: int) -> "Any":  # noqa: ANN401
    """The next message.

    Raises:
        EOFError: the other end is gone.
        ValueError, TypeError: it went in the middle of a message.
    """
    data = _exactly(fd, int.from_bytes(_exactly(fd, 8), "little"))
    return marshal.loads(data)  # noqa: S302  the other end is this same program


def _exactly(fd: int, size_bytes: int) -> bytes:
    parts: list[bytes] = []
    while size_bytes:
        part = os.read(fd, size_bytes)
        if not part:
            raise EOFError
        parts.append(part)
        size_bytes -= len(part)
    return b"".join(parts)


def main() -> None:
    """Takes the rules, then task after task from standard input; answers with parts, then what is left."""
    gc.disable()  # nothing here makes cycles
    try:
        rules: Rules = receive(0)
        while True:
            folders: list[Folder] = receive(0)
            send(1, look(folders, rules, lambda part: send(1, part)))
    except (EOFError, BrokenPipeError):
        return


if __name__ == "__main__":
    main()
