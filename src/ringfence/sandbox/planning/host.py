"""What a plan has to know of this machine: values, and its files behind a protocol, so that tests make both."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

__all__ = ["Account", "Files", "Host", "Kind", "joined_path", "parts_of", "within"]


class Kind(StrEnum):
    """What stands at a path; links are not followed."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    OTHER = "other"  # a socket, pipe or device


class Files(Protocol):
    """The host's files, as far as this user may look. What cannot be looked at is not there."""

    def kind(self, path: str) -> Kind | None:
        """What stands there; None when nothing does."""

    def link(self, path: str) -> str:
        """Where a link leads, as it says so; empty when it cannot be read."""

    def names(self, path: str) -> tuple[str, ...]:
        """What is in a folder, sorted; nothing when it cannot be listed."""

    def owner(self, path: str) -> tuple[int, int] | None:
        """User and group, with links followed."""

    def is_executable(self, path: str) -> bool:
        """Whether this user may start the file, with links followed."""

    def filesystem(self, path: str) -> str | None:
        """What kind of filesystem it lies on, such as ext4 or nfs; None when that is unknown."""

    def is_writable(self, path: str) -> bool:
        """Whether this user may make files in the folder, and its filesystem lets anybody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One user of the host."""

    uid: int
    gid: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """This machine, and who asks."""

    files: Files
    user: Account  # who runs ringfence
    accounts: tuple[Account, ...] = ()  # others whose names are known
    home: str  # as the environment names it, absolute
    state: tuple[str, ...]  # ringfence's own folders: state, settings, cache
    sockets: tuple[str, ...] = ()  # that the user's environment names: of keyrings, agents, displays
    landlock: int | None = field(default=None)  # ABI; None: the kernel has none


def parts_of(path: str) -> list[str]:
    """The names on the way to an absolute path."""
    return [each for each in path.split("/") if each]


def joined_path(folder: str, name: str) -> str:
    """A name in a folder, the root among them."""
    return f"/{name}" if folder == "/" else f"{folder}/{name}"


def within(path: str, folder: str) -> bool:
    """Whether an absolute path is `folder` or lies below it."""
    return folder in ("/", path) or path.startswith(f"{folder}/")
