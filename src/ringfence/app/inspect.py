"""All about one artifact: a file, or a folder whose files belong together."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ringfence.core.inventory import Skipped
from ringfence.core.models import Model

__all__ = ["Inspection"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What one file or folder is. `complete` is false when a part of it could not be examined."""

    started_at: datetime  # UTC
    complete: bool
    path: Path
    models: tuple[Model, ...]
    skipped: tuple[Skipped, ...]
