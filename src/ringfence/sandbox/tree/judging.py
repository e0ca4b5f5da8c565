"""Says of a tree that a box has written what must not stay. Reads, bounded; changes nothing.

A mount keeps a name as it was while it holds. It does not hold against the host itself: when somebody outside
exchanges a file, every mount over it is gone. So files are compared by what stands in them, and what is new
in a git configuration stays only when every key of it is harmless.
"""

import os
import stat
from collections.abc import Iterator

from ringfence.core.limits import LIMITS
from ringfence.core.text import printable
from ringfence.sandbox.tree.git_config import BadConfig, Config, parse
from ringfence.sandbox.tree.git_folders import pointed
from ringfence.sandbox.tree.git_rules import harmful
from ringfence.sandbox.tree.reading import lexists, names_in, read_regular
from ringfence.sandbox.tree.record import EMPTY, LISTED, TODO, Kept, Record, digest
from ringfence.sandbox.tree.tree import GitFolder, Protected, Tree

__all__ = ["Judged", "changed_words", "unwelcome"]

Judged = tuple[str, str]
"""A path, and why what is there does not stay."""

_KEYS_SHOWN = 5
_EXECUTES = (b"exec", b"x")
_WHY_LISTED = {"hooks": "git runs it", "remotes": "git fetches from where it says"}


def unwelcome(record: Record, after: Tree) -> Iterator[Judged]:
    """What appeared or changed under a name that acts, each with the reason, git's own files first."""
    before = {git.path: git for git in record.tree.git}
    for git in after.git:
        yield from _config(record, git)
        yield from _worktree(record, git) if git.is_worktree_s else _common(record, git)
        yield from _alternates(record, git)
        for name in LISTED:
            yield from _listed(record, git, before.get(git.path), name)
        yield from _todo(record, git)
    ours = {git.path for git in after.git}
    folders = {each.id for each in record.tree.protected if each.is_folder}
    files = {each.id: each.path for each in record.tree.protected if not each.is_folder}
    for each in after.protected:
        if each.is_folder and _filled(record, each.path):
            yield each.path, each.why
            continue
        if each.path in record.made and each.is_folder:
            continue
        if each.path.endswith("/.git"):
            if not _same(record, each.path) and _leads(each) not in ours:
                yield each.path, "git would go where it says"
        elif each.is_folder:
            if each.id not in folders:
                yield each.path, each.why
        elif not _same(record, each.path) and not _moved(record, files.get(each.id), each.path):
            yield each.path, each.why


def changed_words(record: Record, after: Tree) -> Iterator[Judged]:
    """What agents, people and build services read that is new or reads otherwise now. It stays."""
    for each in after.told:
        if record.digests.get(each.path) != digest(each.path):
            yield each.path, each.why


def _filled(record: Record, path: str) -> bool:
    """Whether a folder that was empty, with a mount over it, holds something now.

    Another session's end, or anybody outside, takes an empty folder away and the mount goes with it; what is
    made in its place then may even have its number.
    """
    was_empty = path in record.made or record.digests.get(path) == EMPTY
    return was_empty and names_in(path, at_most=1) != []


def _same(record: Record, path: str) -> bool:
    """Whether the file or link is what it was."""
    kept = record.kept.get(path)
    if kept is None:
        return False
    if kept.link is not None:
        status = lexists(path)
        return bool(status and stat.S_ISLNK(status.st_mode) and os.readlink(path) == kept.link)  # noqa: PTH115
    now = read_regular(path, at_most=LIMITS.kept_file_bytes)
    if kept.data is None:  # too large to be kept: its mount must have held
        before = next((each.id for each in record.tree.protected if each.path == path), None)
        status = lexists(path)
        return now is None and status is not None and (status.st_dev, status.st_ino) == before
    return now == kept.data


def _moved(record: Record, was: str | None, path: str) -> bool:
    """Whether it is a file that was kept at `was`, and came here with a folder above it."""
    kept = record.kept.get(was) if was else None
    return bool(
        kept and kept.data is not None and read_regular(path, at_most=LIMITS.kept_file_bytes) == kept.data
    )


def _leads(pointer: Protected) -> str | None:
    target = os.path.realpath(pointer.path) if pointer.link is not None else pointed(pointer.path)
    return os.path.realpath(target) if target else None


def _config(record: Record, git: GitFolder) -> Iterator[Judged]:
    for name in ("config", "config.worktree"):
        path = f"{git.path}/{name}"
        if lexists(path) is None or _same(record, path):
            continue
        data = read_regular(path, at_most=LIMITS.git_config_bytes)
        if data is None:
            yield path, "git's configuration is no ordinary file"
            continue
        try:
            now = parse(data)
        except BadConfig:
            yield path, "git's configuration cannot be read"
            continue
        keys = [
            *harmful(now, _before(record.kept.get(path)), inside=lambda value: _inside(record, git, value))
        ]
        if keys:
            names = ", ".join(printable(os.fsdecode(key[:100])) for key in keys[:_KEYS_SHOWN])
            yield path, f"git would act on {names}"


def _before(kept: Kept | None) -> Config | None:
    try:
        return parse(kept.data) if kept and kept.data is not None else None
    except BadConfig:
        return None


def _inside(record: Record, git: GitFolder, value: bytes) -> bool:
    """Whether the named folder is one of the tree's, and no part of git's."""
    text = os.fsdecode(value)
    target = os.path.realpath(text if text.startswith("/") else f"{git.path}/{text}")
    root = record.tree.root
    return target.startswith(root + "/") and ".git" not in target[len(root) :].split("/")


def _common(record: Record, git: GitFolder) -> Iterator[Judged]:
    path = f"{git.path}/commondir"
    if lexists(path) is not None and not _same(record, path):
        yield path, "git would take its configuration from elsewhere"


def _alternates(record: Record, git: GitFolder) -> Iterator[Judged]:
    alternates = f"{git.path}/objects/info/alternates"
    if lexists(alternates) is not None and not _same(record, alternates):
        data = read_regular(alternates, at_most=LIMITS.kept_file_bytes)
        lines = [line for line in (data or b"").splitlines() if line and not line.startswith(b"#")]
        names = [os.fsdecode(line) for line in lines]
        targets = [
            os.path.realpath(each if each[0] == "/" else f"{git.path}/objects/{each}") for each in names
        ]
        if data is None or not all(target.startswith(record.tree.root + "/") for target in targets):
            yield alternates, "git would read objects from elsewhere"


def _worktree(record: Record, git: GitFolder) -> Iterator[Judged]:
    common, back = f"{git.path}/commondir", f"{git.path}/gitdir"
    if lexists(common) is not None and not _same(record, common):
        data = read_regular(common, at_most=LIMITS.git_pointer_bytes)
        if data is None or data.rstrip(b"\n") != b"../..":
            yield common, "git would take its configuration from elsewhere"
    if lexists(back) is not None and not _same(record, back):
        data = read_regular(back, at_most=LIMITS.git_pointer_bytes)
        target = os.fsdecode((data or b"").rstrip(b"\n"))
        real = os.path.realpath(target if target.startswith("/") else f"{git.path}/{target}")
        if not target or not real.startswith(record.tree.root + "/"):
            yield back, "git would take a folder elsewhere for its worktree"


def _listed(record: Record, git: GitFolder, was: GitFolder | None, name: str) -> Iterator[Judged]:
    """New files in a folder where each acts; what ends in `.sample` does not."""
    path = f"{git.path}/{name}"
    status = lexists(path)
    if status is None:
        return
    why = _WHY_LISTED.get(name, _WHY_LISTED["remotes"])
    if name == "hooks" and stat.S_ISDIR(status.st_mode):
        stood = (
            was is not None
            and was.hooks == (status.st_dev, status.st_ino)
            and not (git.is_foreign or git.is_worktree_s)
        )
        if (stood or path in record.made) and not _filled(record, path):  # a mount was over it
            return
    if not stat.S_ISDIR(status.st_mode):
        if not _same(record, path):
            yield path, why
        return
    names = names_in(path, at_most=LIMITS.git_names)
    if names is None or len(names) > LIMITS.git_names:
        yield path, why
        return
    for each in names:
        file = f"{path}/{each}"
        if not each.endswith(".sample") and record.digests.get(file) != digest(file):
            yield file, why


def _todo(record: Record, git: GitFolder) -> Iterator[Judged]:
    """A rebase under way that would start programs when somebody goes on with it."""
    path = f"{git.path}/{TODO}"
    if record.digests.get(path) == digest(path):
        return
    data = read_regular(path, at_most=LIMITS.git_config_bytes)
    if data is None:
        if lexists(path) is not None:
            yield path, "a rebase would read it"
        return
    if any(line.split(None, 1)[:1] and line.split(None, 1)[0] in _EXECUTES for line in data.splitlines()):
        yield path, "going on with the rebase would start programs"
