"""Puts the places of a box into the order in which they are mounted: what is given, then what restricts it.

What is given stands with the folders above first, so that nothing covers what lies below it; of two for one
place the one that gives more. Then comes what hides or makes read-only, above first again, so that none of it
lies under anything that is given. A mount that would change nothing is left out, and so is one in a place
that is hidden or was not given.
"""

from collections.abc import Iterable, Iterator, Sequence

from ringfence.sandbox.plan import Mount, MountKind
from ringfence.sandbox.planning.host import Files, parts_of, within
from ringfence.sandbox.planning.view import View

__all__ = ["given_in_order", "is_bind", "restricting_in_order"]

_BINDS = frozenset({MountKind.READ, MountKind.WRITE})
_MADE = frozenset({MountKind.FILE, MountKind.SYMLINK, MountKind.MEMORY})
_GRAVITY = {MountKind.READ: 0, MountKind.EMPTY_FILE: 2, MountKind.EMPTY_FOLDER: 2}


def is_bind(mount: Mount) -> bool:
    """Whether it shows a place of the host at its own path."""
    return mount.kind in _BINDS and mount.source == mount.target


def given_in_order(
    mounts: Iterable[Mount], files: Files, *, fixed: frozenset[str] = frozenset()
) -> tuple[Mount, ...]:
    """What is given, each target once. `fixed`: targets that stay mount points, so that none is renamed."""
    best: dict[str, Mount] = {}
    for each in mounts:
        known = best.get(each.target)
        if known is None or (known.kind is MountKind.READ and each.kind is MountKind.WRITE):
            best[each.target] = each
    kept: list[Mount] = []
    above: list[Mount] = []  # on the way to the next one
    for each in sorted(best.values(), key=_place):
        while above and not within(each.target, above[-1].target):
            above.pop()
        if above and each.target not in fixed and not _is_needed(each, above[-1], files):
            continue
        kept.append(each)
        if each.kind is not MountKind.SYMLINK:
            above.append(each)
    return tuple(kept)


def _is_needed(mount: Mount, above: Mount, files: Files) -> bool:
    if above.kind not in _BINDS:
        return True
    if mount.kind in _MADE:  # nothing is made in what comes from the host
        return mount.kind is not MountKind.SYMLINK and files.kind(mount.target) is not None
    same = (
        is_bind(mount) and is_bind(above) and mount.is_user_s == above.is_user_s and mount.runs == above.runs
    )
    return not (same and (above.kind is MountKind.WRITE or mount.kind is MountKind.READ))


def restricting_in_order(mounts: Iterable[Mount], given: Sequence[Mount], files: Files) -> Iterator[Mount]:
    """What restricts, each target once, the gravest; only where what is given shows the host's own place."""
    best: dict[str, Mount] = {}
    for each in mounts:
        known = best.get(each.target)
        if known is None or _GRAVITY.get(each.kind, 1) > _GRAVITY.get(known.kind, 1):
            best[each.target] = each
    shown = View(given, files)
    written = [each.target for each in given if each.kind is MountKind.WRITE]
    hidden: str | None = None
    for each in sorted(best.values(), key=_place):
        over = shown.over(each.target)
        if over is None or not is_bind(over) or (hidden is not None and within(each.target, hidden)):
            continue
        is_written = over.kind is MountKind.WRITE or any(within(place, each.target) for place in written)
        if each.kind is MountKind.READ and not is_written:
            continue
        if each.kind is MountKind.EMPTY_FOLDER:
            hidden = each.target
        yield each


def _place(mount: Mount) -> list[str]:
    return parts_of(mount.target)
