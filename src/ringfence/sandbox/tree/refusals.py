"""The list of what was refused in a session: written before each name is moved, so that a kill loses nothing.

An entry counts when what it names lies where it says. Whoever comes after a kill finishes what was begun.
"""

import json
import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from ringfence.core.dataclass import dataclass, field
from ringfence.core.limits import LIMITS
from ringfence.gate.state import read_private
from ringfence.sandbox.tree import moving
from ringfence.sandbox.tree.reading import lexists
from ringfence.sandbox.tree.record import Record
from ringfence.sandbox.tree.tree import Refused
from ringfence.sandbox.tree.walk import ASIDE

__all__ = ["Refusals", "listed", "set_told"]

_LIST = "list.jsonl"
_TOLD = "told-{}.jsonl"  # lists of earlier runs
_NAME_CHARS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals:
    """Those of the session whose record this is. `folder` is its `refused/`."""

    folder: Path
    record: Record
    stamp: str  # in the names of what is moved: nobody who was in the box knew it
    numbers: Iterator[int] = field(default_factory=count)

    def finish(self) -> None:
        """Puts back what was moved and was to be replaced, where nothing stands there yet."""
        for path, _, names, restored in _entries(self.folder):
            if restored and any(map(lexists, names)) and lexists(path) is None:
                self._put_back(path)

    def refuse(self, path: str, why: str) -> None:
        """Moves what is at `path` out of the way and puts back what was there before, if that is known.

        Raises:
            OSError: it cannot be moved; it may be gone.
        """
        short = "".join(c if c.isalnum() or c in "._-" else "_" for c in path.rpartition("/")[2])
        name = f"{self.stamp}-{next(self.numbers)}-{short.lstrip('.')[:_NAME_CHARS]}"
        aside = f"{self.record.tree.root}/{ASIDE}"
        before = self.record.kept.get(path)
        restored = before is not None and (before.data is not None or before.link is not None)
        self._note([path, why, [f"{self.folder}/{name}", f"{aside}/{name}"], restored])
        moving.move(self.anchor(path), path, self.folder, aside, name)
        if restored:
            self._put_back(path)

    def anchor(self, path: str) -> str:
        """The folder that nobody in the box could exchange and that `path` lies in."""
        root = self.record.tree.root
        if path.startswith(root + "/"):
            return root
        outside = (git.path for git in self.record.tree.git if git.is_outside)
        return next((each for each in sorted(outside, key=len) if path.startswith(each + "/")), root)

    def _put_back(self, path: str) -> None:
        before = self.record.kept.get(path)
        if before is not None:
            moving.put_back(self.anchor(path), path, before)

    def _note(self, entry: list[object]) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        fd = os.open(self.folder / _LIST, flags, 0o600)
        try:
            os.write(fd, json.dumps(entry).encode() + b"\n")
        finally:
            os.close(fd)


def listed(folder: Path) -> tuple[Refused, ...]:
    """All that was moved and not told so far in the session whose `refused/` this is."""
    found = {}
    for path, why, names, restored in _entries(folder):
        kept = next((name for name in names if lexists(name)), None)
        if kept is not None:
            found[path, kept] = Refused(path=path, why=why, kept=kept, is_restored=restored)
    return tuple(found.values())


def set_told(folder: Path) -> None:
    """All that is listed has been told, so that the session's next run begins a list of its own."""
    if lexists(f"{folder}/{_LIST}"):
        names = (f"{folder}/{_TOLD.format(number)}" for number in count())
        (folder / _LIST).rename(next(name for name in names if lexists(name) is None))


def _entries(folder: Path) -> list[tuple[str, str, list[str], bool]]:
    found: list[tuple[str, str, list[str], bool]] = []
    for line in (read_private(folder / _LIST) or b"").splitlines()[: LIMITS.tree_names]:
        try:
            path, why, names, restored = json.loads(line)
        except ValueError:
            continue  # its writer was killed, and moved nothing
        found.append((path, why, names, restored))
    return found
