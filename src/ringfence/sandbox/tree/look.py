"""One bounded look at a working tree before a box gets it, and one when the box is gone. Changes nothing."""

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from ringfence.core.dataclass import dataclass, field
from ringfence.core.limits import LIMITS
from ringfence.sandbox.tree import git_folders, git_rules, secrets
from ringfence.sandbox.tree.cache import FileState, Remembered, load, save
from ringfence.sandbox.tree.git_config import BadConfig, parse
from ringfence.sandbox.tree.git_folders import Gits
from ringfence.sandbox.tree.protected import Care, Name, held, how
from ringfence.sandbox.tree.reading import lexists, read_regular
from ringfence.sandbox.tree.tree import GitFolder, Protected, Secret, Tree, Trouble
from ringfence.sandbox.tree.walk import ASIDE, SETTLED_NS, Walk, walk

__all__ = ["look"]

_NAMED = Name(care=Care.KEEP, why="git reads or runs it, as its configuration says")
_WORTH_SAVING = 32  # folders that were read anew: fewer are read again as fast as all are written
_INCLUDED = 32


@dataclass(slots=True)
class _Look:
    root: str
    protected: dict[str, Protected] = field(default_factory=dict)
    told: dict[str, Protected] = field(default_factory=dict)
    secrets: list[Secret] = field(default_factory=list)
    sockets: list[str] = field(default_factory=list)
    setuid: list[str] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    files: dict[str, tuple[FileState, str | None]] = field(default_factory=dict)
    settings: list[tuple[str, str]] = field(default_factory=list)  # folder, name
    suspects: int = 0
    unsearched: int = 0  # files whose names say that they may hold secrets
    unread: int = 0
    fresh: int = 0


def look(tree: Path, *, cache: Path | None, now_ns: int, known: Iterable[GitFolder] = ()) -> Tree:
    """What matters in the working tree at `tree`. `cache` is ringfence's own folder for what it remembers;
    `now_ns` is the time since 1970; `known` are git folders that are looked at wherever pointers lead now.

    Raises:
        OSError: its top is no folder or cannot be read.
    """
    root = os.path.realpath(tree)
    remembered = load(cache, root)
    walked = walk(root, remembered.folders, now_ns=now_ns)
    gits = git_folders.find(root, walked, known)
    found = _Look(root, troubles=gits.troubles, sockets=gits.sockets)
    _add_marks(found, walked, remembered, now_ns=now_ns)
    found.protected.update(gits.pointers)
    for path, row in _named_by(gits):
        _protect(found, path, row)
    if not walked.is_whole:
        found.troubles.append(
            Trouble(path=root, why=f"over {LIMITS.tree_folders} folders, or too many names")
        )
    if found.unsearched:
        why = f"{found.unsearched} files that may hold secrets were not searched: there are too many"
        found.troubles.append(Trouble(path=root, why=why))
    for what, items in (("names that act", found.protected), ("files with secrets", found.secrets)):
        if len(items) > LIMITS.tree_kept:
            found.troubles.append(Trouble(path=root, why=f"more than {LIMITS.tree_kept} {what}"))
    if cache is not None and (walked.fresh >= _WORTH_SAVING or found.fresh >= _WORTH_SAVING):
        settled = {each: row for each, row in walked.folders.items() if each not in walked.unsettled}
        save(cache, root, Remembered(folders=settled, files=found.files))
    return _tree(found, walked, gits)


def _tree(found: _Look, walked: Walk, gits: Gits) -> Tree:
    top, aside = walked.folders[""], f"{found.root}/{ASIDE}"
    return Tree(
        root=found.root,
        id=(top[0], top[1]),
        git=tuple(gits.folders[path] for path in sorted(gits.folders)),
        protected=_outermost(found.protected),
        told=tuple(found.told[path] for path in _highest(found.told)),
        missing=tuple(_missing(found, gits)),
        secrets=tuple(sorted(found.secrets, key=lambda each: each.path)),
        sockets=tuple(sorted(found.sockets)),
        aside=aside if lexists(aside) else None,
        closed=tuple(sorted(f"{found.root}/{each}" for each in walked.closed)),
        setuid=tuple(sorted(found.setuid)),
        leads_out=sum(folder[4] for folder in walked.folders.values()),
        folders=len(walked.folders),
        unread=found.unread,
        troubles=tuple(found.troubles),
    )


def _highest(told: Iterable[str]) -> list[str]:
    """Of too many those nearest to the top; sorted."""
    return sorted(sorted(told, key=lambda path: (path.count("/"), path))[: LIMITS.tree_told])


def _add_marks(found: _Look, walked: Walk, known: Remembered, *, now_ns: int) -> None:
    for folder, seen in walked.folders.items():
        if not seen[6]:
            continue
        path = f"{found.root}/{folder}" if folder else found.root
        for letter, name in seen[6]:
            match letter:
                case "p":
                    row = how(folder, name)
                    if row:
                        _protect(found, f"{path}/{name}", row)
                case "s" if found.suspects < LIMITS.tree_suspects:
                    found.suspects += 1
                    _search(found, folder, name, known, now_ns=now_ns)
                case "s":
                    found.unsearched += 1
                case "c":
                    found.settings.append((folder, name))
                case "u":
                    found.sockets.append(f"{path}/{name}")
                case "x":
                    found.setuid.append(f"{path}/{name}")
    found.settings.sort(key=lambda each: (each[0].count("/") if each[0] else -1, each))
    for folder, name in found.settings[: LIMITS.tree_settings]:
        _search(found, folder, name, known, now_ns=now_ns)
    found.unread += max(0, len(found.settings) - LIMITS.tree_settings)


def _protect(found: _Look, path: str, row: Name) -> None:
    status = lexists(path)
    if status is None:
        return
    link = str(Path(path).readlink()) if stat.S_ISLNK(status.st_mode) else None
    into = found.told if row.care is Care.TELL else found.protected
    into[path] = Protected(
        path=path,
        care=row.care,
        why=row.why,
        id=(status.st_dev, status.st_ino),
        is_folder=stat.S_ISDIR(status.st_mode),
        link=link,
    )
    if link is not None and row.care is not Care.TELL:
        target = os.path.realpath(path)
        if target.startswith(found.root + "/") and target not in found.protected:
            _protect(found, target, row)


def _search(found: _Look, folder: str, name: str, known: Remembered, *, now_ns: int) -> None:
    """Says whether the file holds a secret: as it was known, or by opening it."""
    relative = f"{folder}/{name}" if folder else name
    path = f"{found.root}/{relative}"
    status = lexists(path)
    if status is None:
        return
    state = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    before = known.files.get(relative)
    if before is not None and before[0] == state:
        why = before[1]
    else:
        why = secrets.secret_in(path, folder, name, status)
        found.fresh += 1
    if now_ns - max(state[3:]) >= SETTLED_NS:
        found.files[relative] = (state, why)
    if why is not None:
        found.secrets.append(Secret(path=path, why=why))


def _named_by(gits: Gits) -> Iterator[tuple[str, Name]]:
    """What lies in the tree and is named by a git configuration: files to include, hooks, filters."""
    for git in list(gits.folders.values()):
        if not git.config or git.is_foreign:
            continue
        base = git.path.removesuffix("/.git")
        left, read = [f"{git.path}/config"], 0
        while left and read < _INCLUDED:
            config, read = left.pop(), read + 1
            try:
                parsed = parse(read_regular(config, at_most=LIMITS.git_config_bytes) or b"")
            except BadConfig:
                gits.troubles.append(
                    Trouble(path=config, why="git cannot read it, and neither can ringfence")
                )
                continue
            for word, kind in git_rules.named_paths(parsed):
                start = config.rpartition("/")[0] if kind == "include" else base
                path = _joined(start, word)
                if not path.startswith(gits.root + "/") or (kind == "word" and not Path(path).is_file()):
                    continue
                if kind == "include":
                    left.append(path)
                yield path, _NAMED


def _joined(start: str, word: bytes) -> str:
    text = os.fsdecode(word.partition(b"\0")[0])
    return os.path.normpath(text if text.startswith("/") else f"{start}/{text}")


def _missing(found: _Look, gits: Gits) -> Iterator[str]:
    """Folders that a box may not make, because something outside acts on them at once.

    An empty one stands there while the box does: git does not see empty folders. Where nobody can make one
    now, what appears is swept.
    """
    if os.access(found.root, os.W_OK):
        names = (f"{found.root}/{name}" for name in held())
        yield from (path for path in names if path not in found.protected and not lexists(path))
    for git in gits.folders.values():
        path = f"{git.path}/hooks"
        if git.config and not git.is_foreign and not lexists(path) and os.access(git.path, os.W_OK):
            yield path


def _outermost(protected: dict[str, Protected]) -> tuple[Protected, ...]:
    """Those that do not lie within another that is a folder."""
    kept: list[Protected] = []
    for path in sorted(protected, key=lambda each: each.split("/")):
        above = kept[-1] if kept else None
        if not (above and above.is_folder and path.startswith(above.path + "/")):
            kept.append(protected[path])
    return tuple(kept)
