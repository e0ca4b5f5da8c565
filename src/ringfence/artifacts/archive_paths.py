"""Where names and links in archives lead when they are unpacked, going by their text alone."""

import re
from collections.abc import Collection

__all__ = ["escapes", "leads_out", "parts_of"]

_ABSOLUTE = re.compile(r"[/\\]|[A-Za-z]:[/\\]")
_SEPARATOR = re.compile(r"[/\\]+")


def parts_of(name: str) -> list[str]:
    """The name's parts, without those that mean nothing."""
    return [part for part in _SEPARATOR.split(name) if part not in ("", ".")]


def escapes(name: str) -> bool:
    """Whether unpacking the name could write outside the folder: absolute, or with a part that goes up."""
    return bool(_ABSOLUTE.match(name)) or ".." in parts_of(name)


def leads_out(path: str, target: str, links: Collection[str]) -> bool:
    """Whether a symbolic link at `path` leads out of the folder.

    Going up from another of the `links` counts as well: where that leads is not known from names.
    """
    if _ABSOLUTE.match(target):
        return True
    here = parts_of(path)[:-1]
    for part in parts_of(target):
        if part != "..":
            here.append(part)
        elif not here or "/".join(here) in links:
            return True
        else:
            here.pop()
    return False
