"""Turns a place as the tables write it into paths of one home.

A place begins with what it lies in: `~/` the home, `$NAME/` the folder an environment variable names,
`config:`, `data:` and `cache:` what the home's system offers applications, `xdg-config:` and `xdg-data:` the
XDG folders, which some programs use on every system. `*` stands for names that do not begin with a dot.
"""

import os
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip, printable
from ringfence.endpoint.folders import real_path
from ringfence.endpoint.home import Home
from ringfence.endpoint.opening import refusal

__all__ = ["below", "names", "places", "shown", "status"]


def places(home: Home, place: str) -> Iterator[Path | Skipped]:
    """Every path that `place` stands for in this home. Those without `*` need not exist."""
    base = _base(home, place)
    if base is not None:
        yield from below(*base, home=home)


def below(folder: Path, pattern: str, *, home: Home | None = None) -> Iterator[Path | Skipped]:
    """Every path below `folder` that fits `pattern`, whose parts may hold `*`: sorted, just as deep.

    Without `*` in the pattern the path need not exist. `home` is as for `status`.
    """
    part, _, rest = pattern.partition("/")
    if not part:
        yield folder
    elif "*" not in part:
        yield from below(folder / part, rest, home=home)
    else:
        for name in names(folder, home):
            if isinstance(name, Skipped):
                yield name
            elif fnmatchcase(name, part) and (part.startswith(".") or not name.startswith(".")):
                yield from below(folder / name, rest, home=home)


def names(folder: Path, home: Home | None = None) -> Iterator[str | Skipped]:
    """The names in `folder`, sorted; none when there is no such folder; at most `limits.folder_entries`.

    `home` is as for `status`.
    """
    found: list[str] = []
    try:
        if home and _is_astray(folder, home):
            yield _astray(folder, "folder")
            return
        with os.scandir(folder) as entries:
            for entry in entries:
                if len(found) == LIMITS.folder_entries:
                    reason = f"only the first {LIMITS.folder_entries} names were looked at"
                    yield Skipped(kind="folder", subject=printable(str(folder)), reason=reason)
                    break
                found.append(entry.name)
    except (OSError, ValueError) as error:
        refused = refusal(error)
        if not refused.missing:
            yield Skipped(kind="folder", subject=printable(str(folder)), reason=refused.reason)
    yield from sorted(found)


def status(path: Path, home: Home | None = None) -> os.stat_result | Skipped | None:
    """What lies at `path`, symbolic links followed; None when nothing does; or why nobody can tell.

    A `home` of somebody else, or from elsewhere, cannot make its reader look at what is not its owner's by a
    link: that is skipped.
    """
    try:
        if home and _is_astray(path, home):
            return _astray(path, "file")
        return path.stat()
    except (OSError, ValueError) as error:
        refused = refusal(error)
        if refused.missing:
            return None
        return Skipped(kind="file", subject=printable(str(path)), reason=refused.reason)


def _is_astray(path: Path, home: Home) -> bool:
    """Whether links lead from that home's `path` to what its owner cannot have meant to show.

    Raises:
        OSError, ValueError: nothing lies there, or nobody can tell.
    """
    owner = home.path.stat().st_uid
    if owner == os.geteuid() and not home.elsewhere:
        return False
    real = Path(real_path(str(path)))
    if real.is_relative_to(real_path(str(home.path))):
        return False
    return home.elsewhere or real.stat().st_uid != owner


def _astray(path: Path, kind: str) -> Skipped:
    reason = "leads out of the home, to something of somebody else"
    return Skipped(kind=kind, subject=printable(str(path)), reason=reason)


def shown(path: Path, home: Home | None) -> str:
    """The path as people write it: `~/…` within the home; harmless to print."""
    short = f"~/{path.relative_to(home.path)}" if home and path.is_relative_to(home.path) else str(path)
    return clip(printable(short), chars=LIMITS.name_chars)


def _base(home: Home, place: str) -> tuple[Path, str] | None:
    if place.startswith("~/"):
        return home.path, place[2:]
    if place.startswith("$"):
        variable, _, rest = place[1:].partition("/")
        folder = home.variable(variable)
        return (folder, rest) if folder else None
    kind, _, rest = place.partition(":")
    application, _, rest = rest.partition("/")
    match kind:
        case "config":
            return home.config(application), rest
        case "data":
            return home.data(application), rest
        case "cache":
            return home.cache(application), rest
        case "xdg-config":
            return home.xdg("XDG_CONFIG_HOME", ".config") / application, rest
        case "xdg-data":
            return home.xdg("XDG_DATA_HOME", ".local/share") / application, rest
        case _:
            raise ValueError(f"not a place: {place}")
