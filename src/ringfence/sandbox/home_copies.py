"""A copy of a home that another session's box has meanwhile: bounded; of files, folders and links alone.

What is copied may be changed by a hostile program at any moment. No link is followed; pipes, sockets and what
belongs to somebody else are left out, and so are databases, of which a copy that is taken while they are
written to is none. Sources: open(2), proc_pid_fd(5), <https://www.sqlite.org/fileformat.html>.
"""

import os
import stat
from collections.abc import Collection
from pathlib import Path

from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.sandbox.plan import Identity
from ringfence.sandbox.removing import remove

__all__ = ["TooLarge", "copy_home"]

_PATH = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_CHUNK_BYTES = 1024 * 1024
_DATABASE = b"SQLite format 3\0"
_OF_DATABASES = ("-wal", "-shm", "-journal")
_FETCHED_ANEW = frozenset({".cache", ".npm"})  # at the top: whatever is in them can be had again


class TooLarge(Exception):
    """More than is copied."""


def copy_home(source: Path, target: Path, who: Identity, *, without: Collection[str]) -> None:
    """Copies what is in `source` into the empty folder `target`; not these paths, which are relative.

    Raises:
        TooLarge: there is more than LIMITS.home_copy_… say; `target` is empty again.
        OSError: there is no room, or the source is gone; so it is then.
    """
    try:
        _copy(source, target, who, without)
    except (TooLarge, OSError):
        remove(target)
        target.mkdir(mode=0o700)
        raise


def _copy(source: Path, target: Path, who: Identity, without: Collection[str]) -> None:
    copying = _Copying(
        who=who,
        without=frozenset(without) | _FETCHED_ANEW,
        names=LIMITS.home_copy_names,
        bytes=LIMITS.home_copy_bytes,
    )
    top = os.open(source, _FOLDER | os.O_NOFOLLOW)
    try:
        into = os.open(target, _FOLDER | os.O_NOFOLLOW)
        try:
            copying.folder(top, into, "", LIMITS.home_copy_depth)
        finally:
            os.close(into)
    finally:
        os.close(top)


@dataclass(slots=True, kw_only=True)
class _Copying:
    """One copy, and what it may still take."""

    who: Identity
    without: frozenset[str]
    names: int
    bytes: int

    def folder(self, source: int, target: int, above: str, depth: int) -> None:
        if not depth:
            raise TooLarge
        with os.scandir(source) as entries:
            for each in entries:
                self.names -= 1
                if self.names < 0:
                    raise TooLarge
                path = f"{above}{each.name}"
                if path not in self.without:
                    self._one(each.name, source, target, path, depth)

    def _one(self, name: str, source: int, target: int, path: str, depth: int) -> None:
        try:
            fd = os.open(name, _PATH, dir_fd=source)
        except FileNotFoundError:
            return
        try:
            status = os.fstat(fd)
            if status.st_uid != self.who.owner_uid:
                return
            if stat.S_ISLNK(status.st_mode):
                os.symlink(os.readlink("", dir_fd=fd), name, dir_fd=target)
                self._give(name, target)
            elif stat.S_ISREG(status.st_mode):
                self._file(fd, name, target, status)
            elif stat.S_ISDIR(status.st_mode):
                self._inner(fd, name, target, f"{path}/", depth)
        finally:
            os.close(fd)

    def _inner(self, found: int, name: str, target: int, above: str, depth: int) -> None:
        source = _opened(found, _FOLDER)
        if source is None:
            return
        try:
            os.mkdir(name, 0o700, dir_fd=target)
            into = os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=target)
            try:
                self.folder(source, into, above, depth - 1)
            finally:
                os.close(into)
            self._give(name, target)
        finally:
            os.close(source)

    def _file(self, found: int, name: str, target: int, status: os.stat_result) -> None:
        source = None if name.endswith(_OF_DATABASES) else _opened(found, _READ)
        if source is None:
            return
        try:
            data = os.read(source, len(_DATABASE))
            if data == _DATABASE:
                return
            left = status.st_size
            self.bytes -= left
            if self.bytes < 0:
                raise TooLarge
            fd = os.open(name, _NEW, 0o600 | status.st_mode & 0o777, dir_fd=target)
            with os.fdopen(fd, "wb") as file:
                while left > 0 and data:  # what is written behind it meanwhile is not its
                    file.write(data[:left])
                    left -= len(data)
                    data = os.read(source, _CHUNK_BYTES)
            os.utime(name, ns=(status.st_atime_ns, status.st_mtime_ns), dir_fd=target, follow_symlinks=False)
            self._give(name, target)
        finally:
            os.close(source)

    def _give(self, name: str, folder: int) -> None:
        if os.geteuid() == 0:
            os.chown(name, self.who.owner_uid, self.who.owner_gid, dir_fd=folder, follow_symlinks=False)


def _opened(found: int, flags: int) -> int | None:
    """What is open as a path, to read it; None where its owner may not."""
    try:
        return os.open(f"/proc/self/fd/{found}", flags)
    except PermissionError:
        return None
