"""What somebody wants to run, and what comes of it."""

from collections.abc import Mapping
from enum import StrEnum

from ringfence.core.dataclass import dataclass
from ringfence.sandbox.plan import Command, Layer, Mount, Plan, Why
from ringfence.sandbox.planning.host import Kind

__all__ = [
    "HomePlace",
    "Planned",
    "Reason",
    "Wanted",
    "WantedHome",
    "WantedNetwork",
    "Withheld",
    "WorkingTree",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingTree:
    """The folder that the box is for."""

    path: str  # absolute, without links
    named: str  # as the user knows it: the same, or a way there that leads through links
    is_repository: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedNetwork:
    """That the box's sockets are handed out, and what goes with that."""

    ca_pem: str  # the session's own authority
    ports: tuple[int, ...] = ()  # that the policy names
    own_ports: tuple[int, ...] = ()  # of the loopback that lead to the host's
    environment: tuple[tuple[str, str], ...] = ()  # variables with placeholders
    files: tuple[tuple[str, str], ...] = ()  # of logins, with placeholders: path below the home, content


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedHome:
    """A home that the policy lets be kept."""

    folder: str  # absolute; of the host, owned by the command's identity
    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A command, and what else is known when it is typed."""

    session: str
    agent: str  # the profile's name; empty for a command that is no agent
    argv: tuple[str, ...]  # not empty
    folder: str  # where the user stands, absolute, within the working tree
    environment: Mapping[str, str]  # the user's, the whole of it
    session_folder: str  # absolute; its `home` is the box's, owned by the command's identity, or `home` is
    tree: WorkingTree
    protections: tuple[Mount, ...] = ()  # what stands over the working tree, and what goes with it
    must_hide: tuple[str, ...] = ()
    must_keep: tuple[str, ...] = ()
    may_lack: frozenset[Layer] = frozenset()
    network: WantedNetwork | None = None
    home: WantedHome | None = None


class Reason(StrEnum):
    """Why something that the policy names is not given."""

    ASKED = "an operator is asked"
    ABSENT = "there is no such file"
    BARE_FOLDER = "a folder, whose files are meant by /**"
    DENIED = "the policy denies it"
    LINK = "a link leads elsewhere, and no rule is for that place"
    CREDENTIALS = "credentials are never given"


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """Something that the policy names and the box does not have at its start."""

    path: str  # or the pattern
    reason: Reason
    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class HomePlace:
    """Something that must be in the session's home before the box stands: a mount point, or a link."""

    path: str  # below the home
    kind: Kind
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """The box, its command, what is left out, and what must be made first."""

    plan: Plan
    command: Command
    withheld: tuple[Withheld, ...]
    home_places: tuple[HomePlace, ...]  # those above come first
