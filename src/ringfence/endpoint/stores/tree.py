"""What lies below one store's root, as safely as a stranger's folder can be looked at.

A scan by root reads homes whose owners may wish it ill. So a tree never raises for what it meets, never
lists more than its limits, opens regular files only, and follows a link out of the root only to something
that belongs to the root's owner: a person may keep models on another disk, but cannot make root read what
is not theirs. What is left out is counted, by folder and reason.

The check and a later opening of the same path are two steps. Who wins that race has their link's target
hashed and tested for being a model, and nothing of it shown.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import field, replace
from pathlib import Path

from ringfence.core.bounded_json import BadJson, Json, parse
from ringfence.core.dataclass import dataclass
from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip, printable
from ringfence.endpoint.folders import real_path
from ringfence.endpoint.opening import read_small, refusal
from ringfence.endpoint.settings import read_yaml

__all__ = ["Budget", "Entry", "Tree"]

_OPENING_COST = 1024  # bytes that could have been read instead of opening one more file
_YAML_COST = 128  # its parser is that much slower than the one for JSON


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in a folder: a folder or a regular file, perhaps behind links."""

    path: Path
    real: Path  # links resolved

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.name


@dataclass(slots=True)
class Budget:
    """What may still be read: of one root, or of several that share it."""

    entries: int = field(default_factory=lambda: LIMITS.store_entries)
    record_bytes: int = field(default_factory=lambda: LIMITS.store_records_bytes)


class Tree:
    """One root, and what had to be left out below it."""

    def __init__(self, root: Path, budget: Budget | None = None) -> None:
        self.root = _settled(root)
        self._owner = _owner(self.root)
        self._left = budget or Budget()
        self._skips: dict[tuple[str, str, str], Skipped] = {}

    def folders(self, folder: Path) -> list[Entry]:
        """The folders in `folder`, by name. None when there is no such folder or it cannot be read."""
        return [each for each, is_folder in self._list(folder) if is_folder]

    def files(self, folder: Path) -> list[Entry]:
        """The regular files in `folder`, by name."""
        return [each for each, is_folder in self._list(folder) if not is_folder]

    def files_below(self, folder: Path) -> Iterator[tuple[str, Entry]]:
        """Each regular file at any depth, with its path relative to `folder`, in order; no folder twice."""
        seen = {str(_settled(folder))}
        waiting = [(folder, "", 0)]
        while waiting:
            current, prefix, depth = waiting.pop()
            below = []
            for each, is_folder in self._list(current):
                if not is_folder:
                    yield prefix + each.name, each
                elif depth >= LIMITS.store_depth:
                    self.skip(each.path, f"more than {LIMITS.store_depth} folders deep", kind="folder")
                elif str(each.real) not in seen:
                    seen.add(str(each.real))
                    below.append((each.real, f"{prefix}{each.name}/", depth + 1))
            waiting.extend(reversed(below))

    def place(self, path: Path) -> Path | None:
        """Where the file at `path` lies, links resolved; as it stands when there is none.

        None, and counted as skipped, when it leads out of the root to something of somebody else.
        """
        try:
            real = _real(path)
            if real.is_relative_to(self.root):
                return real
            status = real.stat()
        except (OSError, ValueError) as error:
            no = refusal(error)
            self.skip(path, "points to nothing" if no.missing else no.reason)
            return None
        if status.st_uid != self._owner:
            self.skip(path, "leads out of the store, to something of somebody else")
            return None
        return real

    def json(self, path: Path) -> dict[str, Json] | None:
        """The JSON object at `path`; None, and counted unless there is no file, when that cannot be read."""
        data = self.record(path)
        if data is None:
            return None
        try:
            return self._object(path, parse(data))
        except BadJson:
            self.skip(path, "not valid JSON")
            return None

    def yaml(self, path: Path) -> dict[str, Json] | None:
        """As `json`, for YAML whose scalars all come back as text."""
        real = self.place(path)
        if real is None or not self._record(real, max_bytes=LIMITS.settings_text_bytes, cost=_YAML_COST):
            return None
        found = read_yaml(real)
        if isinstance(found, Skipped):
            self.note(found)
            return None
        return self._object(path, found)

    def record(self, path: Path) -> bytes | None:
        """The bytes of a small file; None, and counted unless there is none, when it cannot be read."""
        real = self.place(path)
        return None if real is None else self._record(real)

    def skip(self, path: Path, reason: str, *, kind: str = "file") -> None:
        """Notes that `path` was left out."""
        self.note(Skipped(kind=kind, subject=_shown(path), reason=reason), folder=_shown(path.parent))

    def note(self, skipped: Skipped, *, folder: str = "") -> None:
        """Notes what was left out; things in one folder with the same reason are counted together."""
        key = (skipped.kind, folder or skipped.subject, skipped.reason)
        before = self._skips.get(key)
        self._skips[key] = replace(before, subject=key[1], count=before.count + 1) if before else skipped

    def skipped(self) -> list[Skipped]:
        """All that was left out so far, in the order it was met."""
        return list(self._skips.values())

    def _list(self, folder: Path) -> list[tuple[Entry, bool]]:
        found = []
        try:
            with os.scandir(folder) as listing:
                for each in listing:
                    if self._left.entries == 0:
                        self.skip(
                            folder, f"more than {LIMITS.store_entries} names in the store", kind="folder"
                        )
                        break
                    self._left.entries -= 1
                    if entry := self._entry(each):
                        found.append(entry)
        except (OSError, ValueError) as error:
            no = refusal(error)
            if not no.missing:
                self.skip(folder, no.reason, kind="folder")
        return sorted(found, key=lambda pair: pair[0].name)

    def _entry(self, found: os.DirEntry[str]) -> tuple[Entry, bool] | None:
        """The entry and whether it is a folder; None when it is neither that nor a file."""
        path = Path(found.path)
        try:
            mode = found.stat().st_mode
        except OSError as error:
            no = refusal(error)
            self.skip(path, "points to nothing" if no.missing else no.reason)
            return None
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            self.skip(path, "not a regular file")
            return None
        real = self.place(path) if found.is_symlink() else path
        return None if real is None else (Entry(path, real), stat.S_ISDIR(mode))

    def _object(self, path: Path, found: Json) -> dict[str, Json] | None:
        if isinstance(found, dict):
            return found
        self.skip(path, "no names and values")
        return None

    def _record(
        self, real: Path, *, max_bytes: int = LIMITS.store_record_bytes, cost: int = 1
    ) -> bytes | None:
        if self._left.record_bytes < cost * max_bytes:
            self.skip(real, f"more than {LIMITS.store_records_bytes} bytes of records in the store")
            return None
        data = read_small(real, max_bytes=max_bytes)
        if isinstance(data, Skipped):
            self.note(data)
            return None
        self._left.record_bytes -= cost * max(len(data or b""), _OPENING_COST)
        return data


def _real(path: Path) -> Path:
    """Links resolved, as far as there is something.

    Raises:
        OSError, ValueError: the system refuses to say.
    """
    with suppress(FileNotFoundError, NotADirectoryError):
        return Path(real_path(str(path)))
    for there in path.parents:
        with suppress(FileNotFoundError, NotADirectoryError):
            return Path(os.path.normpath(Path(real_path(str(there)), path.relative_to(there))))
    return path


def _settled(folder: Path) -> Path:
    try:
        return _real(folder)
    except (OSError, ValueError):
        return folder


def _owner(root: Path) -> int | None:
    try:
        return root.stat().st_uid
    except (OSError, ValueError):
        return None


def _shown(path: Path) -> str:
    return clip(printable(str(path)), chars=LIMITS.name_chars)
