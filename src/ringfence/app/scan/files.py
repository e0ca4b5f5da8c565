"""The files of a scan: each examined once, however many names and records lead to it."""

import os
from collections.abc import Iterable, Iterator, MutableMapping
from pathlib import Path

from ringfence.app.scan.seen import SeenFile
from ringfence.artifacts.examine import Examined, examine
from ringfence.artifacts.reader import Reader
from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.core.models import Model
from ringfence.core.text import printable
from ringfence.endpoint.allowance import Allowance
from ringfence.endpoint.found import FileId, FoundFile
from ringfence.endpoint.opening import NotOpened, opened, refusal

__all__ = ["Files", "look_at"]


class Files:
    """What was found, by device and inode. A file that is no model is kept only when a record names it.

    Once `headers` is spent, files are only identified. `known` are files, by their paths, of which somebody
    has read the headers already; each is taken from it.
    """

    def __init__(
        self, headers: Allowance | None = None, *, known: MutableMapping[str, Examined] | None = None
    ) -> None:
        self._known = {} if known is None else known
        self._seen: dict[FileId, SeenFile] = {}
        self._headers = headers or Allowance(LIMITS.headers_s)
        self._only_identified = 0

    def meet(self, found: FoundFile) -> Skipped | None:
        """Looks at a file that may be a model; why that could not be done."""
        header = self._known.pop(str(found.path), None)
        file = SeenFile(found=found, examined=header) if header else self._look_at(found.path)
        if isinstance(file, Skipped):
            return file
        if file.examined.format or file.examined.problems:
            self._seen.setdefault(file.found.id, file)
        return None

    def get(self, path: Path) -> SeenFile | Skipped:
        """The file at `path`, examined now or before."""
        try:
            status = path.stat()
        except (OSError, ValueError) as error:
            return _skipped(path, refusal(error).reason)
        known = self._seen.get((status.st_dev, status.st_ino))
        if known is not None:
            return known
        file = self._look_at(path)
        if isinstance(file, SeenFile):
            self._seen[file.found.id] = file
        return file

    def is_model(self, file_id: FileId) -> bool:
        """Whether that file was recognised by its bytes."""
        file = self._seen.get(file_id)
        return file is not None and file.examined.format is not None

    def unclaimed(self, claimed: set[FileId]) -> Iterator[SeenFile]:
        """The model files, and those that pretend to be, that no record claims."""
        for file_id, file in self._seen.items():
            if file_id not in claimed and (file.examined.format or file.examined.problems):
                yield file

    def of(self, models: Iterable[Model]) -> tuple[FoundFile, ...]:
        """The files that `models` consist of, each once."""
        paths = {file.path for model in models for file in model.files}
        return tuple(file.found for file in self._seen.values() if file.found.path in paths)

    def skipped(self) -> Iterator[Skipped]:
        """What was not looked at in the files."""
        if self._only_identified:
            reason = f"the headers of others took {LIMITS.headers_s:.0f} s: these were only identified"
            yield Skipped(kind="header", subject="model files", reason=reason, count=self._only_identified)

    def _look_at(self, path: Path) -> SeenFile | Skipped:
        spent = self._headers.is_spent
        with self._headers:
            file = look_at(path, headers=not spent)
        self._only_identified += spent and isinstance(file, SeenFile) and file.examined.format is not None
        return file


def look_at(path: Path, *, headers: bool = True) -> SeenFile | Skipped:
    """Opens and examines one file, whatever is there."""
    try:
        with opened(path) as fd:
            found = FoundFile.of(path, os.fstat(fd))
            examined = examine(Reader.of_fd(fd), suffix=path.suffix.lower(), headers=headers)
    except NotOpened as error:
        return _skipped(path, error.reason)
    except OSError as error:
        return _skipped(path, refusal(error).reason)
    return SeenFile(found=found, examined=examined)


def _skipped(path: Path, reason: str) -> Skipped:
    return Skipped(kind="file", subject=printable(str(path)), reason=reason)
