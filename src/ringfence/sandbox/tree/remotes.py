"""Which repositories out there a working tree's own configuration names as its remotes.

Source: git-fetch(1), "GIT URLS".
"""

import os
from pathlib import Path
from urllib.parse import urlsplit

from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.core.patterns import pattern
from ringfence.sandbox.tree.git_config import BadConfig, parse
from ringfence.sandbox.tree.git_folders import pointed
from ringfence.sandbox.tree.reading import read_regular

__all__ = ["Remote", "remotes"]

_SHORT = pattern(r"(?:[\w.-]+@)?([\w.-]+):([^/:][^:]*)")  # user@host:path, which is SSH
_PATH = pattern(r"(?:/[\w.~-]+)+")
_NAMED = 16  # remotes of one tree that are looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """A repository at a host, whichever way its address goes there."""

    host: str  # lower case, without a port
    path: str  # /org/repo, without .git


def remotes(folder: str) -> tuple[Remote, ...]:
    """Those of the repository that holds `folder`; none where nothing can be read."""
    config = _config_of(Path(folder))
    data = None if config is None else read_regular(str(config), at_most=LIMITS.git_config_bytes)
    try:
        entries = () if data is None else parse(data).entries
    except BadConfig:
        return ()
    said = (
        each.value.decode("utf-8", "replace")
        for each in entries
        if each.section == b"remote" and each.key in (b"url", b"pushurl") and each.value
    )
    found = (_remote(each) for each in said)
    return tuple(dict.fromkeys(each for each in found if each is not None))[:_NAMED]


def _config_of(folder: Path) -> Path | None:
    try:
        here = folder.resolve()
    except (OSError, RuntimeError, ValueError):
        return None
    for each in (here, *here.parents):
        if (each / ".git").is_dir():
            return each / ".git/config"
        if (each / ".git").is_file():
            return _beside(each / ".git")
    return None


def _beside(pointer: Path) -> Path | None:
    """Of a worktree: its configuration lies where its repository is."""
    git = pointed(str(pointer))
    if git is None:
        return None
    common = read_regular(f"{git}/commondir", at_most=LIMITS.git_pointer_bytes)
    return Path(git, "" if common is None else os.fsdecode(common.strip()), "config")


def _remote(address: str) -> Remote | None:
    if "://" in address:
        try:
            parts = urlsplit(address)
            host, path = parts.hostname or "", parts.path
        except ValueError:
            return None
        if parts.scheme not in ("https", "ssh"):
            return None
    elif short := _SHORT.fullmatch(address):
        host, path = short[1].lower(), f"/{short[2]}"
    else:
        return None
    path = path.rstrip("/").removesuffix(".git")
    return Remote(host=host, path=path) if host and _PATH.fullmatch(path) else None
