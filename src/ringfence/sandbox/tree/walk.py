"""Walks a working tree for what may matter in it. A folder that has not changed since is not read again.

A folder's ctime moves whenever a name in it comes, goes or is exchanged, and no program can set it back. What
a folder is known to hold counts only while device, inode, mtime and ctime are the same. Clocks are coarse: a
folder that changed less than two seconds before the walk began is read again the next time.

Git's own folders are not walked: `git_folders` knows what matters in them.
"""

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from ringfence.core.dataclass import dataclass, field
from ringfence.core.limits import LIMITS
from ringfence.sandbox.tree.protected import how
from ringfence.sandbox.tree.secrets import suspicion

__all__ = ["ASIDE", "SETTLED_NS", "Folder", "Mark", "Walk", "is_foreign", "walk"]

SETTLED_NS = 2_000_000_000

ASIDE = ".ringfence-refused"
"""The folder at a tree's top for what was refused and cannot be moved to another file system. Not walked."""

Mark = tuple[str, str]
"""A letter and a name: `g` .git, `p` protected, `s` and `c` perhaps secret, `u` socket, `x` setuid; `b`
without a name for a folder that git takes for a bare repository."""

Folder = tuple[int, int, int, int, int, tuple[str, ...], tuple[Mark, ...]]
"""Device, inode, mtime and ctime in ns, links that lead out, names of folders to go on with, marks."""

_FOREIGN = frozenset(
    {"node_modules", "bower_components", "site-packages", "__pypackages__", "venv", ".venv", ".tox", ".nox"}
)
_GIT_FILES = frozenset({"HEAD", "commondir", "objects", "refs"})
_BARE = (frozenset({"HEAD", "objects", "refs"}), frozenset({"HEAD", "commondir"}))  # git's is_git_directory


@dataclass(slots=True)
class Walk:
    """All folders by their path relative to the tree, "" for its top."""

    folders: dict[str, Folder] = field(default_factory=dict)
    closed: list[str] = field(default_factory=list)
    fresh: int = 0  # folders that were read
    unsettled: set[str] = field(default_factory=set)  # folders that changed too recently to be remembered
    is_whole: bool = True


def is_foreign(folder: str) -> bool:
    """Whether something is installed there that is removed and made again as a whole."""
    return not _FOREIGN.isdisjoint(folder.split("/"))


def walk(root: str, known: Mapping[str, Folder], *, now_ns: int) -> Walk:
    """Every folder below `root`, with what may matter in it. `now_ns` is the time since 1970.

    Raises:
        OSError: the tree's top itself cannot be read.
    """
    found, names = Walk(), 0
    left = [("", False)]
    while left:
        folder, foreign = left.pop()
        path = f"{root}/{folder}" if folder else root
        try:
            status = os.lstat(path)
            before = known.get(folder)
            state = (status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns)
            if before is not None and before[:4] == state:
                seen = before
            elif not stat.S_ISDIR(status.st_mode):
                continue  # exchanged for something else a moment ago
            else:
                links, below, marks, count = _read(path, root, folder, foreign=foreign)
                seen, names, found.fresh = (*state, links, below, marks), names + count, found.fresh + 1
                if now_ns - max(state[3], state[2]) < SETTLED_NS:
                    found.unsettled.add(folder)
        except FileNotFoundError:
            if not folder:
                raise
            continue
        except OSError:
            if not folder:
                raise
            found.closed.append(folder)
            continue
        found.folders[folder] = seen
        if len(found.folders) >= LIMITS.tree_folders or names >= LIMITS.tree_names:
            found.is_whole = False
            break
        if folder.count("/") >= LIMITS.tree_depth:
            found.closed.extend(f"{folder}/{name}" for name in seen[5])
        elif seen[5]:
            prefix = f"{folder}/" if folder else ""
            left.extend((prefix + name, foreign or name in _FOREIGN) for name in seen[5])
    return found


def _read(
    path: str, root: str, folder: str, *, foreign: bool
) -> tuple[int, tuple[str, ...], tuple[Mark, ...], int]:
    """Links that lead out, folders, marks, and how many names there are."""
    links, below, marks, of_git, count = 0, list[str](), list[Mark](), set[str](), 0
    with os.scandir(path) as entries:
        for entry in entries:
            name = entry.name
            count += 1
            if name in _GIT_FILES:
                of_git.add(name)
            if name == ".git":
                marks.append(("g", name))
                continue
            if entry.is_symlink():
                links += _leads_out(entry.path, root)
            elif entry.is_dir(follow_symlinks=False):
                if folder or name != ASIDE:
                    below.append(name)
            else:
                marks.extend(_marks_of_file(entry, folder, foreign=foreign))
            if not foreign and how(folder, name):
                marks.append(("p", name))
    if any(of_git >= each for each in _BARE):
        marks.append(("b", ""))
    return links, tuple(sorted(below)), tuple(sorted(marks)), count


def _marks_of_file(entry: os.DirEntry[str], folder: str, *, foreign: bool) -> list[Mark]:
    marks: list[Mark] = []
    try:
        mode = entry.stat(follow_symlinks=False).st_mode
    except FileNotFoundError:
        return marks
    if stat.S_ISSOCK(mode):
        marks.append(("u", entry.name))
    elif stat.S_ISREG(mode):
        if mode & (stat.S_ISUID | stat.S_ISGID) and mode & 0o111:
            marks.append(("x", entry.name))
        letter = None if foreign else suspicion(folder, entry.name)
        if letter:
            marks.append((letter, entry.name))
    return marks


def _leads_out(path: str, root: str) -> bool:
    """Whether the link's text names something outside, links on the way left aside."""
    try:
        named = str(Path(path).readlink())
    except OSError:
        return False
    target = os.path.normpath(named if named.startswith("/") else f"{path.rpartition('/')[0]}/{named}")
    return target != root and not target.startswith(root + "/")
