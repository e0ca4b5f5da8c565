"""All about one artifact: a file, or a folder and the models in it."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ringfence.app.scan.here import Here
from ringfence.app.scan.request import Progress, ScanRequest
from ringfence.app.scan.scan import Scan
from ringfence.core.inventory import Skipped
from ringfence.core.models import Model

__all__ = ["Inspection", "inspect"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What one file or folder is. `complete` is false when it holds no model or a part could not be read."""

    started_at: datetime  # UTC
    complete: bool
    path: Path
    models: tuple[Model, ...]
    skipped: tuple[Skipped, ...]


def inspect(path: Path, here: Here, progress: Progress, *, hashed: bool) -> Inspection:
    """Examines what lies at `path`, as a scan of nothing else would.

    Raises:
        UnreadableScope: there is nothing that can be read.
    """
    request = ScanRequest(paths=(path,), hashed=hashed, processes=False, listeners=False, installed=False)
    scan = Scan(request, here)
    inventory = scan.look(progress)
    if hashed:
        inventory = scan.verify(progress)
    about_files = tuple(
        each for each in inventory.skipped if each.kind in ("file", "folder", "link", "store")
    )
    return Inspection(
        started_at=inventory.started_at,
        complete=inventory.complete and bool(inventory.models) and not about_files,
        path=path,
        models=inventory.models,
        skipped=about_files,
    )
