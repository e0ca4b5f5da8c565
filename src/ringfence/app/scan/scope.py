"""Where a scan looks: which homes, which folders, which stores."""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ringfence.app.scan.request import ScanRequest
from ringfence.core.dataclass import dataclass
from ringfence.core.errors import UnreadableScope
from ringfence.core.inventory import Skipped
from ringfence.core.text import printable
from ringfence.endpoint.home import Home
from ringfence.endpoint.homes import all_homes, home_at, own_home
from ringfence.endpoint.opening import refusal
from ringfence.endpoint.stores import StoreRoot, root_around, store_roots

__all__ = ["Where", "absolute", "where"]

# Levels from a store up to its home: ~/Library/Application Support/nomic.ai/GPT4All has four.
_STORE_DEPTH = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """What the request comes down to on this disk."""

    homes: tuple[Home, ...]
    roots: tuple[Path, ...]  # folders and files to walk; they may overlap
    stores: tuple[StoreRoot, ...]
    whole_machine: bool  # what is installed for everybody counts too
    complete: bool  # everything that was asked for can be read
    skipped: tuple[Skipped, ...]


def where(request: ScanRequest, environment: Mapping[str, str]) -> Where:
    """Looks up homes and stores.

    Raises:
        UnreadableScope: nothing of what was asked for can be read.
    """
    paths = tuple(map(absolute, request.paths))
    found = tuple(_homes(request, paths, environment))
    homes = tuple(each for each in found if isinstance(each, Home))
    skipped = [each for each in found if isinstance(each, Skipped)]
    named = paths or tuple(home.path for home in homes)
    problems = {path: _problem(path) for path in named}
    asked = tuple(path for path, problem in problems.items() if problem is None)
    unreadable = tuple(problem for problem in problems.values() if problem)
    if unreadable and not asked:
        raise UnreadableScope(
            f"{unreadable[0].subject}: {unreadable[0].reason}",
            hint="name a file or folder that exists and that you may read",
        )
    whole_machine = not request.paths and request.home is None
    stores: list[StoreRoot] = []
    for each in store_roots(homes, system=whole_machine):
        if isinstance(each, Skipped):
            skipped.append(each)
        elif not request.paths or _is_within(each.path, asked):
            stores.append(each)
    if request.paths:
        stores += filter(None, map(root_around, filter(os.path.isdir, asked)))
    roots = asked if request.paths else (*asked, *(store.path for store in stores))
    if request.paths:
        homes = tuple(home for home in homes if _is_within(Path(os.path.realpath(home.path)), asked))
    return Where(
        homes=homes,
        roots=roots,
        stores=tuple(stores),
        whole_machine=whole_machine,
        complete=not unreadable,
        skipped=(*skipped, *unreadable),
    )


def _homes(
    request: ScanRequest, paths: tuple[Path, ...], environment: Mapping[str, str]
) -> Iterator[Home | Skipped]:
    """The homes asked for. A named path may be a home as well, or lie in one: a backup, a demo."""
    own = own_home(environment)
    if request.home is not None:
        yield home_at(absolute(request.home))
    elif request.all_users:
        for home in all_homes():
            is_own = isinstance(home, Home) and os.path.realpath(own.path) == str(home.path)
            yield own if is_own else home
    else:
        yield own
        folders = [path for path in paths if os.path.isdir(path)]  # noqa: PTH112 - Path.is_dir may raise
        for path in dict.fromkeys(around for folder in folders for around in _around(folder)):
            if path != Path(os.path.realpath(own.path)):
                yield home_at(path)


def _around(folder: Path) -> tuple[Path, ...]:
    """The folder and those above it, as near as a home can be to its stores."""
    real = Path(os.path.realpath(folder))
    return (real, *real.parents)[:_STORE_DEPTH]


def absolute(path: Path) -> Path:
    """The path from / on.

    Raises:
        UnreadableScope: the current folder is gone.
    """
    try:
        return path.absolute()
    except OSError as error:
        raise UnreadableScope(
            "the current folder is gone", hint="go to another one, or name what to look at from / on"
        ) from error


def _problem(path: Path) -> Skipped | None:
    """Why nothing can be looked at there, if so."""
    try:
        if path.is_dir():
            os.scandir(path).close()
        else:
            path.stat()
    except (OSError, ValueError) as error:
        no = refusal(error)
        reason = "there is no such file or folder" if no.missing else no.reason
        return Skipped(kind="scope", subject=printable(str(path)), reason=reason)
    return None


def _is_within(path: Path, folders: Iterable[Path]) -> bool:
    return any(path.is_relative_to(os.path.realpath(folder)) for folder in folders)
