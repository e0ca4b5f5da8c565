"""A regular file as the walk met it: enough to know it again, and to know when it changed."""

import os
from pathlib import Path
from typing import Self

from ringfence.core.dataclass import dataclass

__all__ = ["FileId", "FoundFile"]

FileId = tuple[int, int]
"""Device and inode."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    """A regular file at `path`, with what `stat` said of it."""

    path: Path
    device: int
    inode: int
    size_bytes: int
    mtime_ns: int
    ctime_ns: int

    @property
    def id(self) -> FileId:
        """The same for all names of one file."""
        return (self.device, self.inode)

    @classmethod
    def of(cls, path: Path, status: os.stat_result) -> Self:
        """The file at `path` whose status was just taken."""
        return cls(
            path=path,
            device=status.st_dev,
            inode=status.st_ino,
            size_bytes=status.st_size,
            mtime_ns=status.st_mtime_ns,
            ctime_ns=status.st_ctime_ns,
        )
