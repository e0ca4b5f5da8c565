"""The files of a scan: each examined once, however many names and records lead to it."""

import os
from collections.abc import Iterator
from pathlib import Path

from ringfence.app.scan.seen import SeenFile
from ringfence.artifacts.examine import examine
from ringfence.artifacts.reader import Reader
from ringfence.core.bounded_json import BadJson, parse
from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.core.text import printable
from ringfence.endpoint.found import FileId, FoundFile
from ringfence.endpoint.opening import NotOpened, opened, read_small, refusal

__all__ = ["Files", "is_model_folder", "look_at"]

_MODEL_KEYS = ("architectures", "model_type", "quantization", "quantization_config")


class Files:
    """What was found, by device and inode."""

    def __init__(self) -> None:
        self._seen: dict[FileId, SeenFile] = {}

    def add(self, path: Path) -> SeenFile | Skipped:
        """The file at `path`, examined now or before."""
        try:
            status = path.stat()
        except (OSError, ValueError) as error:
            return _skipped(path, refusal(error).reason)
        known = self._seen.get((status.st_dev, status.st_ino))
        return known or self._remember(look_at(path))

    def _remember(self, file: SeenFile | Skipped) -> SeenFile | Skipped:
        if isinstance(file, SeenFile):
            self._seen[file.found.id] = file
        return file

    def unclaimed(self, claimed: set[FileId]) -> Iterator[SeenFile]:
        """The model files (and those that pretend to be) that no record claims."""
        for file_id, file in self._seen.items():
            if file_id not in claimed and (file.examined.format or file.examined.problems):
                yield file


def look_at(path: Path) -> SeenFile | Skipped:
    """Opens and examines one file, whatever is there."""
    try:
        with opened(path) as fd:
            found = FoundFile.of(path, os.fstat(fd))
            examined = examine(Reader.of_fd(fd), suffix=path.suffix.lower())
    except NotOpened as error:
        return _skipped(path, error.reason)
    except OSError as error:
        return _skipped(path, refusal(error).reason)
    return SeenFile(found=found, examined=examined)


def is_model_folder(folder: Path) -> bool:
    """Whether a `config.json` there describes a model, so that the weights beside it belong together."""
    data = read_small(folder / "config.json", max_bytes=LIMITS.config_bytes)
    if not isinstance(data, bytes):
        return False
    try:
        config = parse(data)
    except BadJson:
        return False
    return isinstance(config, dict) and any(key in config for key in _MODEL_KEYS)


def _skipped(path: Path, reason: str) -> Skipped:
    return Skipped(kind="file", subject=printable(str(path)), reason=reason)
