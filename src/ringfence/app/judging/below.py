"""Which files are judged when a path is named."""

import os
from collections.abc import Iterator
from pathlib import Path

from ringfence.core.dataclass import dataclass
from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.core.text import printable
from ringfence.endpoint.opening import refusal

__all__ = ["FileToJudge", "FolderToJudge", "files_below"]

# A repository's own records, which no loader reads; whoever clones has them checked out beside it.
_LEFT_OUT = frozenset({".git", ".hg", ".svn"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FileToJudge:
    """One regular file and what it is called below the path that was named, with /."""

    path: Path
    name: str
    with_header: bool = False  # what a scan wants to know of it is read as well, in the same process


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderToJudge:
    """A whole folder: whether its files fit together, and what the feeds know of them."""

    path: Path
    feeds: tuple[Path, ...] = ()

    @property
    def name(self) -> str:
        """None of its own: findings name its files."""
        return ""


def files_below(path: Path) -> Iterator[FileToJudge | Skipped]:
    """Every regular file below `path`, sorted by name; links to files are followed, links to folders are not.

    A file that several names lead to comes once for each different last part of them, and not under the
    name of a store's blob when a link calls it something.
    """
    if not os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises below a closed folder
        yield FileToJudge(path=path, name=path.name)
        return
    names: dict[tuple[int, int], list[tuple[bool, str]]] = {}
    count = 0
    for item in _entries(path):
        if isinstance(item, Skipped):
            yield item
            continue
        count += 1
        if count > LIMITS.folder_files:
            reason = f"more than {LIMITS.folder_files} files in one folder"
            yield Skipped(kind="folder", subject=printable(str(path)), reason=reason)
            break
        file_id, is_link, name = item
        names.setdefault(file_id, []).append((is_link, name))
    chosen = sorted(_chosen(names))
    names.clear()  # of many files it is as large as what is made of it now
    for name, is_link in chosen:
        yield FileToJudge(path=path / name, name=name, with_header=not is_link)


def _chosen(names: dict[tuple[int, int], list[tuple[bool, str]]]) -> Iterator[tuple[str, bool]]:
    """Names, and whether they are links."""
    for same in names.values():
        links = [name for is_link, name in same if is_link]
        last_parts: dict[str, str] = {}
        for name in links or [name for _, name in same]:
            last_parts.setdefault(name.rpartition("/")[2].lower(), name)
        yield from ((name, bool(links)) for name in last_parts.values())


def _entries(top: Path) -> Iterator[tuple[tuple[int, int], bool, str] | Skipped]:
    """Device and inode, whether a link leads there, and the name, of each file."""
    folders = [("", 0)]
    while folders:
        folder, depth = folders.pop()
        try:
            with os.scandir(top / folder) as entries:
                for entry in entries:
                    name = f"{folder}/{entry.name}" if folder else entry.name
                    if entry.is_dir(follow_symlinks=False):
                        if entry.name in _LEFT_OUT:
                            continue
                        if depth == LIMITS.walk_depth:
                            yield _skipped(top / name, f"deeper than {depth} folders")
                        else:
                            folders.append((name, depth + 1))
                    elif (found := _file(entry, top / name)) is not None:
                        yield found if isinstance(found, Skipped) else (found, entry.is_symlink(), name)
        except OSError as error:
            yield _skipped(top / folder, refusal(error).reason)


def _file(entry: "os.DirEntry[str]", path: Path) -> tuple[int, int] | Skipped | None:
    """Device and inode of a regular file; None for what is none."""
    try:
        if not entry.is_file():
            if entry.is_symlink() and not entry.is_dir():
                return _skipped(path, "a link that leads nowhere")
            return None
        status = entry.stat()
    except OSError as error:
        return _skipped(path, refusal(error).reason)
    return status.st_dev, status.st_ino


def _skipped(path: Path, reason: str) -> Skipped:
    return Skipped(kind="file", subject=printable(str(path)), reason=reason)
