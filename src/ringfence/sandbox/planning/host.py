"""What a plan has to know of this machine: values, and files behind a protocol, so that tests make both."""

from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

from ringfence.core.dataclass import dataclass

__all__ = [
    "BUNDLES",
    "Account",
    "Files",
    "Host",
    "Kind",
    "Way",
    "ancestors",
    "followed",
    "joined_path",
    "parts_of",
    "within",
]

BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
    "/etc/ssl/ca-bundle.pem",
)
"""Where systems have the authorities that they trust, each a file or a link to one."""

_LINKS = 40  # as Linux follows


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

    def entries(self, path: str) -> tuple[tuple[str, Kind], ...]:
        """What is in a folder, sorted by name; nothing when it cannot be listed."""

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
    account: Callable[[int], Account | None]  # by user id
    home: str  # as the environment names it, absolute
    state: tuple[str, ...]  # ringfence's own folders: state, settings, cache
    sockets: tuple[str, ...] = ()  # that the user's environment names: of keyrings, agents, displays
    listening: tuple[str, ...] = ()  # sockets that programs have now, anywhere, by paths without links
    authorities: Callable[[], bytes] = bytes  # the system's, as PEM; nothing where none are found


def parts_of(path: str) -> list[str]:
    """The names on the way to an absolute path."""
    return [each for each in path.split("/") if each]


def joined_path(folder: str, name: str) -> str:
    """A name in a folder, the root among them."""
    return f"/{name}" if folder == "/" else f"{folder}/{name}"


def ancestors(path: str) -> list[str]:
    """The folders above an absolute path, the root left out."""
    found, at = [], ""
    for name in parts_of(path)[:-1]:
        at = f"{at}/{name}"
        found.append(at)
    return found


def within(path: str, folder: str) -> bool:
    """Whether an absolute path is `folder` or lies below it."""
    return folder in ("/", path) or path.startswith(f"{folder}/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Where a path leads once all links on the way are followed."""

    path: str
    links: tuple[
        tuple[str, str], ...
    ] = ()  # those that were followed, without links before them: where, whereto


def followed(path: str, kind: Callable[[str], Kind | None], link: Callable[[str], str]) -> Way | None:
    """The way of an absolute path; None when something on it is not there, or it leads in a circle."""
    at, left = "/", _steps(path)
    links: list[tuple[str, str]] = []
    while left:
        name = left.pop()
        if name == "..":
            at = at.rpartition("/")[0] or "/"
            continue
        step = joined_path(at, name)
        match kind(step):
            case None:
                return None
            case Kind.LINK:
                text = link(step)
                links.append((step, text))
                if not text or len(links) > _LINKS:
                    return None
                at = "/" if text.startswith("/") else at
                left += _steps(text)
            case Kind.FOLDER:
                at = step
            case _ if left:
                return None
            case _:
                at = step
    return Way(path=at, links=tuple(links))


def _steps(path: str) -> list[str]:
    """The names on the way, the last first."""
    return [each for each in parts_of(path)[::-1] if each != "."]
