"""What a box shows at a path, by its mounts and the host's files behind them. Links lead as within."""

from collections.abc import Iterable

from ringfence.core.dataclass import dataclass
from ringfence.sandbox.plan import Mount, MountKind
from ringfence.sandbox.planning.host import Files, Kind, Way, ancestors, followed

__all__ = ["HIDING", "Seen", "View"]

HIDING = frozenset({MountKind.EMPTY_FILE, MountKind.EMPTY_FOLDER})
_BINDS = frozenset({MountKind.READ, MountKind.WRITE})
_KINDS = {
    MountKind.MEMORY: Kind.FOLDER,
    MountKind.EMPTY_FOLDER: Kind.FOLDER,
    MountKind.PROC: Kind.FOLDER,
    MountKind.DEVICES: Kind.FOLDER,
    MountKind.EMPTY_FILE: Kind.FILE,
    MountKind.FILE: Kind.FILE,
    MountKind.SYMLINK: Kind.LINK,
    MountKind.LINK_OVER: Kind.LINK,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a path within leads to, all links followed."""

    path: str  # within
    kind: Kind
    source: str | None  # of the host; None: it is the box's own
    may_write: bool


class View:
    """A box as its mounts make it."""

    def __init__(self, mounts: Iterable[Mount], files: Files) -> None:
        self._files = files
        self._at = {each.target: (number, each) for number, each in enumerate(mounts)}
        self._above = {above for target in self._at for above in ancestors(target)}

    def over(self, path: str) -> Mount | None:
        """The mount that decides what stands there: of those at it and above it, the last."""
        found = [self._at[each] for each in (path, *ancestors(path)) if each in self._at]
        return max(found, key=lambda each: each[0])[1] if found else None

    def source(self, path: str) -> str | None:
        """The host's path behind it, whether or not anything is there."""
        mount = self.over(path)
        if mount is None or mount.kind not in _BINDS:
            return None
        return f"{mount.source}{path[len(mount.target) :]}"

    def kind(self, path: str) -> Kind | None:
        """What stands at a path, links not followed."""
        mount = self.over(path)
        if mount is None or (mount.kind not in _BINDS and mount.target != path):
            return Kind.FOLDER if path == "/" or path in self._above else None
        if mount.kind not in _BINDS:
            return _KINDS[mount.kind]
        source = self.source(path)
        kind = self._files.kind(source) if source else None
        return Kind.FOLDER if kind is None and path in self._above else kind

    def link(self, path: str) -> str:
        """Where the link at a path leads."""
        mount = self.over(path)
        if mount is not None and mount.kind in (MountKind.SYMLINK, MountKind.LINK_OVER):
            return mount.source or ""
        return self._files.link(self.source(path) or "")

    def seen(self, path: str) -> Seen | None:
        """What a program finds there; None when it finds nothing."""
        way = self.way(path)
        kind = self.kind(way.path) if way else None
        if way is None or kind is None:
            return None
        mount = self.over(way.path)
        return Seen(
            path=way.path,
            kind=kind,
            source=self.source(way.path),
            may_write=mount is not None and mount.kind in (MountKind.WRITE, MountKind.MEMORY),
        )

    def way(self, path: str) -> Way | None:
        """Where a path leads within; None when it leads nowhere."""
        return followed(path, self.kind, self.link)
