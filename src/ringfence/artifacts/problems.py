"""What can be wrong with a file's structure, and how each problem reads as a finding."""

from enum import StrEnum
from typing import Self

from ringfence.artifacts import spotted
from ringfence.artifacts.spotted import Spotted
from ringfence.core.dataclass import dataclass
from ringfence.core.findings import Confidence, Finding, Severity
from ringfence.core.limits import LIMITS

__all__ = ["Malformed", "Problem", "ProblemKind", "as_finding", "as_spotted", "past_end"]


class ProblemKind(StrEnum):
    """What is wrong, as a check id."""

    TRUNCATED = "truncated"  # the file ends before what its header promises
    DOES_NOT_FIT = "does-not-fit"  # a count or length that the rest of the file cannot hold
    OVER_LIMIT = "over-limit"  # could be true, but is more than ringfence reads
    BAD_HEADER = "bad-header"  # violates the format's specification
    DUPLICATE_KEY = "duplicate-key"
    OVERLAP = "overlapping-data"
    OUT_OF_RANGE = "out-of-range-data"  # tensor data that lies outside the file
    TRAILING_DATA = "trailing-data"
    DISGUISED = "suffix-lies"  # the name says another format than the bytes


_SEVERITY = {
    ProblemKind.TRUNCATED: Severity.MEDIUM,
    ProblemKind.DOES_NOT_FIT: Severity.HIGH,
    ProblemKind.OVER_LIMIT: Severity.MEDIUM,
    ProblemKind.BAD_HEADER: Severity.MEDIUM,
    ProblemKind.DUPLICATE_KEY: Severity.HIGH,
    ProblemKind.OVERLAP: Severity.HIGH,
    ProblemKind.OUT_OF_RANGE: Severity.HIGH,
    ProblemKind.TRAILING_DATA: Severity.MEDIUM,
    ProblemKind.DISGUISED: Severity.MEDIUM,
}

_ADVICE = {
    ProblemKind.TRUNCATED: "download the file again; do not load it as it is",
    ProblemKind.DOES_NOT_FIT: "do not load it: such headers are made to crash loaders",
    ProblemKind.OVER_LIMIT: "look at the file by hand; ringfence read only the part before the limit",
    ProblemKind.BAD_HEADER: "do not load it; get the file from its publisher again",
    ProblemKind.DUPLICATE_KEY: "do not load it: loaders disagree on which value counts",
    ProblemKind.OVERLAP: "do not load it: tensors share bytes, as no honest writer makes them",
    ProblemKind.OUT_OF_RANGE: "do not load it: a tensor lies outside the file",
    ProblemKind.TRAILING_DATA: "find out what the extra bytes are before you load it",
    ProblemKind.DISGUISED: "ask who renamed it, and why",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong with a file's structure."""

    kind: ProblemKind
    at: int | None  # byte offset in the file
    detail: str  # our words and numbers; foreign text only where `as_finding` makes it harmless


class Malformed(Exception):
    """A format's reader cannot go on. What it yielded before stands."""

    def __init__(self, kind: ProblemKind, *, at: int | None, detail: str) -> None:
        super().__init__(detail)
        self.problem = Problem(kind=kind, at=at, detail=detail)

    @classmethod
    def past_end(cls, promised_bytes: int, *, at: int | None, detail: str) -> Self:
        """It ends before so many bytes that it promises."""
        return cls(past_end(promised_bytes, at=at, detail=detail).kind, at=at, detail=detail)


def past_end(promised_bytes: int, *, at: int | None, detail: str) -> Problem:
    """What to say where a file ends before so many bytes that it promises: mostly it was cut short.

    More than `limits.promised_bytes` no honest file ever promised.
    """
    is_cut = promised_bytes <= LIMITS.promised_bytes
    kind = ProblemKind.TRUNCATED if is_cut else ProblemKind.DOES_NOT_FIT
    return Problem(kind=kind, at=at, detail=detail)


def as_spotted(problem: Problem) -> Spotted:
    """The problem as something that was spotted."""
    return Spotted(
        check=problem.kind,
        severity=_SEVERITY[problem.kind],
        confidence=Confidence.CERTAIN,
        at=problem.at,
        evidence=(problem.detail,),
        advice=_ADVICE[problem.kind],
    )


def as_finding(problem: Problem, *, subject: str) -> Finding:
    """The problem as a finding about `subject`, the file's name within its model."""
    return spotted.as_finding(as_spotted(problem), subject=subject)
