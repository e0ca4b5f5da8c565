"""A file with its verdict and what led to it, and what is known of a folder as a whole."""

from pathlib import Path

from ringfence.core.dataclass import dataclass
from ringfence.core.findings import Finding
from ringfence.core.verdicts import Verdict

__all__ = ["JudgedFile", "JudgedFolder"]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedFolder:
    """Whether the files of a folder fit together."""

    findings: tuple[Finding, ...]
    raw_weights: tuple[
        str, ...
    ]  # names of files that hold nothing but numbers which a graph beside them names
