"""The commits of a pack, or of its beginning: each by its own digest, with its parents.

Everything else is inflated to find its end, and forgotten. Nothing that a pack says is believed: a commit's
name is computed from its bytes, as the server computes it.

Source: git's gitformat-pack(5).
"""

import hashlib
import re
import zlib

from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS

__all__ = ["Known", "known_commits"]

_COMMIT, _TAG, _OFS_DELTA, _REF_DELTA = 1, 4, 6, 7
_HEAD = 12  # bytes
_PARENTS = re.compile(rb"tree [0-9a-f]{40,64}\n((?:parent [0-9a-f]{40,64}\n)*)")
_TAGGED = re.compile(rb"object ([0-9a-f]{40,64})\ntype commit\n")
_PIECE = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What was found."""

    parents: dict[str, tuple[str, ...]]  # by commit
    tags: dict[str, str]  # the commit that an annotated tag is of
    is_all: bool  # the pack was read to its end


class _Ended(Exception):
    """There is no more of the pack, or more than is looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    kind: int
    base: int | str | None  # of a delta: where it begins, or its name
    at: int  # where what is deflated begins
    size: int


class _Pack:
    def __init__(self, data: bytes, at: int, hash_name: str) -> None:
        self.data, self.at, self.hash_name = data, at, hash_name
        self.inflated_bytes = 0
        self.parents: dict[str, tuple[str, ...]] = {}
        self.tags: dict[str, str] = {}
        self.by_place: dict[int, tuple[int, bytes, int]] = {}  # kind, content, depth of deltas
        self.by_name: dict[str, int] = {}

    def read(self) -> None:
        if self.data[self.at : self.at + 4] != b"PACK" or len(self.data) < self.at + _HEAD:
            raise _Ended
        count = int.from_bytes(self.data[self.at + 8 : self.at + _HEAD], "big")
        self.at += _HEAD
        for index in range(count):
            if index >= LIMITS.git_pack_objects:
                raise _Ended
            place = self.at
            entry = self.entry()
            content = self.inflated(entry)
            if content is not None:
                self.take(place, entry, content)

    def entry(self) -> _Entry:
        place, byte = self.at, self.byte()
        kind, size, shift = byte >> 4 & 7, byte & 15, 4
        while byte & 128:
            byte = self.byte()
            size |= (byte & 127) << shift
            shift += 7
            if shift > 63:
                raise _Ended
        base: int | str | None = None
        if kind == _OFS_DELTA:
            byte = self.byte()
            back = byte & 127
            while byte & 128 and back < 1 << 40:
                byte = self.byte()
                back = (back + 1) << 7 | byte & 127
            base = place - back
        elif kind == _REF_DELTA:
            length = hashlib.new(self.hash_name, usedforsecurity=False).digest_size
            base = self.data[self.at : self.at + length].hex()
            self.at += length
        return _Entry(kind=kind, base=base, at=self.at, size=size)

    def byte(self) -> int:
        if self.at >= len(self.data):
            raise _Ended
        self.at += 1
        return self.data[self.at - 1]

    def inflated(self, entry: _Entry) -> bytes | None:
        """The entry's content, where it may be that of a commit; `at` is behind it then."""
        stream, made, kept = zlib.decompressobj(), 0, []
        is_wanted = self.is_wanted(entry)
        piece = memoryview(self.data)[self.at : self.at + _PIECE].tobytes()
        self.at += len(piece)
        while not stream.eof:
            if not piece:
                raise _Ended
            out = stream.decompress(piece, _PIECE)
            made += len(out)
            self.inflated_bytes += len(out)
            if made > entry.size or self.inflated_bytes > LIMITS.git_pack_inflated_bytes:
                raise _Ended
            if is_wanted:
                kept.append(out)
            piece = stream.unconsumed_tail
            if not piece and not stream.eof:
                piece = self.data[self.at : self.at + _PIECE]
                self.at += len(piece)
        self.at -= len(stream.unused_data)
        if made != entry.size:
            raise _Ended
        return b"".join(kept) if is_wanted else None

    def is_wanted(self, entry: _Entry) -> bool:
        if entry.size > LIMITS.git_commit_bytes:
            return False
        return entry.kind in (_COMMIT, _TAG) or self.base_of(entry) is not None

    def base_of(self, entry: _Entry) -> tuple[int, bytes, int] | None:
        place = self.by_name.get(entry.base) if isinstance(entry.base, str) else entry.base
        base = self.by_place.get(place) if place is not None else None
        return base if base and base[2] < LIMITS.git_delta_depth else None

    def take(self, place: int, entry: _Entry, content: bytes) -> None:
        kind, depth = entry.kind, 0
        if entry.base is not None:
            base = self.base_of(entry)
            made = _applied(base[1], content) if base else None
            if base is None or made is None:
                return
            kind, content, depth = base[0], made, base[2] + 1
        head = b"commit" if kind == _COMMIT else b"tag"
        whole = b"%s %d\0%s" % (head, len(content), content)
        name = hashlib.new(self.hash_name, whole, usedforsecurity=False).hexdigest()
        self.by_place[place] = (kind, content, depth)
        self.by_name[name] = place
        if kind == _TAG:
            if tagged := _TAGGED.match(content):
                self.tags[name] = tagged[1].decode()
        elif found := _PARENTS.match(content):
            self.parents[name] = tuple(each[7:].decode() for each in found[1].splitlines())


def known_commits(data: bytes, *, at: int, hash_name: str) -> Known:
    """Those of the pack that begins at `at`, as far as it is there and can be read."""
    pack, is_all = _Pack(data, at, hash_name), True
    try:
        pack.read()
    except (_Ended, zlib.error):
        is_all = False
    return Known(parents=pack.parents, tags=pack.tags, is_all=is_all)


def _applied(base: bytes, delta: bytes) -> bytes | None:
    """What a delta makes of its base; None where it is none."""
    try:
        source, at = _size(delta, 0)
        target, at = _size(delta, at)
        if source != len(base) or target > LIMITS.git_commit_bytes:
            return None
        made = bytearray()
        while at < len(delta):
            code = delta[at]
            at += 1
            if code & 128:
                start, length, at = _copied(delta, code, at)
                piece = base[start : start + length]
            else:
                length, piece = code, delta[at : at + code]
                at += code
            if not length or len(piece) != length or len(made) + length > target:
                return None
            made += piece
    except IndexError:
        return None
    return bytes(made) if len(made) == target else None


def _size(delta: bytes, at: int) -> tuple[int, int]:
    size = shift = 0
    while shift < 64:
        byte = delta[at]
        at += 1
        size |= (byte & 127) << shift
        if not byte & 128:
            return size, at
        shift += 7
    raise IndexError


def _copied(delta: bytes, code: int, at: int) -> tuple[int, int, int]:
    start = length = 0
    for bit in range(7):
        if code >> bit & 1:
            value = delta[at]
            at += 1
            if bit < 4:
                start |= value << 8 * bit
            else:
                length |= value << 8 * (bit - 4)
    return start, length or 0x10000, at
