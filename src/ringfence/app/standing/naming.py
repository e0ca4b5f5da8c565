"""Paths that name nobody, for records: what a home is called is a pseudonym there.

`/home/ann/models/a.gguf` is told as `/home/~subject-1f…/models/a.gguf`. Who has the key that pseudonyms are
made with can tell whether one is a certain person's; without it they only say that two are the same.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import field
from pathlib import Path, PurePosixPath

from ringfence.core.dataclass import dataclass
from ringfence.core.text import printable

__all__ = ["Paths"]

_ABOVE_HOMES = frozenset({"home", "Users"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """Tells paths of one machine, links on the way followed. `subject_of` gives an account's pseudonym."""

    own_home: Path  # of whoever runs this, wherever it lies
    own_account: str
    subject_of: Callable[[str], str]
    _folders: dict[Path, str] = field(default_factory=dict)

    def told(self, path: Path) -> str:
        """The path as it is recorded. What the last part may link to is not followed."""
        folder = path.parent
        if folder not in self._folders:
            self._folders[folder] = self._named(os.path.realpath(folder))
        return printable(os.path.join(self._folders[folder], path.name) if path.name else "/")  # noqa: PTH118

    def told_whole(self, path: Path) -> str:
        """As `told`, with the last part followed too: for folders that others lie in."""
        return printable(self._named(os.path.realpath(path)))

    def is_gone(self, told: str) -> bool | None:
        """Whether nothing is there any more; None when that cannot be found out."""
        own = PurePosixPath(os.path.realpath(self.own_home))
        path = told.replace(self._pseudonym(self.own_account), own.name)
        if "/~subject-" in path or "\\" in path:  # somebody else's, or spelled out
            return None
        try:
            os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            return True
        except (OSError, ValueError):
            return None
        return False

    def _named(self, path: str) -> str:
        own = os.path.realpath(self.own_home)
        if own != "/" and (path == own or path.startswith(f"{own}/")):
            above = os.path.dirname(own)  # noqa: PTH120
            named = os.path.join(above, self._pseudonym(self.own_account))  # noqa: PTH118
            return named + path[len(own) :]
        return "/".join(self._parts(path.split("/")))

    def _parts(self, parts: list[str]) -> Iterator[str]:
        before = ""
        for part in parts:
            yield self._pseudonym(part) if before in _ABOVE_HOMES and part else part
            before = part

    def _pseudonym(self, account: str) -> str:
        return f"~{self.subject_of(account)}"
