"""Paths that stand in models: those of files beside them are honest, all others are not."""

import re

__all__ = ["leaves_folder"]

_DRIVE_OR_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def leaves_folder(path: str) -> bool:
    """Whether a loader that joins `path` to the model's folder may end up elsewhere, on any system."""
    if not path:
        return False
    parts = path.replace("\\", "/").split("/")
    return parts[0] in ("", "~") or ".." in parts or "\0" in path or bool(_DRIVE_OR_SCHEME.match(path))
