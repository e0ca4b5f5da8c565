"""What somebody wants to run, and what comes of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ringfence.sandbox.plan import Layer, Mount, Plan, Why

__all__ = ["Planned", "Reason", "Wanted", "Withheld", "WorkingTree"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingTree:
    """The folder that the box is for."""

    path: str  # absolute, without links
    named: str  # as the user knows it: the same, or a way there that leads through links
    is_repository: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A command, and what else is known when it is typed."""

    session: str
    agent: str  # the profile's name; empty for a command that is no agent
    argv: tuple[str, ...]  # not empty
    folder: str  # where the user stands, absolute, within the working tree
    environment: Mapping[str, str]  # the user's, the whole of it
    session_folder: str  # absolute; its `home` is the box's, owned by the command's identity
    tree: WorkingTree
    git_folders: tuple[str, ...] = ()  # of a worktree: what lies elsewhere and is given with it
    protections: tuple[Mount, ...] = ()  # of the working tree; they stand over all that is given
    must_hide: tuple[str, ...] = ()
    must_keep: tuple[str, ...] = ()
    may_lack: frozenset[Layer] = frozenset()


class Reason(StrEnum):
    """Why something that the policy names is not given."""

    ASKED = "an operator is asked"
    ABSENT = "there is no such file"
    BARE_FOLDER = "a folder, whose files are meant by /**"
    CREDENTIALS = "credentials are never given"


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """Something that the policy names and the box does not have at its start."""

    path: str  # or the pattern
    reason: Reason
    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """The plan, and what is left out of it."""

    plan: Plan
    withheld: tuple[Withheld, ...]
