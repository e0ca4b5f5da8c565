"""A scan began."""

from dataclasses import dataclass

__all__ = ["ScanStarted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanStarted:
    """What it was asked to look at."""

    TYPE = "scan.started/1"

    scan: str
    scope: tuple[str, ...]  # paths, or what else was named
    tool_version: str
