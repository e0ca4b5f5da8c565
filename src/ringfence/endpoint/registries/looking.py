"""Settings of package managers, read from places that no box can have written, and what they say.

A file counts where it is root's or the user's, nobody else may write it, and neither it nor a link on the way
to it lies in the working tree or in what ringfence keeps of boxes. Nothing is executed.
"""

import os
import re
import stat
from collections.abc import Iterator, Mapping
from enum import StrEnum
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.core.redaction import redact, redact_name
from ringfence.core.registries import Registry
from ringfence.core.text import clip, printable
from ringfence.endpoint.home import Home
from ringfence.endpoint.opening import NotOpened, opened

__all__ = ["Looking", "Role", "Said", "file_registry", "registry_of"]

_LINKS = 40  # as the kernel follows
_LETTERS = re.compile(r"[!-~]{1,2000}")
_SECRET = "*"  # in the place of a part of a path  # noqa: S105 - a pattern
_PORTS = {"https": 443, "http": 80}


class Role(StrEnum):
    """What a package manager does with an address."""

    INDEX = "index"  # asks it first, instead of its own
    EXTRA = "extra"  # asks it too
    FILES = "files"  # fetches from there what an index names


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An address as it is written somewhere. It may hold a secret."""

    program: str
    role: Role
    address: str
    file: str  # harmless to print
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Looking:
    """Where to look."""

    home: Home  # the running user's own, with the environment
    root: Path  # `/` on a running machine
    never: tuple[str, ...]  # folders, without links, that boxes write
    owners: frozenset[int]  # whose files count, by user id
    python: str = ""  # what this program's own Python is installed in

    @property
    def environment(self) -> Mapping[str, str]:
        """The user's."""
        return self.home.environment

    def variable(self, program: str, role: Role, *names: str) -> Iterator[Said]:
        """The addresses in those variables, which hold one or several with spaces between them."""
        for name in names:
            for each in self.environment.get(name, "").split()[: LIMITS.registries]:
                yield Said(program=program, role=role, address=each, file=f"${name}", line=1)

    def text(self, path: Path) -> str | None:
        """What the file says; None where it may not be believed, cannot be read, or is too long."""
        real = self._followed(str(path))
        if real is None:
            return None
        try:
            with opened(Path(real)) as fd:
                status = os.fstat(fd)
                if status.st_uid not in self.owners or status.st_mode & stat.S_IWOTH:
                    return None
                with open(fd, "rb", closefd=False) as file:
                    data = file.read(LIMITS.registry_settings_bytes + 1)
        except (NotOpened, OSError):
            return None
        if len(data) > LIMITS.registry_settings_bytes:
            return None
        return data.decode("utf-8-sig", "replace")

    def named(self, path: Path) -> str:
        """The file as people write it."""
        home = self.home.path
        short = f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)
        return clip(printable(short), chars=LIMITS.name_chars)

    def each(self, *places: str) -> Iterator[Path]:
        """What lies at these places, which are below the home (`~/`), its data (`data:`) or the root.

        `*` stands for any name.
        """
        for place in places:
            base, rest = self.root, place
            if place.startswith("~/"):
                base, rest = self.home.path, place[2:]
            elif place.startswith("data:"):
                base, rest = self.home.xdg("XDG_DATA_HOME", ".local/share"), place[5:]
            yield from sorted(islice(base.glob(rest), LIMITS.registry_places))

    def _followed(self, path: str) -> str | None:
        """Where the path leads, link by link; None where a box has a say in that."""
        done, ahead, links = "/", path.split("/")[::-1], 0
        while ahead:
            part = ahead.pop()
            if part in ("", "."):
                continue
            if part == "..":
                done = os.path.dirname(done)  # noqa: PTH120 - `done` has no links, and stays text
                continue
            here = f"{done.rstrip('/')}/{part}"
            if any(here == each or here.startswith(f"{each.rstrip('/')}/") for each in self.never):
                return None
            try:
                link = os.readlink(here)  # noqa: PTH115 - `here` stays text
            except (OSError, ValueError):
                done = here
                continue
            links += 1
            if links > _LINKS:
                return None
            done = "/" if link.startswith("/") else done
            ahead += link.split("/")[::-1]
        return done


def registry_of(said: Said, *, below: str | None = None) -> Registry | None:
    """The registry at that address; None where it is none that is reached by HTTP.

    `below` takes the place of the address's own path. User, password, parameters and fragment are left out,
    and a part of the path that looks like a secret is whatever stands there.
    """
    if not _LETTERS.fullmatch(said.address) or _SECRET in said.address:
        return None
    try:
        parts = urlsplit(said.address)
        host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)
        path = parts.path if below is None else below
        return Registry(
            program=said.program,
            host=host.removesuffix("."),
            port=port,
            path="".join(f"/{_shown(each)}" for each in path.split("/") if each),
            file=said.file,
            line=said.line,
        )
    except ValueError:
        return None


def file_registry(said: Said) -> Registry | None:
    """Where the files lie that an index of this address names: beside it, on most servers.

    An index at /python/simple has them below /python, one at /simple anywhere.
    """
    path = urlsplit(said.address).path.rstrip("/") if _LETTERS.fullmatch(said.address) else ""
    folder, _, last = path.rpartition("/")
    return registry_of(said, below=folder if last in ("simple", "+simple") else path)


def _shown(part: str) -> str:
    is_open = redact((part,)) == (part,) and redact_name(part) == part
    return part if is_open else _SECRET
