"""The files that an image consists of, by name: in a folder, or in a tar archive, compressed or not."""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ringfence.artifacts.archive_paths import escapes, parts_of
from ringfence.artifacts.budget import Budget
from ringfence.artifacts.decoders import MissingLibrary
from ringfence.artifacts.inflating import Compression
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spool import spooled
from ringfence.artifacts.streams import Streams, starts_stream
from ringfence.artifacts.tar_headers import HARD_LINK, SYMBOLIC_LINK, TarMember, members_from, starts_tar
from ringfence.core.limits import LIMITS
from ringfence.endpoint.opening import NotOpened, opened

__all__ = ["Blobs", "image_blobs", "inflated"]

_COMPRESSIONS = (Compression.GZIP, Compression.ZSTD, Compression.BZIP2, Compression.XZ)


class Blobs:
    """The files of one image."""

    def __init__(self, stack: ExitStack, folder: Path | None, members: Mapping[str, Reader]) -> None:
        self._stack = stack
        self._folder = folder
        self._members = members

    def get(self, name: str) -> Reader | None:
        """The file of that name, None when there is none. A name that leads elsewhere names nothing."""
        if escapes(name):
            return None
        clean = "/".join(parts_of(name))
        if self._folder is None:
            return self._members.get(clean)
        path = self._folder / clean
        if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(self._folder)):
            return None
        try:
            fd = self._stack.enter_context(opened(path))
        except NotOpened:
            return None
        return Reader.of_fd(fd, budget=_budget())


@contextmanager
def image_blobs(path: Path) -> Iterator[Blobs | None]:
    """The image at `path`, as long as it is entered; None when there is none.

    Raises:
        Malformed: it is an archive that cannot be read on from.
    """
    with ExitStack() as stack:
        if os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises below a closed folder
            blobs = Blobs(stack, path, {})
            is_image = (path / "oci-layout").is_file() or _is_saved(blobs.get("manifest.json"))
            yield blobs if is_image else None
            return
        try:
            fd = stack.enter_context(opened(path))
        except NotOpened:
            yield None
            return
        reader = Reader.of_fd(fd, budget=_budget())
        if any(starts_stream(reader.head, kind) for kind in _COMPRESSIONS):
            if ".tar" not in path.name.lower() and path.suffix.lower() not in (".tgz", ".tbz2", ".txz"):
                yield None
                return
            reader, problem = inflated(reader)
            if problem and starts_tar(reader):
                raise Malformed(problem.kind, at=problem.at, detail=problem.detail)
        members = _members(reader) if starts_tar(reader) else {}
        found = Blobs(stack, None, members)
        is_image = "oci-layout" in members or _is_saved(members.get("manifest.json"))
        yield found if is_image else None


def inflated(reader: Reader) -> tuple[Reader, Problem | None]:
    """What the bytes inflate to, and what is wrong with them; as they are where they are not compressed."""
    kind = next((kind for kind in _COMPRESSIONS if starts_stream(reader.head, kind)), None)
    if kind is None:
        return reader, None
    streams = Streams(reader, kind)
    try:
        spool = spooled(streams.chunks(), budget=reader.budget, at=0, max_bytes=LIMITS.image_bytes)
    except MissingLibrary as missing:
        detail = f"install ringfence[{missing.extra}]"
        return Reader.of_bytes(b"", budget=reader.budget), Problem(
            kind=ProblemKind.OVER_LIMIT, at=0, detail=detail
        )
    return spool.reader, spool.problem


def _is_saved(manifest: Reader | None) -> bool:
    """Whether it is the manifest that `docker save` writes, and not just a file of that name."""
    if manifest is None:
        return False
    head = manifest.head.lstrip()
    return head[:1] == b"[" and b'"Layers"' in manifest.at(0, min(manifest.size_bytes, LIMITS.json_bytes))


def _members(archive: Reader) -> dict[str, Reader]:
    """Regular files and links to them by name; the last of a name counts, as unpacking would have it."""
    found: dict[str, Reader] = {}
    links: list[tuple[str, TarMember]] = []
    for count, member in enumerate(members_from(archive, 0)):
        if count >= LIMITS.image_files:
            raise Malformed(ProblemKind.OVER_LIMIT, at=member.at, detail=f"more than {count} members")
        if escapes(member.name):
            continue
        name = "/".join(parts_of(member.name))
        if member.kind in (SYMBOLIC_LINK, HARD_LINK):
            links.append((name, member))
        elif member.kind in b"0\0" or not member.kind:
            found[name] = archive.part(member.data_at, member.size_bytes)
    for name, member in links:
        base = parts_of(name)[:-1] if member.kind == SYMBOLIC_LINK else []
        target = _joined(base, member.link)
        if target in found and name not in found:
            found[name] = found[target]
    return found


def _joined(base: list[str], link: str) -> str:
    parts = list(base)
    for part in parts_of(link):
        if part == "..":
            del parts[-1:]
        else:
            parts.append(part)
    return "/".join(parts)


def _budget() -> Budget:
    return Budget(
        read_bytes=4 * LIMITS.image_bytes, inflated_bytes=2 * LIMITS.image_bytes, seconds=LIMITS.image_s
    )
