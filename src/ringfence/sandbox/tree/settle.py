"""Puts a working tree in order when its box is gone: after the run, or at the next one when it was killed.

`prepare` comes before the box, then in this order `sweep`, `flow_back`, `forget`. Each may be killed at any
point and called again: the end is the same. None may be called while the session's box is there.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from ringfence.core.text import printable
from ringfence.sandbox.tree import moving, record
from ringfence.sandbox.tree.git_config import BadConfig, parse
from ringfence.sandbox.tree.git_rules import cut
from ringfence.sandbox.tree.judging import changed_words, unwelcome
from ringfence.sandbox.tree.look import look
from ringfence.sandbox.tree.mounts import copies
from ringfence.sandbox.tree.reading import lexists
from ringfence.sandbox.tree.record import Record
from ringfence.sandbox.tree.refusals import Refusals, listed
from ringfence.sandbox.tree.tree import Refused, Swept, Tree, TreeRefused, Trouble

__all__ = ["forget", "prepare", "sweep"]

_OPENED = 64  # rounds of opening folders that nobody could look into, one within the other
_PASSES = 4  # looks until nothing more is found: what was moved may have hidden something


def prepare(tree: Tree, session: Path) -> None:
    """Makes what `mounts` needs: a record of what is there, the private copies, the folders that are missing.

    Raises:
        TreeRefused: git's configuration cannot be read, or a folder cannot be made.
        StateRefused: the session's folder cannot be written.
    """
    earlier = record.read(session)
    left_over = earlier.made if earlier else ()
    made = {*tree.missing, *(path for path in left_over if _is_empty_folder(path))}
    taken = record.taken(tree, sorted(made))
    record.write(session, taken)
    for number, git in copies(tree):
        path = f"{git.path}/config"
        kept = taken.kept.get(path)
        try:
            data = cut(parse(kept.data)) if kept and kept.data is not None else None
        except BadConfig:
            data = None
        if data is None:
            raise TreeRefused(
                f"{printable(path)}: git's configuration cannot be read",
                hint="see what git says: git config --list",
            )
        _write_copy(session / "git" / str(number), data, (kept.uid, kept.gid) if kept else None)
    for path in tree.missing:
        try:
            moving.make(_anchor(tree, path), path)
        except OSError as error:
            raise TreeRefused(
                f"{printable(path)}: it cannot be made: {os.strerror(error.errno or 0).lower()}",
                hint="it changed just now: try again",
            ) from error


def sweep(session: Path, *, cache: Path | None, now_ns: int) -> Swept:
    """Moves out of the way what the run left under names that act, and says what it was.

    `now_ns` is the time since 1970. Nothing is done when there is nothing to be put in order.

    Raises:
        StateRefused: the session's folder is not as ringfence made it.
    """
    before = record.read(session)
    if before is None:
        return Swept(refused=listed(session / "refused"))
    refusals = Refusals(folder=session / "refused", record=before, stamp=f"{now_ns:x}")
    troubles: dict[Trouble, None] = {}
    _do(troubles, before.tree.root, refusals.finish)
    after = _opened(before, cache, now_ns, refusals, troubles)
    for _ in range(_PASSES):
        found = list(unwelcome(before, after)) if after else []
        for path, why in found:
            _do(troubles, path, partial(refusals.refuse, path, why))
        if not found or not after:
            break
        after = _opened(before, cache, now_ns, refusals, troubles)
    others = [*_put_back_configs(before, refusals, troubles)]
    if after is not None:
        others.extend(_without_setuid(before, after, refusals, troubles))
        others.extend(
            Refused(path=path, why=f"changed: {why}", kept=None) for path, why in changed_words(before, after)
        )
        known = set(before.tree.troubles)
        troubles |= dict.fromkeys(each for each in after.troubles if each not in known)
    return Swept(refused=(*listed(refusals.folder), *others), troubles=tuple(troubles))


def forget(session: Path) -> None:
    """Removes what stood there for the run only, and the private copies. What was refused stays."""
    before = record.read(session)
    if before is not None:
        for path in sorted(before.made, reverse=True):
            moving.remove_empty(_anchor(before.tree, path), path)
        record.forget(session)
    for copy in (session / "git").glob("*"):
        import shutil  # few trees have a repository that is copied

        shutil.rmtree(copy, ignore_errors=True)


def _opened(
    before: Record, cache: Path | None, now_ns: int, refusals: Refusals, troubles: dict[Trouble, None]
) -> Tree | None:
    """The tree as it is now. What a run closed is opened, so that nothing hides in it."""
    root = Path(before.tree.root)
    tried = set(before.tree.closed)
    for _ in range(_OPENED):
        try:
            after = look(root, cache=cache, now_ns=now_ns, known=before.tree.git)
        except OSError as error:
            why = f"it cannot be looked at: {os.strerror(error.errno or 0).lower()}"
            troubles[Trouble(path=str(root), why=why)] = None
            return None
        closed = [path for path in after.closed if path not in tried]
        if not closed:
            return after
        for path in closed:
            tried.add(path)
            _do(troubles, path, partial(moving.open_up, refusals.anchor(path), path))
    return after


def _do(troubles: dict[Trouble, None], path: str, act: Callable[[], None]) -> None:
    try:
        act()
    except FileNotFoundError:
        return
    except OSError as error:
        why = f"it cannot be put in order: {os.strerror(error.errno or 0).lower()}"
        troubles[Trouble(path=path, why=why)] = None


def _put_back_configs(before: Record, refusals: Refusals, troubles: dict[Trouble, None]) -> Iterator[Refused]:
    for git in before.tree.git:
        path = f"{git.path}/config"
        kept, status = before.kept.get(path), lexists(git.path)
        there = status is not None and (status.st_dev, status.st_ino) == git.id
        if kept and kept.data is not None and there and lexists(path) is None:
            _do(troubles, path, partial(moving.put_back, refusals.anchor(path), path, kept))
            yield Refused(path=path, why="git's configuration was gone", kept=None, is_restored=True)


def _without_setuid(
    before: Record, after: Tree, refusals: Refusals, troubles: dict[Trouble, None]
) -> Iterator[Refused]:
    for path in sorted(set(after.setuid) - set(before.tree.setuid)):
        _do(troubles, path, partial(moving.take_setuid, refusals.anchor(path), path))
        yield Refused(path=path, why="whoever starts it would run as its owner", kept=None)


def _anchor(tree: Tree, path: str) -> str:
    outside = sorted((git.path for git in tree.git if git.is_outside), key=len)
    return next((each for each in outside if path.startswith(each + "/")), tree.root)


def _is_empty_folder(path: str) -> bool:
    try:
        with os.scandir(path) as entries:
            return next(entries, None) is None and not Path(path).is_symlink()
    except OSError:
        return False


def _write_copy(folder: Path, data: bytes, owner: tuple[int, int] | None) -> None:
    import shutil

    with suppress(FileNotFoundError):
        shutil.rmtree(folder)
    folder.mkdir(mode=0o700, parents=True)
    fd = os.open(folder / "config", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(data)
    if owner and os.geteuid() == 0:
        os.chown(folder, *owner)
        os.chown(folder / "config", *owner)
