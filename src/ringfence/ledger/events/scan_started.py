"""A scan began."""

from datetime import datetime

from ringfence.core.dataclass import dataclass

__all__ = ["ScanStarted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanStarted:
    """What it was asked to look at. Recorded together with what it saw, when it has seen it."""

    TYPE = "scan.started/1"

    scan: str
    scope: tuple[str, ...]  # paths, with pseudonyms for homes, and what else was looked at
    tool_version: str
    started_at: datetime | None = None
