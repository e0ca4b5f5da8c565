"""Takes over what a box changed of branches into git's configuration on the host. Nothing else flows back.

The file is replaced under git's own lock. The draft and the lock are one file with two names: whoever comes
after a kill sees by it that the lock is its own, and no lock of ours stays behind.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ringfence.core.limits import LIMITS
from ringfence.core.text import printable
from ringfence.sandbox.tree import record
from ringfence.sandbox.tree.git_config import BadConfig, Config, parse
from ringfence.sandbox.tree.git_rules import cut, flowed, stays_behind
from ringfence.sandbox.tree.mounts import copies
from ringfence.sandbox.tree.reading import folder_in, read_at, read_regular
from ringfence.sandbox.tree.record import Record
from ringfence.sandbox.tree.tree import GitFolder, Refused, Swept, Trouble

__all__ = ["flow_back"]

_LOCK = "config.lock"
_NAMES_SHOWN = 10
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class _Stays(Exception):
    """Nothing flows back from one copy; the message says why."""


def flow_back(session: Path) -> Swept:
    """Writes what changed of branches, and says which other keys were set in the box and did not leave it.

    Call it after `sweep`. May be killed at any point and called again: the end is the same.

    Raises:
        StateRefused: the session's folder is not as ringfence made it.
    """
    before = record.read(session)
    refused: list[Refused] = []
    troubles: list[Trouble] = []
    for number, git in copies(before.tree) if before else ():
        path = f"{git.path}/config"
        try:
            refused.extend(_one(before, git, session / "git" / str(number) / "config", session.name))
        except BadConfig:
            troubles.append(Trouble(path=path, why="a configuration cannot be read: nothing flows back"))
        except (_Stays, OSError) as error:
            why = os.strerror(error.errno or 0).lower() if isinstance(error, OSError) else str(error)
            troubles.append(Trouble(path=path, why=f"nothing flows back: {why}"))
    return Swept(refused=tuple(refused), troubles=tuple(troubles))


def _one(before: Record | None, git: GitFolder, copy: Path, session: str) -> Iterator[Refused]:
    kept = before.kept.get(f"{git.path}/config") if before else None
    data = read_regular(str(copy), at_most=LIMITS.git_config_bytes)
    if before is None or kept is None or kept.data is None or data is None:
        raise _Stays("the private copy is gone, or no ordinary file")
    given, left = parse(cut(parse(kept.data))), parse(data)
    if [(e.name, e.value) for e in given.entries] == [(e.name, e.value) for e in left.entries]:
        return
    folder = folder_in(git.path if git.is_outside else before.tree.root, git.path)
    try:
        status = os.fstat(folder)
        if (status.st_dev, status.st_ino) != git.id:
            raise _Stays("git's folder was exchanged for another")
        host = _replaced(folder, given, left, f"config.ringfence-{session}")
    finally:
        os.close(folder)
    behind = [printable(os.fsdecode(name[:200])) for name in stays_behind(given, left, host)]
    if behind:
        more = f" and {len(behind) - _NAMES_SHOWN} more" if len(behind) > _NAMES_SHOWN else ""
        why = f"set in the box only: {', '.join(behind[:_NAMES_SHOWN])}{more}"
        yield Refused(path=f"{git.path}/config", why=why, kept=None)


def _replaced(folder: int, given: Config, left: Config, draft: str) -> Config:
    """The host's configuration, after it was replaced where that was needed."""
    _forget(folder, draft)
    fd = os.open(draft, _NEW, 0o600, dir_fd=folder)
    try:
        try:
            os.link(draft, _LOCK, src_dir_fd=folder, dst_dir_fd=folder)
        except FileExistsError:
            raise _Stays("git holds its lock on the configuration") from None
        host, text = _wanted(folder, given, left)
        if text is not None:
            _fill(fd, text, os.stat("config", dir_fd=folder, follow_symlinks=False))
            os.rename(_LOCK, "config", src_dir_fd=folder, dst_dir_fd=folder)
        return host
    finally:
        os.close(fd)
        _forget(folder, draft)


def _wanted(folder: int, given: Config, left: Config) -> tuple[Config, bytes | None]:
    data = read_at("config", folder, at_most=LIMITS.git_config_bytes)
    if data is None:
        raise _Stays("git's configuration is gone, or no ordinary file")
    host = parse(data)
    return host, flowed(given, left, host)


def _fill(fd: int, text: bytes, like: os.stat_result) -> None:
    with os.fdopen(fd, "wb", closefd=False) as file:
        file.write(text)
    if os.geteuid() == 0:
        os.fchown(fd, like.st_uid, like.st_gid)
    os.fchmod(fd, stat.S_IMODE(like.st_mode))
    os.fsync(fd)


def _forget(folder: int, draft: str) -> None:
    """Removes the draft, and the lock where it is the same file."""
    with suppress(FileNotFoundError):
        ours = os.stat(draft, dir_fd=folder, follow_symlinks=False)
        with suppress(FileNotFoundError):
            lock = os.stat(_LOCK, dir_fd=folder, follow_symlinks=False)
            if (lock.st_dev, lock.st_ino) == (ours.st_dev, ours.st_ino):
                os.unlink(_LOCK, dir_fd=folder)
        os.unlink(draft, dir_fd=folder)
