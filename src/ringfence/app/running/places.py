"""Where runs keep what they know, and which of them did not come to their end."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ringfence.core.dataclass import dataclass
from ringfence.sandbox.sessions import Session, Sessions
from ringfence.sandbox.tree.record import is_there as is_prepared

if TYPE_CHECKING:  # few runs have a home that is kept
    from ringfence.sandbox.kept_homes import KeptHomes

__all__ = ["Places"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where things are kept: sessions, and what is remembered of working trees."""

    sessions: Sessions
    cache: Path | None

    @property
    def homes(self) -> "KeptHomes":
        """Those that are kept from run to run."""
        from ringfence.sandbox.kept_homes import KeptHomes

        return KeptHomes(folder=self.sessions.folder.parent / "homes")

    def unfinished(self) -> Iterator[Session]:
        """Sessions that run, or were killed. There may be thousands, and hardly one is."""
        return self.sessions.all(where=_is_unfinished)


def _is_unfinished(folder: Path) -> bool:
    return Sessions.has_run(folder) or is_prepared(folder)
