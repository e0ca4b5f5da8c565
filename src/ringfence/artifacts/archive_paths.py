"""Where names and links in archives lead when they are unpacked, by their text alone, and what that means."""

import re
from collections.abc import Collection

from ringfence.artifacts.spotted import Spotted
from ringfence.core.findings import Confidence, Severity

__all__ = ["escapes", "leads_out", "outside", "parts_of", "twice"]

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


def outside(evidence: str, *, at: int | None) -> Spotted:
    """That unpacking goes beyond the folder."""
    return Spotted(
        check="archive-escapes",
        severity=Severity.HIGH,
        confidence=Confidence.CERTAIN,
        at=at,
        evidence=(evidence,),
        advice="do not unpack it: it would write, or later read, outside its folder",
    )


def twice(*evidence: str, at: int | None) -> Spotted:
    """That two members go to one place."""
    return Spotted(
        check="archive-duplicate",
        severity=Severity.HIGH,
        confidence=Confidence.LIKELY,
        at=at,
        evidence=evidence,
        advice="do not unpack it before you know which of the two is meant",
    )
