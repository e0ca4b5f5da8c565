"""Finds the program that a command names, as execvp does, among what the box will show."""

from collections.abc import Iterator

from ringfence.core.errors import ExitCode, RingfenceError
from ringfence.sandbox.planning.host import Files, Kind, joined_path
from ringfence.sandbox.planning.never import shown_path
from ringfence.sandbox.planning.view import View

__all__ = ["NotExecutable", "NotFound", "program"]


class NotFound(RingfenceError):
    """The box has no such program."""

    code = ExitCode.NOT_FOUND


class NotExecutable(RingfenceError):
    """It is there and cannot be started."""

    code = ExitCode.NOT_EXECUTED


def program(name: str, *, folder: str, search: str, host_search: str, view: View, files: Files) -> str:
    """The program's path within. `search` and `host_search`: the box's PATH, and the user's.

    Raises:
        NotExecutable: what is found is a folder, or no program.
        NotFound: nothing is.
    """
    refused = None
    for path in _places(name, folder, search):
        seen = view.seen(path)
        if seen is None:
            continue
        if seen.kind is Kind.FILE and seen.source is not None and files.is_executable(seen.source):
            return _plain(path, view)
        refused = refused or (_plain(path, view), seen.kind)
    if refused is not None:
        path, kind = refused
        what = "it is a folder" if kind is Kind.FOLDER else "it may not be executed"
        raise NotExecutable(f"{shown_path(path)}: {what}", hint="name a program, or make it one: chmod +x")
    raise NotFound(f"{shown_path(name)}: command not found", hint=_hint(name, folder, host_search, files))


def _places(name: str, folder: str, search: str) -> Iterator[str]:
    if "/" in name:
        yield name if name.startswith("/") else joined_path(folder, name)
    elif name:
        yield from (joined_path(each, name) for each in search.split(":") if each.startswith("/"))


def _plain(path: str, view: View) -> str:
    """The path without `.`, `..` and links among its folders, where it has any of the first two."""
    if {"", ".", ".."}.isdisjoint(path[1:].split("/")):
        return path
    above, _, name = path.rpartition("/")
    folder = view.seen(above or "/")
    return joined_path(folder.path if folder else above, name)


def _hint(name: str, folder: str, host_search: str, files: Files) -> str:
    for path in _places(name, folder, host_search):
        if files.kind(path) in (Kind.FILE, Kind.LINK) and files.is_executable(path):
            above = shown_path(path.rpartition("/")[0])
            return (
                f"it is at {shown_path(path)}, which the box does not have: add "
                f"`files: {{read: [{above}/**]}}` to the agent's profile"
            )
    return "see what the box has: ringfence run --explain"
