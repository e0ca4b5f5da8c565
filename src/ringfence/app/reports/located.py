"""A finding of a report, and where it is."""

from pathlib import Path

from ringfence.core.dataclass import dataclass
from ringfence.core.findings import Finding

__all__ = ["Located"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A finding and where it is."""

    finding: Finding
    path: Path | None  # absolute; None for what is no file, such as an address
    inside: str = ""  # the file within that file, deeper ones joined by !/; harmless to print
