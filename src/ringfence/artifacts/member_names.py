"""Names within archives that lead whoever unpacks them out of the folder he unpacks into.

Source: PKWARE APPNOTE 6.3.10, section 4.4.17, and what unpackers on POSIX and Windows make of a name.
"""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from ringfence.artifacts.spotted import Spotted
from ringfence.core.findings import Confidence, Severity

__all__ = ["ESCAPES", "escapes", "folded"]

ESCAPES = "archive-escapes"
_DRIVE = re.compile(r"[A-Za-z]:[/\\]|\\\\")


def escapes(name: str, *, at: int | None, link_to: str | None = None) -> Iterator[Spotted]:
    """What is wrong with a member called `name`; one that is a link to `link_to` where that is given."""
    why = None
    if "\0" in name:
        why = "a name that goes on behind its end"
    elif name.startswith("/") or _DRIVE.match(name):
        why = "an absolute name"
    elif _leads_out(PurePosixPath(name.replace("\\", "/"))):
        why = "a name that leads out of the folder"
    elif link_to is not None:
        target = link_to.replace("\\", "/")
        parent = PurePosixPath(name.replace("\\", "/")).parent
        if target.startswith("/") or _DRIVE.match(link_to) or _leads_out(parent / target):
            why = f"a link out of the folder, to {link_to}"
    if why is not None:
        yield Spotted(
            check=ESCAPES,
            severity=Severity.HIGH,
            confidence=Confidence.CERTAIN,
            at=at,
            evidence=(name, why),
            advice="do not unpack it: it writes to places that are none of its business",
        )


def folded(name: str) -> str:
    """The file that the name stands for where unpackers see none but the plain parts of a path."""
    return str(PurePosixPath(name.partition("\0")[0].replace("\\", "/")))


def _leads_out(path: PurePosixPath) -> bool:
    depth = 0
    for part in path.parts:
        depth += -1 if part == ".." else 1
        if depth < 0:
            return True
    return False
