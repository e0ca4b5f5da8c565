"""The files of an image: layers laid over one another, with what each of them takes away.

What was taken away or replaced still ships with the image, and comes out as deleted.

Source: OCI image-spec 1.1, "Filesystem Layers" and "Whiteouts".
"""

from collections.abc import Iterable, Iterator
from dataclasses import field

from ringfence.artifacts.archive_paths import parts_of
from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.streams import first_not_zero
from ringfence.artifacts.tar_headers import DEVICES, FOLDER, HARD_LINK, SYMBOLIC_LINK, TarMember, members_from
from ringfence.artifacts.tar_holes import is_sparse, with_holes
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS

__all__ = ["Entry", "Stack"]

_WHITEOUT, _OPAQUE = ".wh.", ".wh..wh..opq"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One file of one layer."""

    path: str  # parts joined by /, none of which goes up
    layer: int  # from 1
    content: Reader | None  # None for a symbolic link
    link: str = ""


@dataclass(slots=True)
class _Layer:
    """What one layer adds, and what it takes away from those below it."""

    entries: dict[str, Entry] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    emptied: set[str] = field(default_factory=set)  # folders
    replaced: list[Entry] = field(default_factory=list)  # by another member of the same layer


class Stack:
    """The files that a container would see after the layers laid so far."""

    def __init__(self) -> None:
        self.files: dict[str, Entry] = {}
        self.deleted: list[Entry] = []
        self._layers = 0
        self._members = 0

    def lay(self, tar: Reader) -> Iterator[str]:
        """Lays the layer whose tar file it is over the others; yields what is odd about it.

        Raises:
            Malformed: it cannot be read to its end. What came before has been laid.
        """
        self._layers += 1
        layer = _Layer()
        end = 0
        try:
            for member in members_from(tar, 0):
                self._members += 1
                end = member.next_at
                if self._members > LIMITS.image_files:
                    detail = f"more than {LIMITS.image_files} files in all layers"
                    raise Malformed(ProblemKind.OVER_LIMIT, at=member.at, detail=detail)
                yield from self._member(layer, member, tar)
            if first_not_zero(tar, min(end, tar.size_bytes)) < tar.size_bytes:
                raise Malformed(
                    ProblemKind.TRAILING_DATA, at=end, detail="bytes behind the layer's last file"
                )
        finally:
            self._apply(layer)

    def _member(self, layer: _Layer, member: TarMember, tar: Reader) -> Iterator[str]:
        parts = [part for part in parts_of(member.name) if part != ".."]
        if ".." in parts_of(member.name):
            yield f"{member.name}: a name that leads out of the image"
        if member.is_cut:
            yield f"{member.name}: ends past the layer"
        yield from (f"{member.name}: {odd}" for odd in member.odd)
        if not parts or len(member.name) > LIMITS.path_chars:
            return
        path, last, folder = "/".join(parts), parts[-1], "/".join(parts[:-1])
        if last == _OPAQUE:
            layer.emptied.add(folder)
        elif last.startswith(_WHITEOUT):
            name = last.removeprefix(_WHITEOUT)
            if name and not name.startswith(_WHITEOUT):
                layer.removed.add(f"{folder}/{name}" if folder else name)
        elif member.kind == SYMBOLIC_LINK:
            self._add(layer, Entry(path=path, layer=self._layers, content=None, link=member.link))
        elif member.kind == HARD_LINK:
            target = "/".join(part for part in parts_of(member.link) if part != "..")
            found = layer.entries.get(target) or self.files.get(target)
            if found is None:
                yield f"{member.name}: a hard link to what is not there"
            else:
                made = Entry(path=path, layer=self._layers, content=found.content, link=found.link)
                self._add(layer, made)
        elif member.kind not in DEVICES + FOLDER:
            content = with_holes(tar, member) if is_sparse(member) else _content(tar, member)
            self._add(layer, Entry(path=path, layer=self._layers, content=content))

    def _add(self, layer: _Layer, entry: Entry) -> None:
        known = layer.entries.get(entry.path)
        if known:
            layer.replaced.append(known)
        layer.entries[entry.path] = entry

    def _apply(self, layer: _Layer) -> None:
        gone = [path for path in self.files if _is_gone(path, layer)]
        # A file of a lower layer where this one has a folder.
        for path in layer.entries:
            gone += (above for above in _above(path) if above in self.files)
        for path in dict.fromkeys(gone):
            self.deleted.append(self.files.pop(path))
        self.deleted += layer.replaced
        self.files |= layer.entries


def _content(tar: Reader, member: TarMember) -> Reader:
    return tar.part(member.data_at, member.size_bytes)


def _is_gone(path: str, layer: _Layer) -> bool:
    """Whether a lower layer's file is taken away, hidden or replaced."""
    if path in layer.removed or path in layer.entries:
        return True
    if not (layer.removed or layer.emptied or layer.entries):
        return False
    return "" in layer.emptied or any(
        above in layer.removed or above in layer.emptied or above in layer.entries for above in _above(path)
    )


def _above(path: str) -> Iterable[str]:
    at = path.find("/")
    while at >= 0:
        yield path[:at]
        at = path.find("/", at + 1)
