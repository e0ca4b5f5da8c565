"""A folder with everything below it, as the judges of folders see it, and what they all ask of it."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import PurePosixPath
from typing import Protocol

from ringfence.artifacts.configurations.documents import json_documents
from ringfence.artifacts.graphs.paths import leaves_folder
from ringfence.artifacts.problems import Malformed
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.artifacts.tensors.safetensors_file import tensors_of
from ringfence.core.bounded_json import Json
from ringfence.core.facts import Facts
from ringfence.core.findings import Confidence, Severity
from ringfence.core.limits import LIMITS

__all__ = ["Directory", "Folder", "Shape", "directories", "escapes", "said"]

Shape = tuple[int, ...]


class Folder(Protocol):
    """What lies below one path. `names` are relative, with `/`, of regular files with their size in bytes."""

    @property
    def names(self) -> Mapping[str, int]:
        """Every file; a link stands for the file it leads to."""

    def read(self, name: str, max_bytes: int) -> bytes | None:
        """The whole file; None when it is longer, or cannot be read."""

    def reader(self, name: str) -> AbstractContextManager[Reader]:
        """The file, opened.

        Raises:
            Malformed: it cannot be read.
        """

    def facts(self, name: str) -> Facts:
        """What its header says; nothing when it says nothing or cannot be read."""


class Directory:
    """One directory of a folder. What cannot be read says nothing here: its own judge says so."""

    def __init__(self, folder: Folder, path: str, files: Iterable[str], every: frozenset[str]) -> None:
        self.folder = folder
        self._all = every  # directories of the folder, each with a slash behind it
        self.path = path  # with a slash behind it, empty for the top
        self.files = frozenset(files)  # in it, not below
        self._json: dict[str, Json] = {}

    def named(self, file: str) -> str:
        """The file's name within the folder."""
        return self.path + file

    def size_bytes(self, file: str) -> int | None:
        """Of a file in it or below it; None when there is none."""
        return self.folder.names.get(self.named(str(PurePosixPath(file))))

    def ending(self, *suffixes: str) -> list[str]:
        """Its files with one of the suffixes, sorted."""
        return sorted(file for file in self.files if file.lower().endswith(suffixes))

    def text(self, file: str, *, max_bytes: int) -> str | None:
        """A file's text; None when there is none, or it is longer."""
        if self.size_bytes(file) is None:
            return None
        data = self.folder.read(self.named(file), max_bytes)
        return None if data is None else data.decode("utf-8", "replace")

    def json(self, file: str) -> dict[str, Json]:
        """The object in that file; empty when there is none that can be read."""
        if file not in self._json:
            self._json[file] = self._parsed(file)
        found = self._json[file]
        return found if isinstance(found, dict) else {}

    def json_list(self, file: str) -> list[Json]:
        """The list in that file; empty when there is none that can be read."""
        self.json(file)
        found = self._json[file]
        return found if isinstance(found, list) else []

    def holds(self, path: str) -> bool:
        """Whether any file lies below the directory `path` of it."""
        return self.named(path.replace("\\", "/").strip("/").removeprefix("./") + "/") in self._all

    def head(self, file: str, size_bytes: int) -> bytes:
        """The first bytes of a file, fewer when it is shorter or cannot be read."""
        try:
            with self.folder.reader(self.named(file)) as reader:
                return reader.at(0, min(size_bytes, reader.size_bytes))
        except Malformed:
            return b""

    def _parsed(self, file: str) -> Json:
        if self.size_bytes(file) is None:
            return None
        data = self.folder.read(self.named(file), LIMITS.folder_json_bytes)
        try:
            return json_documents(data)[0].value if data else None
        except (Malformed, IndexError):
            return None

    def tensors(self, file: str) -> Mapping[str, tuple[str, Shape]] | None:
        """Name → dtype and shape of a safetensors file; None when it cannot be read."""
        if self.size_bytes(file) is None:
            return None
        try:
            with self.folder.reader(self.named(file)) as reader:
                return {each.name: (each.dtype, each.shape) for each in tensors_of(reader)}
        except Malformed:
            return None

    @cached_property
    def safetensors(self) -> Mapping[str, Mapping[str, tuple[str, Shape]]]:
        """File → its tensors, of all safetensors files in it that can be read."""
        found = ((file, self.tensors(file)) for file in self.ending(".safetensors")[: LIMITS.model_files])
        return {file: tensors for file, tensors in found if tensors is not None}


def directories(folder: Folder) -> Iterator[Directory]:
    """All that hold a file, from the top down."""
    files: dict[str, list[str]] = {}
    for name in folder.names:
        path, slash, file = name.rpartition("/")
        files.setdefault(path + slash, []).append(file)
    every = frozenset(f"{above}/" for path in files for above in map(str, PurePosixPath(path).parents))
    every |= files.keys()
    for path in sorted(files):
        yield Directory(folder, path, files[path], every)


def escapes(path: str) -> Spotted | None:
    """What it means that a file of the folder names `path`; None unless that may lie elsewhere."""
    if not leaves_folder(path):
        return None
    advice = "do not load it: files outside of the folder would be read as if they were its own"
    return said("folder-path-escapes", Severity.HIGH, path, advice=advice, confidence=Confidence.LIKELY)


def said(
    check: str,
    severity: Severity,
    *evidence: str,
    advice: str,
    confidence: Confidence = Confidence.CERTAIN,
) -> Spotted:
    """What is spotted about a file by looking at those beside it."""
    return Spotted(
        check=check, severity=severity, confidence=confidence, at=None, evidence=evidence, advice=advice
    )
