"""Hears when somebody outside replaces a file that a running box must not have as it is.

Editors and git write a new file and rename it over the old one, and the kernel then takes away what stood
over the old one in every box. While a box runs, its supervisor hears of each such name from the kernel and
has it covered again: some milliseconds later, in which a program that waits for that can look.

Source: inotify(7); the kernel's fs/notify on what closing waits for.
"""

import os
import struct
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

from ringfence.sandbox.launcher import LauncherGone
from ringfence.sandbox.linux import kernel
from ringfence.sandbox.plan import Mount, MountKind

__all__ = ["Covering", "Covers"]

_IN_MOVED_TO, _IN_CREATE, _IN_OVERFLOW = 0x80, 0x100, 0x4000
_IN_ONLYDIR, _IN_DONT_FOLLOW = 0x01000000, 0x02000000
_WATCHED = _IN_MOVED_TO | _IN_CREATE | _IN_ONLYDIR | _IN_DONT_FOLLOW
_EVENT = struct.Struct("=iIII")  # watch, what happened, cookie, bytes of the name that follows
_READ_BYTES, _READS = 64 * 1024, 16  # at one time; what a box does meanwhile is heard the next time
_EMPTY = (MountKind.EMPTY_FILE, MountKind.EMPTY_FOLDER, MountKind.LINK_OVER)


class Covers:
    """What of a plan stands over names that people outside may replace. Make it before the box is started.

    The kernel lets a user watch so many folders and no more. What it does not watch is not heard of.
    """

    def __init__(self, mounts: Iterable[Mount]) -> None:
        self._covers = {each.target: each for each in _over_writable(mounts)}
        self._folders: dict[int, str] = {}  # by the number of the watch
        self.unheard: int | None = None  # an error's number: not all of it is watched
        try:
            self._inotify = kernel.inotify()
        except OSError as error:
            self.unheard = error.errno
            self._inotify = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)  # never readable
        for folder in {os.path.dirname(target) for target in self._covers}:  # noqa: PTH120 - as they are written
            self._watch(folder)

    def fileno(self) -> int:
        """Readable when something happened."""
        return self._inotify

    def replaced(self) -> tuple[Mount, ...]:
        """What is to be covered again, the upper ones first. Nothing in it waits."""
        names: set[str] = set()
        with suppress(BlockingIOError):
            for _ in range(_READS):
                names.update(self._names(os.read(self._inotify, _READ_BYTES)))
        for folder in [each for each in names if self._covers[each].kind is not MountKind.EMPTY_FILE]:
            below = [each for each in self._covers if each.startswith(f"{folder}/")]
            names.update(below)
            for each in {os.path.dirname(each) for each in below}:  # noqa: PTH120
                self._watch(each)
        return tuple(cover for target, cover in self._covers.items() if target in names)

    def close(self) -> None:
        """Hears no more. The kernel takes 8 to 20 ms to let go of all watches: the sooner, the better."""
        inotify, self._inotify = self._inotify, -1
        if inotify < 0:
            return
        closing = threading.Thread(target=os.close, args=(inotify,), name="covers")
        try:
            closing.start()
        except RuntimeError:  # there are no more threads
            os.close(inotify)

    def __enter__(self) -> "Covers":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _watch(self, folder: str) -> None:
        try:
            self._folders[kernel.watch(self._inotify, folder, _WATCHED)] = folder
        except FileNotFoundError:
            return  # and so what was below it
        except OSError as error:
            self.unheard = self.unheard or error.errno

    def _names(self, data: bytes) -> Iterator[str]:
        at = 0
        while at < len(data):
            watch, what, _, size = _EVENT.unpack_from(data, at)
            at += _EVENT.size
            name = os.fsdecode(data[at : at + size].rstrip(b"\0"))
            at += size
            if what & _IN_OVERFLOW:
                yield from self._covers
            elif (path := f"{self._folders.get(watch)}/{name}") in self._covers:
                yield path


class Covering:
    """Has what `covers` hears of covered again by `put`, which says what stays bare: a launcher's `cover`."""

    def __init__(self, covers: Covers, put: Callable[[Sequence[Mount]], Mapping[str, int]]) -> None:
        self.bare: dict[str, int] = {}  # what could not be covered again, with the errors' numbers
        self._covers, self._put = covers, put

    def fileno(self) -> int:
        """Readable when `cover` has something to do, perhaps."""
        return self._covers.fileno()

    def cover(self) -> None:
        """Covers what was replaced since the last time."""
        replaced = self._covers.replaced()
        if replaced:
            for each in replaced:
                self.bare.pop(each.target, None)
            with suppress(LauncherGone):  # and every box with it
                self.bare.update(self._put(replaced))

    def end(self) -> None:
        """Hears no more: the command has ended."""
        self._covers.close()


def _over_writable(mounts: Iterable[Mount]) -> Iterator[Mount]:
    """Those that stand over something in what of the host the box may write, at its own path."""
    writable: tuple[str, ...] = ()
    for each in mounts:
        is_host_s = each.source == each.target
        if each.kind is MountKind.WRITE and is_host_s:
            writable = (*writable, f"{each.target}/")
        is_cover = each.kind in _EMPTY or (each.kind is MountKind.READ and is_host_s)
        if is_cover and each.target.startswith(writable):
            yield each
