"""Which files one model consists of, as a signature sees them: every file below a folder, or the one file.

A symbolic link is a file only where that was asked for and it leads to one within the model's own store: the
folder itself, or the blobs that a hub cache keeps beside its snapshots. A linked folder never counts, because
those who follow the format elsewhere leave out what lies in it.
"""

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from ringfence.core.dataclass import dataclass
from ringfence.core.errors import UnreadableScope
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip, printable
from ringfence.endpoint.found import FoundFile
from ringfence.endpoint.opening import NotOpened, opened, refusal

__all__ = ["ModelTree", "list_model"]

_HUB_FOLDERS = ("models--", "datasets--", "spaces--")
_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelTree:
    """A model on disk at one moment. Names are relative to `root`, with /; a single file is called `.`."""

    root: Path  # where the folder or the file really lies
    single: bool
    files: dict[str, FoundFile]
    refused: dict[str, str]  # name → why it counts as no file
    passed: tuple[str, ...]  # what was left out as asked, folders without what is in them


def list_model(path: Path, *, allow_symlinks: bool, passing: Callable[[str], bool]) -> ModelTree:
    """The files of the model at `path`, which may itself be a link; `passing` tells which names to leave out.

    Raises:
        UnreadableScope: there is nothing, a part cannot be listed, or there are too many files.
    """
    try:
        root = path.resolve(strict=True)
        status = root.stat()
    except (OSError, RuntimeError, ValueError) as error:
        why = "symbolic links in a circle" if isinstance(error, RuntimeError) else refusal(error).reason
        raise _unreadable(path, "not found" if isinstance(error, FileNotFoundError) else why) from error
    if stat.S_ISREG(status.st_mode):
        found = FoundFile.of(root, status)
        return ModelTree(root=root, single=True, files={".": found}, refused={}, passed=())
    if not stat.S_ISDIR(status.st_mode):
        raise _unreadable(path, "neither a file nor a folder")
    return _Listing(root, allow_symlinks, passing).run()


class _Listing:
    """One walk through a folder, without recursion."""

    def __init__(self, root: Path, allow_symlinks: bool, passing: Callable[[str], bool]) -> None:
        self._root = root
        self._allow_symlinks = allow_symlinks
        self._passing = passing
        self._stores = tuple(f"{each}/" for each in _stores(root))
        self._files: dict[str, FoundFile] = {}
        self._refused: dict[str, str] = {}
        self._passed: list[str] = []

    def run(self) -> ModelTree:
        todo = [""]
        while todo:
            before = todo.pop()
            if before.count("/") > LIMITS.walk_depth:
                raise _unreadable(self._root / before, f"more than {LIMITS.walk_depth} folders deep")
            todo += self._folder(before)
        return ModelTree(
            root=self._root,
            single=False,
            files=self._files,
            refused=self._refused,
            passed=tuple(sorted(self._passed)),
        )

    def _folder(self, before: str) -> Iterator[str]:
        """Takes what lies in the folder `before` (with a slash behind it); yields the folders in it."""
        folder = self._root / before
        try:
            fd = os.open(folder, _FLAGS)
            try:
                with os.scandir(fd) as listing:
                    entries = [(entry.name, entry.stat(follow_symlinks=False)) for entry in listing]
            finally:
                os.close(fd)
        except OSError as error:
            raise _unreadable(folder, refusal(error).reason) from error
        for name, status in entries:
            if self._passing(before + name):
                self._passed.append(before + name)
            elif stat.S_ISDIR(status.st_mode):
                yield f"{before}{name}/"
            else:
                self._take(before + name, status)

    def _take(self, name: str, status: os.stat_result) -> None:
        if len(self._files) + len(self._refused) >= LIMITS.signed_pieces:
            raise _unreadable(self._root, f"more than {LIMITS.signed_pieces} files")
        if stat.S_ISREG(status.st_mode):
            self._files[name] = FoundFile.of(self._root / name, status)
        elif not stat.S_ISLNK(status.st_mode):
            self._refused[name] = "it is no regular file"
        elif not self._allow_symlinks:
            self._refused[name] = "it is a symbolic link"
        else:
            self._follow(name)

    def _follow(self, name: str) -> None:
        try:
            end = (self._root / name).resolve(strict=True)
            if not f"{end}".startswith(self._stores):
                self._refused[name] = "it is a symbolic link out of the model's own store"
            elif end.is_dir():
                self._refused[name] = "it is a symbolic link to a folder"
            else:
                with opened(end) as fd:
                    self._files[name] = FoundFile.of(end, os.fstat(fd))
        except FileNotFoundError:
            self._refused[name] = "it is a symbolic link that leads nowhere"
        except NotOpened as error:
            self._refused[name] = f"it is a symbolic link that cannot be followed: {error.reason}"
        except (OSError, RuntimeError):  # in a circle
            self._refused[name] = "it is a symbolic link that cannot be followed"


def _stores(root: Path) -> Iterator[Path]:
    """Where the model's own files may lie: its folder, and its blobs in a hub's cache."""
    yield root
    home = root.parent.parent
    if root.parent.name == "snapshots" and home.name.startswith(_HUB_FOLDERS):
        yield home / "blobs"


def _unreadable(path: Path, reason: str) -> UnreadableScope:
    return UnreadableScope(
        f"{clip(printable(str(path)), chars=LIMITS.name_chars)}: {reason}",
        hint="name a model's file, or the folder that holds all of its files and can be read",
    )
