"""An installed package, as its own metadata names it."""

import os
from collections.abc import Mapping
from pathlib import Path

from ringfence.core.dataclass import dataclass
from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip, printable
from ringfence.endpoint.opening import NotOpened, opened, refusal

__all__ = ["Package", "headers", "read_head", "tidy_version"]

_VERSION_CHARS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One installed package."""

    name: str  # as its registry spells it
    version: str | None
    location: Path  # its folder of metadata, or the file that lists it


def read_head(path: Path, *, max_bytes: int) -> bytes | Skipped | None:
    """The first bytes of a regular file; None when there is none; or why it was not read."""
    try:
        with opened(path) as fd:
            return os.pread(fd, max_bytes, 0)
    except NotOpened as error:
        if error.missing:
            return None
        return Skipped(kind="file", subject=printable(str(path)), reason=error.reason)
    except OSError as error:
        return Skipped(kind="file", subject=printable(str(path)), reason=refusal(error).reason)


def headers(data: bytes) -> Mapping[str, str]:
    """The `Name: value` lines up to the first empty one, names in lower case; the first of each counts."""
    found: dict[str, str] = {}
    for line in data[: LIMITS.package_head_bytes].decode("utf-8", "replace").splitlines():
        if not line.strip():
            break
        name, colon, value = line.partition(":")
        if colon and not line[0].isspace():
            found.setdefault(name.strip().lower(), value.strip())
    return found


def tidy_version(text: object) -> str | None:
    """A version that strangers wrote: short and on one line, or None."""
    return clip(text.strip(), chars=_VERSION_CHARS) if isinstance(text, str) and text.strip() else None
