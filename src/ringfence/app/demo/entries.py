"""What the demo home is made of: files, files with a hole, links and empty folders, by their path."""

import hashlib
import json
from collections.abc import Mapping
from importlib.resources import files

from ringfence.core.dataclass import dataclass

__all__ = [
    "Entries",
    "Entry",
    "Folder",
    "Hollow",
    "Link",
    "as_json",
    "git_sha1",
    "sha256",
    "shipped",
    "under",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hollow:
    """A file of `size_bytes` that begins with `head`; the rest is a hole and takes no room on the disk."""

    head: bytes
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A symbolic link. `target` is relative, as the tools that make such links write it."""

    target: str


@dataclass(frozen=True, slots=True)
class Folder:
    """An empty folder. Folders with something in them need no entry."""


Entry = bytes | Hollow | Link | Folder
"""Bytes are a whole file."""

Entries = Mapping[str, Entry]
"""What lies at which path, relative to a folder, with `/` on every system."""


def shipped(name: str) -> bytes:
    """One of the tiny model files that come with ringfence; scripts/demo_files.py says how they were made."""
    return (files(__package__) / "files" / name).read_bytes()


def under(folder: str, entries: Entries) -> dict[str, Entry]:
    """The same entries, in a folder."""
    return {f"{folder}/{path}": entry for path, entry in entries.items()}


def as_json(value: object) -> bytes:
    """The value as people's tools write it."""
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def sha256(data: bytes) -> str:
    """64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def git_sha1(data: bytes, *, kind: str = "blob") -> str:
    """40 hexadecimal digits: the name that git gives an object."""
    return hashlib.sha1(f"{kind} {len(data)}\0".encode() + data, usedforsecurity=False).hexdigest()
