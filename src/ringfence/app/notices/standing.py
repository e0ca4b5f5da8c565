"""How the telling goes, for `ringfence daemon status`: a small file that whoever tells writes and holds.

It is held by a lock as long as its writer lives, so that a file that nobody holds tells of an end.
"""

import fcntl
import json
import os
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from enum import StrEnum
from pathlib import Path

from ringfence.app.documents import as_json
from ringfence.core.dataclass import dataclass

__all__ = ["BOARD", "Board", "How", "Standing", "read_board"]

BOARD = "notices"
"""In a daemon's folder."""

_BYTES = 64 << 10
_ENDED = "what tells has ended; see the daemon's log"


class How(StrEnum):
    """Whether somebody is told."""

    ON = "on"
    OFF = "off"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How it goes with one that is told."""

    who: str  # `desktop`, `webhook HOST:PORT`, or `notices` for all together
    how: How
    why: str | None = None  # in words, where it is not on


class Board:
    """The file, open for writing; of several writers one has it."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._shown: tuple[Standing, ...] | None = None

    @classmethod
    def at(cls, path: Path) -> "Board | None":
        """The one at `path`; None where another process has it.

        Raises:
            OSError: it cannot be opened.
        """
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with ExitStack() as unless_it_is_ours:
            unless_it_is_ours.callback(os.close, fd)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return None
            unless_it_is_ours.pop_all()
        return cls(fd)

    def show(self, standings: Iterable[Standing]) -> None:
        """Writes it, where it says something new. A disk that is full loses it, and nothing else."""
        found = tuple(standings)
        if found == self._shown:
            return
        data = json.dumps(as_json(found)).encode()[:_BYTES]
        with suppress(OSError):
            os.ftruncate(self._fd, os.pwrite(self._fd, data, 0))
            self._shown = found

    def close(self) -> None:
        """Gives it up; what it says stays, and counts as ended."""
        os.close(self._fd)


def read_board(path: Path) -> tuple[Standing, ...]:
    """What is shown there: nothing where nobody ever told anything, or while it is being written."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return ()
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return (Standing(who="notices", how=How.FAILED, why=_ENDED),)
    except BlockingIOError:
        return _read(os.pread(fd, _BYTES, 0))
    finally:
        os.close(fd)


def _read(data: bytes) -> tuple[Standing, ...]:
    try:
        return tuple(
            Standing(who=str(each["who"]), how=How(each["how"]), why=each["why"]) for each in json.loads(data)
        )
    except (ValueError, TypeError, KeyError):
        return ()
