"""The license that counts for what lies at a path."""

import os
from itertools import islice
from pathlib import Path

from ringfence.app.scan.here import Here
from ringfence.app.scan.request import NoProgress, ScanRequest
from ringfence.app.scan.scan import Scan
from ringfence.artifacts.licenses import LicenseFile, LicenseInput, judge_license, wants_text
from ringfence.artifacts.licenses.expressions import all_of
from ringfence.core.errors import UnreadableScope
from ringfence.core.limits import LIMITS
from ringfence.core.text import printable
from ringfence.endpoint.opening import read_head

__all__ = ["license_at"]


def license_at(path: Path, here: Here) -> str | None:
    """The licenses of all models there, or what stands in the folder itself; None where nothing is stated."""
    request = ScanRequest(paths=(path,), hashed=False, processes=False, listeners=False, installed=False)
    try:
        models = Scan(request, here).look(NoProgress()).models
    except UnreadableScope:
        return None
    stated = sorted({model.effective_license for model in models if model.effective_license})
    found = all_of(stated) if stated else _of_folder(path)
    return printable(found) if found else None


def _of_folder(path: Path) -> str | None:
    """What a model card or a license's text says that nobody takes for a part of a model."""
    try:
        with os.scandir(path) as entries:
            names = [each.name for each in islice(entries, LIMITS.model_files) if wants_text(each.name)]
    except OSError:  # not a folder, for one
        return None
    size_bytes = max(LIMITS.license_text_bytes, LIMITS.yaml_bytes) + 1
    texts = {name: read_head(path / name, at_most_bytes=size_bytes) for name in sorted(names)}
    files = tuple(LicenseFile(name=name, format=None, facts={}, text=text) for name, text in texts.items())
    return judge_license(LicenseInput(subject=path.name, files=files, repository=None)).effective
