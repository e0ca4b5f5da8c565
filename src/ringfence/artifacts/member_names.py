"""What is said of members of zip files whose names lead out of the folder that they are unpacked into.

Source: PKWARE APPNOTE 6.3.10, section 4.4.17.
"""

from collections.abc import Iterator

from ringfence.artifacts import archive_paths
from ringfence.artifacts.spotted import Spotted
from ringfence.core.findings import Confidence, Severity

__all__ = ["escapes", "folded"]


def escapes(name: str, *, at: int | None, link_to: str | None = None) -> Iterator[Spotted]:
    """What is wrong with a member called `name`; one that is a link to `link_to` where that is given."""
    why = None
    if "\0" in name:
        why = "a name that goes on behind its end"
    elif archive_paths.escapes(name):
        why = "a name that leads out of the folder"
    elif link_to is not None and archive_paths.leads_out(name, link_to, ()):
        why = f"a link out of the folder, to {link_to}"
    if why is not None:
        yield Spotted(
            check="archive-escapes",
            severity=Severity.HIGH,
            confidence=Confidence.CERTAIN,
            at=at,
            evidence=(name, why),
            advice="do not unpack it: it writes to places that are none of its business",
        )


def folded(name: str) -> str:
    """The file that the name stands for where unpackers see none but the plain parts of a path."""
    return "/".join(archive_paths.parts_of(name.partition("\0")[0]))
