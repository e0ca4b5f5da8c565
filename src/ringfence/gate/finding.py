"""Finds the documents of a policy on this machine, and takes none that somebody else could have written.

The system's and the user's document must, like every folder on the way to them and every link they lead
through, belong to root or to who is asked about, and be writable by nobody else. A working tree's document
only restricts, so anybody may have written it; it must lie in the tree, and no link leads out of it.
"""

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from ringfence.core.dataclass import dataclass
from ringfence.core.errors import ExitCode, RingfenceError
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip, printable
from ringfence.policy.files import PolicyFile
from ringfence.policy.rule import Tier

__all__ = ["NAME", "Candidate", "DocumentRefused", "Places", "Stamp", "candidates", "read", "stamp"]

NAME = "ringfence.yaml"
_TREE_DEPTH = 64  # folders from where one stands to the repository's root
_LINKS = 40  # as Linux follows

Stamp = tuple[int, int, int, int, int] | None
"""Device, inode, size, modification and change in nanoseconds; None where there is nothing."""


class DocumentRefused(RingfenceError):
    """A document that is there and is not to be relied on, or cannot be read."""

    code = ExitCode.FAILED_AS_ASKED


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where documents may be. Wiring says so; tests put in what they like."""

    system: Path
    user: Path | None
    folder: Path | None  # where one stands; None: no working tree takes part
    owners: frozenset[int]  # user ids whose files the system's document may be: root's
    user_id: int  # whose the user's may be, beside those


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One place where a document may be."""

    tier: Tier
    path: Path
    root: Path | None  # of the working tree


def candidates(places: Places) -> tuple[Candidate, ...]:
    """System, user, then the working tree's from its root down to the folder."""
    found = [Candidate(tier=Tier.SYSTEM, path=places.system, root=None)]
    if places.user is not None:
        found.append(Candidate(tier=Tier.USER, path=places.user, root=None))
    tree = tuple(_tree(places.folder)) if places.folder is not None else ()
    taken = {each.path for each in found}
    found += (
        Candidate(tier=Tier.WORKING_TREE, path=folder / NAME, root=tree[0])
        for folder in tree
        if folder / NAME not in taken
    )
    return tuple(found)


def stamp(path: Path | str) -> Stamp:
    """What changes whenever the file does; cheap."""
    try:
        status = os.stat(path)  # noqa: PTH116 - asked before every decision
    except OSError:
        return None
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def read(candidate: Candidate, places: Places) -> PolicyFile | None:
    """The document, None where there is none.

    Raises:
        DocumentRefused: it is there, and no document to rely on.
    """
    name = clip(printable(str(candidate.path)), chars=LIMITS.name_chars)
    if not os.path.lexists(candidate.path):
        return None
    if candidate.root is not None:
        if not _within(candidate.path, candidate.root):
            raise DocumentRefused(
                f"{name}: a link that leads out of the working tree", hint="put the document itself there"
            )
    else:
        owners = places.owners | ({places.user_id} if candidate.tier is Tier.USER else set())
        _check_way(candidate.path, owners, name)
    return PolicyFile(tier=candidate.tier, name=name, data=_read(candidate.path, name))


def _tree(folder: Path) -> Iterator[Path]:
    """From the root of the repository that holds `folder` down to it; the folder alone outside of any."""
    try:
        here = folder.resolve()
    except (OSError, RuntimeError):
        return
    line = [here, *here.parents][:_TREE_DEPTH]
    for depth, each in enumerate(line):
        if os.path.lexists(each / ".git"):
            yield from reversed(line[: depth + 1])
            return
    yield here


def _within(path: Path, root: Path) -> bool:
    try:
        return path.resolve(strict=True).is_relative_to(root)
    except (OSError, RuntimeError):
        return False


def _check_way(path: Path, owners: frozenset[int] | set[int], name: str) -> None:
    """Follows every link by itself, so that no folder is passed that was not looked at."""
    rest, at, links = list(path.parts[1:]), Path(path.anchor), 0
    try:
        _check_one(at, at.lstat(), owners, name)
        while rest:
            part = rest.pop(0)
            if part == "..":
                at = at.parent
                continue
            status = (at / part).lstat()
            _check_one(at / part, status, owners, name)
            if stat.S_ISLNK(status.st_mode):
                links += 1
                if links > _LINKS:
                    raise OSError(errno.ELOOP, "too many links")
                target = (at / part).readlink()
                at = Path(target.anchor) if target.is_absolute() else at
                rest = [*target.parts[1 if target.is_absolute() else 0 :], *rest]
            else:
                at /= part
    except OSError as error:
        raise _unreadable(name, error) from error


def _check_one(at: Path, status: os.stat_result, owners: frozenset[int] | set[int], name: str) -> None:
    """In a folder like /tmp everybody makes things, and nobody moves another's."""
    shown = clip(printable(str(at)), chars=LIMITS.name_chars)
    if status.st_uid not in owners and status.st_uid != 0:
        raise DocumentRefused(
            f"{name}: {shown} belongs to somebody else who could change the policy",
            hint="it must belong to root, or a user's document to that user",
        )
    if stat.S_ISLNK(status.st_mode):
        return
    writable = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if writable and not (stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX):
        raise DocumentRefused(f"{name}: others can write to {shown}", hint=f"run: chmod go-w {shown}")


def _read(path: Path, name: str) -> bytes:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        raise _unreadable(name, error) from error
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise DocumentRefused(
                f"{name}: not a regular file", hint="a policy is one file: ringfence policy init"
            )
        with os.fdopen(fd, "rb", closefd=False) as file:
            return file.read(LIMITS.policy_bytes + 1)  # one more, so that the reader of documents says so
    except OSError as error:
        raise _unreadable(name, error) from error
    finally:
        os.close(fd)


def _unreadable(name: str, error: OSError) -> DocumentRefused:
    return DocumentRefused(
        f"{name}: it cannot be read: {os.strerror(error.errno or errno.EIO).lower()}",
        hint="make it a file that you may read, or remove it",
    )
