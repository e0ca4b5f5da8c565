"""Finds what git takes for its own folders in a working tree, and for a worktree the folder beside it.

Runs no git and believes no file that a box could have written: a folder outside the tree is git's only when
it points back at the tree, as git writes it there for worktrees and submodules.

Source: gitrepository-layout(5), git-worktree(1) "Details", gitsubmodules(7).
"""

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from ringfence.core.dataclass import dataclass, field
from ringfence.core.limits import LIMITS
from ringfence.sandbox.tree.git_config import BadConfig, parse
from ringfence.sandbox.tree.protected import Care
from ringfence.sandbox.tree.reading import lexists, names_in, read_regular
from ringfence.sandbox.tree.tree import GitFolder, Protected, Trouble
from ringfence.sandbox.tree.walk import Walk, is_foreign

__all__ = ["ACTING", "Gits", "find", "pointed"]

ACTING = ("config.worktree", "commondir", "gitdir", "objects/info/alternates")
"""Files of a git folder, besides `config`, that lead it elsewhere or say what it runs."""

_POINTER = "git goes where it says"
_DEPTH = 12


@dataclass(slots=True)
class Gits:
    """What was found, by path."""

    root: str
    folders: dict[str, GitFolder] = field(default_factory=dict)
    pointers: dict[str, Protected] = field(default_factory=dict)  # `.git` that are files or links
    sockets: list[str] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)

    def is_within(self, path: str) -> bool:
        """Whether the path lies in the tree, by its text."""
        return path == self.root or path.startswith(self.root + "/")


def find(root: str, walk: Walk, known: Iterable[GitFolder] = ()) -> Gits:
    """All git folders of the tree that was walked, and those `known`, wherever pointers lead now."""
    gits = Gits(root=root)
    for each in known:
        if not each.is_worktree_s and os.path.realpath(each.path) == each.path:
            _add(gits, each.path, foreign=each.is_foreign, outside=each.is_outside)
    for folder in sorted(walk.folders):
        path = f"{root}/{folder}" if folder else root
        for letter, name in walk.folders[folder][6]:
            if letter == "g":
                _dot_git(gits, path, foreign=is_foreign(folder), is_top=not folder)
            elif letter == "b" and not name:
                _add(gits, path, foreign=is_foreign(folder))
    if len(gits.folders) > LIMITS.git_folders:
        gits.troubles.append(Trouble(path=root, why=f"more than {LIMITS.git_folders} git folders"))
    return gits


def pointed(path: str) -> str | None:
    """The folder that a `.git` file names, absolute, by its text; None when it names none."""
    data = read_regular(path, at_most=LIMITS.git_pointer_bytes)
    if data is None or not data.startswith(b"gitdir: ") or b"\0" in data:
        return None
    target = os.fsdecode(data.removeprefix(b"gitdir: ").rstrip(b"\r\n"))
    return os.path.normpath(f"{path.rpartition('/')[0]}/{target}" if target[:1] != "/" else target)


def _dot_git(gits: Gits, folder: str, *, foreign: bool, is_top: bool) -> None:
    path = f"{folder}/.git"
    status = lexists(path)
    if status is None:
        return
    if stat.S_ISDIR(status.st_mode):
        _add(gits, path, foreign=foreign)
        return
    link = str(Path(path).readlink()) if stat.S_ISLNK(status.st_mode) else None
    gits.pointers[path] = Protected(
        path=path, care=Care.KEEP, why=_POINTER, id=(status.st_dev, status.st_ino), link=link
    )
    target = os.path.realpath(path) if link is not None else pointed(path)
    if target is None:
        return
    real = os.path.realpath(target)
    if gits.is_within(real):
        if real not in gits.folders:
            _add(gits, real, foreign=foreign)
    elif is_top:
        _beside(gits, path, real)


def _beside(gits: Gits, pointer: str, git: str) -> None:
    """The git folder of a tree that is a worktree or a submodule, when it points back at the tree."""
    common = read_regular(f"{git}/commondir", at_most=LIMITS.git_pointer_bytes)
    if common is not None:
        back = read_regular(f"{git}/gitdir", at_most=LIMITS.git_pointer_bytes)
        target = os.fsdecode(back.rstrip(b"\n")) if back else ""
        leads = target if target.startswith("/") else os.path.normpath(f"{git}/{target}")
        named = os.fsdecode(common.rstrip(b"\n"))
        repository = os.path.realpath(f"{git}/{named}")
        is_ours = os.path.realpath(leads) == pointer and git.rpartition("/")[0] == f"{repository}/worktrees"
    else:
        repository = git
        is_ours = _worktree_of(git) == gits.root
    if is_ours:
        _add(gits, repository, foreign=False, outside=True)
    else:
        why = "it leads to a git folder outside that does not lead back: git is not available in the box"
        gits.troubles.append(Trouble(path=pointer, why=why))


def _worktree_of(git: str) -> str | None:
    data = read_regular(f"{git}/config", at_most=LIMITS.git_config_bytes)
    try:
        entries = parse(data or b"").entries
    except BadConfig:
        return None
    value = next((e.value for e in reversed(entries) if e.name == b"core.worktree"), None)
    return os.path.realpath(f"{git}/{os.fsdecode(value)}") if value else None


def _add(gits: Gits, path: str, *, foreign: bool, outside: bool = False) -> None:
    """The git folder at `path`, those of its submodules, and its worktrees' parts."""
    left = [(path, 0)]
    while left:
        git, depth = left.pop()
        if git in gits.folders:
            continue
        if not _add_one(gits, git, foreign=foreign, outside=outside):
            continue
        for name in _below(gits, git, "worktrees"):
            _add_one(gits, f"{git}/worktrees/{name}", foreign=foreign, outside=outside, worktree=True)
        if depth < _DEPTH:
            left.extend((module, depth + 1) for module in _modules(gits, f"{git}/modules"))


def _add_one(gits: Gits, git: str, *, foreign: bool, outside: bool, worktree: bool = False) -> bool:
    status = lexists(git)
    if status is None or not stat.S_ISDIR(status.st_mode):
        return False
    config, hooks = lexists(f"{git}/config"), lexists(f"{git}/hooks")
    for name in ("config", "hooks"):
        there = lexists(f"{git}/{name}")
        if there is not None and stat.S_ISLNK(there.st_mode) and not worktree:
            gits.troubles.append(
                Trouble(path=f"{git}/{name}", why="it is a symbolic link, and cannot be kept")
            )
    gits.folders[git] = GitFolder(
        path=git,
        id=(status.st_dev, status.st_ino),
        config=config is not None and stat.S_ISREG(config.st_mode) and not worktree,
        hooks=(hooks.st_dev, hooks.st_ino) if hooks is not None and stat.S_ISDIR(hooks.st_mode) else None,
        acting=tuple(name for name in ACTING if lexists(f"{git}/{name}")),
        is_outside=outside,
        is_foreign=foreign,
        is_worktree_s=worktree,
    )
    for name in names_in(git, at_most=LIMITS.git_names) or ():
        there = lexists(f"{git}/{name}") if name.endswith((".ipc", ".sock", ".socket")) else None
        if there is not None and stat.S_ISSOCK(there.st_mode):
            gits.sockets.append(f"{git}/{name}")
    return True


def _below(gits: Gits, git: str, name: str) -> list[str]:
    """Names of folders in a folder of git's."""
    path = f"{git}/{name}"
    status = lexists(path)
    if status is None or not stat.S_ISDIR(status.st_mode):
        return []
    names = names_in(path, at_most=LIMITS.git_names) or []
    if len(names) > LIMITS.git_names:
        gits.troubles.append(Trouble(path=path, why=f"more than {LIMITS.git_names} names"))
    found = (lexists(f"{path}/{each}") for each in names)
    return [each for each, there in zip(names, found, strict=True) if there and stat.S_ISDIR(there.st_mode)]


def _modules(gits: Gits, path: str) -> list[str]:
    """Submodules' git folders, whose names may hold slashes."""
    found, left = list[str](), [(path, 0)]
    while left:
        folder, depth = left.pop()
        head, _, name = folder.rpartition("/")
        for each in _below(gits, head, name):
            below = f"{folder}/{each}"
            if lexists(f"{below}/HEAD") or lexists(f"{below}/config"):
                found.append(below)
            elif depth < _DEPTH:
                left.append((below, depth + 1))
    return found
