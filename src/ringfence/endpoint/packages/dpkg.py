"""Debian packages: reads dpkg's status file as a stream, line by line.

Source: deb-control(5), dpkg(1) "package states".
"""

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.core.text import printable
from ringfence.endpoint.opening import NotOpened, opened, refusal
from ringfence.endpoint.packages.package import Package, headers, tidy_version

__all__ = ["debian_packages"]

_CHUNK_BYTES = 256 * 1024


def debian_packages(root: Path, wanted: Collection[str]) -> Iterator[Package | Skipped]:
    """The installed packages below `root` (`/` on a running machine) whose names are `wanted`."""
    path = root / "var/lib/dpkg/status"
    try:
        with opened(path) as fd:
            for stanza in _stanzas(fd):
                yield from _installed(stanza, wanted, path)
            if os.read(fd, 1):
                reason = f"only its first {LIMITS.dpkg_status_bytes} bytes were read"
                yield Skipped(kind="file", subject=printable(str(path)), reason=reason)
    except NotOpened as error:
        if not error.missing:
            yield Skipped(kind="file", subject=printable(str(path)), reason=error.reason)
    except OSError as error:
        yield Skipped(kind="file", subject=printable(str(path)), reason=refusal(error).reason)


def _stanzas(fd: int) -> Iterator[bytes]:
    """The paragraphs of the file; of a very long one only the beginning."""
    rest = b""
    left = LIMITS.dpkg_status_bytes
    while left > 0 and (chunk := os.read(fd, min(_CHUNK_BYTES, left))):
        left -= len(chunk)
        *whole, rest = (rest + chunk).split(b"\n\n")
        yield from whole
        if len(rest) > LIMITS.package_head_bytes:
            rest = rest[: LIMITS.package_head_bytes] + rest[-1:]  # the last byte may begin the gap
    if rest:
        yield rest


def _installed(stanza: bytes, wanted: Collection[str], path: Path) -> Iterator[Package]:
    stanza = stanza.lstrip(b"\n")
    field, _, name = stanza.split(b"\n", 1)[0].decode("utf-8", "replace").partition(":")
    if field == "Package" and name.strip() in wanted:
        found = headers(stanza)
        if found.get("status", "").endswith(" installed"):
            yield Package(name=name.strip(), version=tidy_version(found.get("version")), location=path)
