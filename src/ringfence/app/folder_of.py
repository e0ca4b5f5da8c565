"""A folder on this machine, as the judges of folders see it."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path, PurePosixPath

from ringfence.artifacts.examine import examine
from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.core.facts import Facts
from ringfence.core.limits import LIMITS
from ringfence.endpoint.opening import NotOpened, opened, read_small

__all__ = ["DiskFolder", "folder_of"]

_LEFT_OUT = frozenset({".git", ".hg", ".svn"})


class DiskFolder:
    """What lies below `path`. Links to files stand for where they lead; those to folders are left out."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def names(self) -> Mapping[str, int]:
        """Every regular file with its size in bytes, at most `limits.folder_files` of them."""
        found: dict[str, int] = {}
        waiting = [("", 0)]
        while waiting:
            folder, depth = waiting.pop()
            try:
                with os.scandir(self.path / folder) as entries:
                    for entry in entries:
                        name = f"{folder}{entry.name}"
                        if entry.is_dir(follow_symlinks=False):
                            if entry.name not in _LEFT_OUT and depth < LIMITS.walk_depth:
                                waiting.append((f"{name}/", depth + 1))
                        elif len(found) < LIMITS.folder_files and entry.is_file():
                            found[name] = entry.stat().st_size
            except OSError:
                continue  # whoever judges the files says so
        return found

    def read(self, name: str, max_bytes: int) -> bytes | None:
        """The whole file; None when it is longer, or cannot be read."""
        data = read_small(self.path / name, max_bytes=max_bytes)
        return data if isinstance(data, bytes) else None

    @contextmanager
    def reader(self, name: str) -> Iterator[Reader]:
        """The file, opened.

        Raises:
            Malformed: it cannot be read.
        """
        try:
            with opened(self.path / name) as fd:
                yield Reader.of_fd(fd)
        except NotOpened as error:
            raise Malformed(ProblemKind.TRUNCATED, at=None, detail=error.reason) from error
        except OSError as error:
            raise Malformed(ProblemKind.TRUNCATED, at=None, detail="it cannot be read") from error

    def facts(self, name: str) -> Facts:
        """What its header says; nothing when it says nothing or cannot be read."""
        try:
            with self.reader(name) as reader:
                return examine(reader, suffix=PurePosixPath(name).suffix.lower()).facts
        except Malformed:
            return {}


def folder_of(path: Path) -> DiskFolder:
    """The folder at `path` with everything below it."""
    return DiskFolder(path)
