"""Writes the demo home. Nothing that exists is touched, and nobody else can read what is written."""

import os
from collections.abc import Iterable
from pathlib import Path

from ringfence.app.demo.entries import Entry, Folder, Hollow, Link
from ringfence.app.demo.layout import sections
from ringfence.core.dataclass import dataclass
from ringfence.core.errors import UsageError
from ringfence.core.text import printable
from ringfence.endpoint.opening import refusal

__all__ = ["DemoHome", "Part", "build"]

_WRITTEN_AT = 1_760_000_000  # 2025-10-09: not after what the download records in the home say


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One kind of thing in the home."""

    title: str  # for people, e.g. "Ollama"
    location: Path
    files: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoHome:
    """What was built."""

    path: Path
    parts: tuple[Part, ...]
    size_bytes: int  # as the files say
    disk_bytes: int  # as they take: the large ones are holes

    @property
    def files(self) -> int:
        """Files over all parts; links and empty folders are not counted."""
        return sum(part.files for part in self.parts)


def build(directory: Path) -> DemoHome:
    """Builds the demo home in `directory`, which must not exist or be empty.

    Raises:
        UsageError: there is something in it already, or the system refuses to write there.
    """
    try:
        _claim(directory)
        parts = tuple(
            Part(
                title=section.title,
                location=directory / section.folder,
                files=_write_all(directory / section.folder, section.entries.items()),
            )
            for section in sections()
        )
        sizes = [path.lstat() for path in directory.rglob("*") if path.is_file() and not path.is_symlink()]
    except OSError as error:
        raise UsageError(
            f"cannot build a demo in {printable(str(directory))}: {refusal(error).reason}",
            hint="name a folder that does not exist yet, in a place where you may write",
        ) from error
    return DemoHome(
        path=directory,
        parts=parts,
        size_bytes=sum(each.st_size for each in sizes),
        disk_bytes=sum(each.st_blocks * 512 for each in sizes),
    )


def _claim(directory: Path) -> None:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(directory.iterdir()):
        raise UsageError(
            f"{printable(str(directory))} is not empty",
            hint="name a folder that does not exist yet; a demo never writes over anything",
        )


def _write_all(folder: Path, entries: Iterable[tuple[str, Entry]]) -> int:
    """Writes what a section holds; the number of files."""
    count = 0
    for name, entry in entries:
        path = folder / name
        _make_folders(path.parent)
        match entry:
            case Folder():
                _make_folders(path)
            case Link(target=target):
                path.symlink_to(target)
            case Hollow(head=head, size_bytes=size_bytes):
                _write(path, head, size_bytes=size_bytes)
                count += 1
            case bytes():
                _write(path, entry, size_bytes=len(entry))
                count += 1
    return count


def _make_folders(folder: Path) -> None:
    """Like mkdir with parents, but the parents are private too."""
    if not folder.is_dir():
        _make_folders(folder.parent)
        folder.mkdir(mode=0o700)


def _write(path: Path, head: bytes, *, size_bytes: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with open(os.open(path, flags, 0o600), "wb") as file:
        file.write(head)
        file.truncate(size_bytes)
    os.utime(path, (_WRITTEN_AT, _WRITTEN_AT))
