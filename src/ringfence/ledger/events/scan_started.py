"""A scan began."""

from dataclasses import dataclass
from datetime import datetime

__all__ = ["ScanStarted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanStarted:
    """What it was asked to look at. Recorded together with what it saw, when it has seen it."""

    TYPE = "scan.started/1"

    scan: str
    scope: tuple[str, ...]  # paths, with pseudonyms for homes, and what else was looked at
    tool_version: str
    started_at: datetime | None = None
