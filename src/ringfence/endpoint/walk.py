"""One walk over the trees of a scan, for everybody: files that may hold models, folders others start from.

Whether a file is a model is not decided here: files of some size, with a suffix that model files have, or
inside a store are passed on, to be judged by their bytes. Symbolic links to folders are not followed, and
network mounts are not entered unless asked for. What was left out is said, summed up by reason.
"""

import os
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from ringfence.core.dataclass import dataclass
from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip, printable
from ringfence.endpoint.folders import PATHS_PER_TROUBLE, Part, Seen, Troubles
from ringfence.endpoint.found import FileId, FoundFile
from ringfence.endpoint.linux.mounts import read_mounts
from ringfence.endpoint.mounts import Mount, is_below, plan
from ringfence.endpoint.opening import refusal
from ringfence.endpoint.walkers import Walkers

__all__ = ["Found", "FoundEnvironment", "FoundRepository", "Walk", "Walked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRepository:
    """A folder with a `.git` entry: a working tree."""

    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundEnvironment:
    """A folder that packages are installed in: one with a `pyvenv.cfg`, or a `node_modules`."""

    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """How far the walk has come."""

    folders: int
    files: int


Found = FoundFile | FoundRepository | FoundEnvironment | Walked | Skipped


class Walk:
    """Walks while it is entered; iterating waits for what is found, in no particular order.

        with Walk(roots, ...) as walk:  # other processes have begun
            for item in walk: ...

    A file with several names is found once, under the first of them; so is a file that a symbolic link with
    a known suffix leads to, be it out of the trees. A root that is a file is found whatever it is called.
    Roots may overlap. Bytes of a name that are not UTF-8 stand as surrogates.
    """

    def __init__(
        self,
        roots: Iterable[Path],
        *,
        min_size_bytes: int,
        known_suffixes: Iterable[str],
        known_folders: Iterable[Path] = (),
        cross_network_mounts: bool = False,
        processes: int = 2,
        mounts: Iterable[Mount] | None = None,
    ) -> None:
        """Nothing is looked at yet but the roots.

        `known_suffixes` are lowercase with the dot; files in `known_folders` are found at any size. With 0
        `processes` the walk runs inside this one. `mounts` are read from the machine when not given.
        """
        folders, self._files, self._skipped = _sorted_out(roots)
        if mounts is None:
            mounts, problem = _mounted()
            self._skipped += problem
        trees = plan(folders, mounts, cross_network_mounts=cross_network_mounts)
        self._skipped += trees.skipped
        stores = frozenset(_resolved(known_folders))
        self._walkers = Walkers(
            [(path, 0, is_below(path, stores)) for path in trees.starts],
            (
                LIMITS.walk_depth,
                min_size_bytes,
                frozenset(suffix.removeprefix(".") for suffix in known_suffixes),
                stores,
                trees.closed,
                tuple(f"{path.rstrip('/')}/" for path in trees.starts),
            ),
            processes=processes,
        )

    def __enter__(self) -> Self:
        self._walkers.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._walkers.stop()

    def __iter__(self) -> Iterator[Found]:
        yield from self._skipped
        sieve = _Sieve()
        yield from sieve.new(self._files)
        for part in self._walkers:
            yield from sieve.items(part)
        yield from sieve.rest()


class _Sieve:
    """Lets each thing through once, and sums up what was left out."""

    def __init__(self) -> None:
        self._passed: set[FileId] = set()
        self._marked: set[str] = set()
        self._several_names: dict[FileId, FoundFile] = {}
        self._linked: dict[FileId, FoundFile] = {}
        self._troubles: Troubles = {}
        self._folders = self._files = 0

    def items(self, part: Part) -> Iterator[Found]:
        """What is new in this part."""
        folders, files, found, linked, repositories, environments, troubles = part
        for seen in found:
            if seen[-1] == 1:
                yield from self.new([_file(seen)])
            else:
                _keep_first(self._several_names, _file(seen))
        for seen in linked:
            _keep_first(self._linked, _file(seen))
        yield from (FoundRepository(path=Path(path)) for path in self._unmarked(repositories))
        yield from (FoundEnvironment(path=Path(path)) for path in self._unmarked(environments))
        for key, (count, paths) in troubles.items():
            earlier, known = self._troubles.get(key, (0, []))
            self._troubles[key] = (earlier + count, sorted(known + paths)[:PATHS_PER_TROUBLE])
        self._folders += folders
        self._files += files
        yield Walked(folders=self._folders, files=self._files)

    def rest(self) -> Iterator[FoundFile | Skipped]:
        """What had to wait for the end of the walk."""
        yield from self.new(self._several_names.values())
        yield from self.new(self._linked.values())
        for (kind, why), (count, paths) in self._troubles.items():
            reason = why if isinstance(why, str) else refusal(OSError(why, "")).reason
            shown = ", ".join(_shown(path) for path in paths) + (", …" if count > len(paths) else "")
            yield Skipped(kind=kind, subject=shown, reason=reason, count=count)

    def new(self, files: Iterable[FoundFile]) -> Iterator[FoundFile]:
        """Those that have not passed under another name."""
        for file in files:
            if file.id not in self._passed:
                self._passed.add(file.id)
                yield file

    def _unmarked(self, paths: Iterable[str]) -> Iterator[str]:
        for path in paths:
            if path not in self._marked:
                self._marked.add(path)
                yield path


def _sorted_out(roots: Iterable[Path]) -> tuple[list[str], list[FoundFile], list[Skipped]]:
    """Which roots are folders, which files, and what is wrong with the others."""
    folders: list[str] = []
    files: list[FoundFile] = []
    skipped: list[Skipped] = []
    for root in roots:
        try:
            path = Path(os.path.realpath(root))
            status = path.stat()
        except (OSError, ValueError) as error:
            problem = refusal(error)
            reason = "there is no such file or folder" if problem.missing else problem.reason
            skipped.append(Skipped(kind="folder", subject=_shown(str(root)), reason=reason))
            continue
        if stat.S_ISDIR(status.st_mode):
            folders.append(str(path))
        elif stat.S_ISREG(status.st_mode):
            files.append(FoundFile.of(path, status))
        else:
            skipped.append(Skipped(kind="file", subject=_shown(str(root)), reason="not a regular file"))
    return folders, files, skipped


def _resolved(paths: Iterable[Path]) -> Iterator[str]:
    for path in paths:
        with suppress(OSError, ValueError):  # a path that cannot be is not met either
            yield os.path.realpath(path)


def _mounted() -> tuple[tuple[Mount, ...], tuple[Skipped, ...]]:
    if sys.platform != "linux":
        reason = f"network mounts cannot be told apart on {sys.platform} yet"
        return (), (Skipped(kind="mount", subject="all", reason=reason),)
    mounts = read_mounts()
    return ((), (mounts,)) if isinstance(mounts, Skipped) else (mounts, ())


def _file(seen: Seen) -> FoundFile:
    path, device, inode, size_bytes, mtime_ns, ctime_ns, _names = seen
    return FoundFile(
        path=Path(path),
        device=device,
        inode=inode,
        size_bytes=size_bytes,
        mtime_ns=mtime_ns,
        ctime_ns=ctime_ns,
    )


def _keep_first(files: dict[FileId, FoundFile], file: FoundFile) -> None:
    known = files.get(file.id)
    if known is None or str(file.path) < str(known.path):
        files[file.id] = file


def _shown(path: str) -> str:
    return clip(printable(path), chars=LIMITS.name_chars)
