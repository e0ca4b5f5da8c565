"""The license that counts for what lies at a path."""

from pathlib import Path

from ringfence.app.scan.here import Here
from ringfence.app.scan.request import NoProgress, ScanRequest
from ringfence.app.scan.scan import Scan
from ringfence.artifacts.licenses.expressions import all_of
from ringfence.core.errors import UnreadableScope
from ringfence.core.text import printable

__all__ = ["license_at"]


def license_at(path: Path, here: Here) -> str | None:
    """The licenses of all models there, None where nothing is stated."""
    request = ScanRequest(paths=(path,), hashed=False, processes=False, listeners=False, installed=False)
    try:
        models = Scan(request, here).look(NoProgress()).models
    except UnreadableScope:
        return None
    stated = sorted({model.effective_license for model in models if model.effective_license})
    return printable(all_of(stated)) if stated else None
