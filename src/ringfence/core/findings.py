"""A problem with something that was examined, and how sure ringfence is of it."""

import hashlib
from enum import StrEnum
from typing import NewType

from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip, printable

__all__ = ["CheckId", "Confidence", "Finding", "Severity", "finding"]

CheckId = NewType("CheckId", str)
"""What was checked, in kebab-case: `digest-mismatch`. Never reused for another meaning."""


class Severity(StrEnum):
    """How bad it is if it is so."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for the mildest."""
        return list(Severity).index(self)

    # All four, because a str has them already and would compare by the alphabet.
    def __lt__(self, other: str) -> bool:
        return self.rank < Severity(other).rank

    def __le__(self, other: str) -> bool:
        return self.rank <= Severity(other).rank

    def __gt__(self, other: str) -> bool:
        return self.rank > Severity(other).rank

    def __ge__(self, other: str) -> bool:
        return self.rank >= Severity(other).rank


class Confidence(StrEnum):
    """How sure it is that it is so."""

    POSSIBLE = "possible"
    LIKELY = "likely"
    CERTAIN = "certain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One problem with a thing that was examined.

    `fingerprint` is the same from run to run: it covers check, subject and evidence, never a time
    or where a copy happened to lie.
    """

    check: CheckId
    severity: Severity
    confidence: Confidence
    subject: str  # what it is about: a file's name within its model, an address, an agent
    offset: int | None  # byte in the file, where there is one
    evidence: tuple[str, ...]  # harmless to print, at most limits.evidence_chars each
    advice: str
    fingerprint: str  # 16 hexadecimal digits
    documentation: str  # where the check's page stands in the project, as `ringfence explain` prints it


def finding(
    check: str,
    *,
    severity: Severity,
    confidence: Confidence,
    subject: str,
    advice: str,
    evidence: tuple[str, ...] = (),
    offset: int | None = None,
) -> Finding:
    """The finding, with foreign text made harmless and its fingerprint worked out."""
    shown = tuple(
        clip(printable(text), chars=LIMITS.evidence_chars) for text in evidence[: LIMITS.evidence_items]
    )
    about = clip(printable(subject), chars=LIMITS.name_chars)
    covered = "\x1f".join((check, about, str(offset), *shown))
    return Finding(
        check=CheckId(check),
        severity=severity,
        confidence=confidence,
        subject=about,
        offset=offset,
        evidence=shown,
        advice=advice,
        fingerprint=hashlib.sha256(covered.encode()).hexdigest()[:16],
        documentation=f"docs/findings.md#{check}",
    )
