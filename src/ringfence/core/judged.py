"""One file with its verdict, and what led to it."""

from dataclasses import dataclass
from pathlib import Path

from ringfence.core.findings import Finding
from ringfence.core.verdicts import Verdict

__all__ = ["JudgedFile"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedFile:
    """What one file is, and what may come of loading it."""

    path: Path  # where the bytes lie
    name: str  # within what was inspected, with /
    format: str | None  # a name from the table of formats; None when it is of none
    size_bytes: int
    verdict: Verdict
    leaves_out: tuple[str, ...]  # what the verdict says nothing about
    findings: tuple[Finding, ...]
