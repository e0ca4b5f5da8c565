"""What a look at a working tree found, and what was refused later, as values. Paths are absolute text."""

from ringfence.core.dataclass import dataclass
from ringfence.core.errors import RingfenceError
from ringfence.sandbox.tree.protected import Care

__all__ = ["GitFolder", "Id", "Protected", "Refused", "Secret", "Swept", "Tree", "TreeRefused", "Trouble"]

Id = tuple[int, int]
"""Device and inode."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Protected:
    """Something under a name that acts, or that is told of."""

    path: str
    care: Care
    why: str
    id: Id
    is_folder: bool = False
    link: str | None = None  # where it leads, if it is a symbolic link


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A file that a box sees empty."""

    path: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GitFolder:
    """A git directory: `.git`, a bare repository, a submodule's, or the part of one that is a worktree's."""

    path: str
    id: Id
    config: bool  # whether `config` is there, as a regular file
    hooks: Id | None  # of the folder `hooks`
    acting: tuple[str, ...]  # what is there of the other files that lead git elsewhere
    is_outside: bool = False  # it lies beside the tree, which is a worktree of it, and is given to the box
    is_foreign: bool = False  # it belongs to something installed, which may be removed: nothing is mounted
    is_worktree_s: bool = False  # it has no configuration of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What could not be looked at or cannot be protected. Whoever starts a box says so, or refuses."""

    path: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A working tree as it was. What is listed is sorted by path."""

    root: str
    id: Id
    git: tuple[GitFolder, ...]
    protected: tuple[Protected, ...]  # KEEP and HOLD; those within another are not listed
    told: tuple[Protected, ...]  # TELL
    missing: tuple[str, ...]  # folders that are not there and that a box may not make
    secrets: tuple[Secret, ...]
    sockets: tuple[str, ...]  # of programs outside: whoever reaches one speaks with its program
    aside: str | None  # where earlier runs' refused changes lie
    closed: tuple[str, ...]  # folders that could not be looked into: a box must not see them either
    setuid: tuple[str, ...]
    leads_out: int  # symbolic links that lead out of the tree
    folders: int
    unread: int  # configuration files that were not searched for secrets, because there are so many
    troubles: tuple[Trouble, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A change that a run left behind and that does not stay."""

    path: str
    why: str
    kept: str | None  # where it lies now; None when it stayed and only lost its power, or is only told of
    is_restored: bool = False  # what was there before is there again


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What a run left behind. With troubles, something may have been missed: whoever reports says so."""

    refused: tuple[Refused, ...]
    troubles: tuple[Trouble, ...] = ()


class TreeRefused(RingfenceError):
    """The working tree cannot be given to a box as it is."""
