"""What a scan is asked to do."""

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ringfence.core.dataclass import dataclass

if TYPE_CHECKING:
    from ringfence.core.actions import Purpose

__all__ = ["NoProgress", "Progress", "ScanRequest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanRequest:
    """The options of one scan. No paths: the homes' and the system's stores, and every file in the homes."""

    paths: tuple[Path, ...] = ()
    home: Path | None = None  # look at this home instead of the user's own, and leave the running machine out
    all_users: bool = False
    hashed: bool = True
    min_size_bytes: int = 1 << 20
    processes: bool = True
    listeners: bool = True
    installed: bool = True  # runtimes, agents and repositories
    network_mounts: bool = False
    large_bytes: int = 2_000_000_000
    locks: tuple[Path, ...] = ()
    purpose: "Purpose | None" = None  # what the policy judges models for; None: nobody says
    feeds: tuple[Path, ...] = ()  # what a company knows of models; counts where models are judged


class Progress(Protocol):
    """Told how far a scan is. Calls come from the scan's own thread, a few a second at most."""

    def walking(self, *, files: int, candidates: int) -> None:
        """So many files were passed, so many of them looked into."""

    def hashing(self, *, done_bytes: int, total_bytes: int) -> None:
        """So many bytes were hashed."""

    def judging(self, *, done: int, total: int) -> None:
        """So many files were judged."""


class NoProgress:
    """For those who do not watch."""

    def walking(self, *, files: int, candidates: int) -> None:
        """Nothing."""

    def hashing(self, *, done_bytes: int, total_bytes: int) -> None:
        """Nothing."""

    def judging(self, *, done: int, total: int) -> None:
        """Nothing."""
