"""Requests to one server as few entries of a policy: the same paths together, and no more than was asked.

Paths that are only read are put together as `/v1/**` where three or more of them share all that is before it;
what changes something keeps its own path.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from ringfence.app.learning.heard import Asked, Times
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS

__all__ = ["Entry", "entries", "escaped"]

_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_TOGETHER = 3  # paths that share what is before their ends
_SPECIAL = frozenset("*?\\[]{}!")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a profile's network."""

    methods: tuple[str, ...]
    paths: tuple[str, ...]  # patterns
    names: tuple[str, ...]  # of parameters that alone may be there; none: any, or none
    operations: tuple[str, ...]
    times: Times


@dataclass(frozen=True, slots=True, kw_only=True)
class _Path:
    """All requests for one path."""

    path: str
    methods: frozenset[str]
    names: frozenset[str]
    operations: tuple[str, ...]
    times: Times


def entries(asked: Mapping[Asked, Times]) -> tuple[tuple[Entry, ...], int]:
    """The entries, and how many paths are not in them: the rarest, past the limit."""
    groups: dict[tuple[object, ...], list[_Path]] = {}
    for path in _paths(asked):
        groups.setdefault((path.methods, path.names, path.operations), []).append(path)
    found, more = [], 0
    for of in groups.values():
        kept = sorted(of, key=lambda each: (-each.times.count, each.path))
        patterns = _patterns([each.path for each in kept], are_read=of[0].methods <= _READING)
        more += max(len(patterns) - LIMITS.learned_entries, 0)
        times = kept[0].times
        for each in kept[1:]:
            times = times.with_(each.times)
        found.append(
            Entry(
                methods=tuple(sorted(of[0].methods)),
                paths=tuple(sorted(patterns[: LIMITS.learned_entries])),
                names=tuple(sorted(of[0].names)),
                operations=of[0].operations,
                times=times,
            )
        )
    found.sort(key=lambda each: (each.paths, each.methods))
    return tuple(found[: LIMITS.learned_entries]), more + max(len(found) - LIMITS.learned_entries, 0)


def escaped(text: str) -> str:
    """A pattern for that text alone."""
    return "".join(f"\\{char}" if char in _SPECIAL else char for char in text)


def _paths(asked: Mapping[Asked, Times]) -> Iterable[_Path]:
    """Each path once. Parameters are named where every request has some: no rule can ask for none."""
    found: dict[tuple[str, tuple[str, ...]], _Path] = {}
    without = {each.path for each in asked if not each.names}
    for each, times in asked.items():
        key = each.path, each.operations
        names = frozenset() if each.path in without else frozenset(each.names)
        known = found.get(key)
        if known is None:
            found[key] = _Path(
                path=each.path,
                methods=frozenset({each.method}),
                names=names,
                operations=each.operations,
                times=times,
            )
        else:
            found[key] = replace(
                known,
                methods=known.methods | {each.method},
                names=known.names | names,
                times=known.times.with_(times),
            )
    return found.values()


def _patterns(paths: list[str], *, are_read: bool) -> list[str]:
    """Patterns for these, those of several paths first."""
    left, found = dict.fromkeys(paths), list[str]()
    if are_read:
        inside: dict[str, list[str]] = {}  # not sought for each folder anew: of either there may be very many
        for each in left:
            for folder in _folders(each):
                inside.setdefault(folder, []).append(each)
        for folder in sorted(inside, key=lambda each: (-each.count("/"), each)):
            below = [each for each in inside[folder] if each in left]
            if len(below) >= _TOGETHER:
                found.append(f"{escaped(folder)}/**")
                for each in below:
                    del left[each]
    return found + [escaped(each) for each in left]


def _folders(path: str) -> Iterable[str]:
    """All that lie above it but the top."""
    parts = path.split("/")[1:-1]
    return ("/" + "/".join(parts[:end]) for end in range(1, len(parts) + 1))
