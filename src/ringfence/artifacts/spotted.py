"""Something spotted in a file's content, before it is known what the file is called within its model."""

from dataclasses import replace

from ringfence.core.dataclass import dataclass
from ringfence.core.findings import Confidence, Finding, Severity, finding

__all__ = ["Spotted", "as_finding", "moved"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spotted:
    """One thing that the content would do, or that could not be found out."""

    check: str  # kebab-case
    severity: Severity
    confidence: Confidence
    at: int | None  # byte in the file; None within what is compressed
    evidence: tuple[str, ...]  # foreign text, which `as_finding` makes harmless
    advice: str
    within: str = ""  # the file within the file, e.g. archive/data.pkl; deeper ones joined by !/


def moved(spotted: Spotted, by: int | None, *, within: str) -> Spotted:
    """The same as seen from the outer file, where the part `within` begins at `by`."""
    at = None if by is None or spotted.at is None else spotted.at + by
    return replace(spotted, at=at, within="!/".join(filter(None, (within, spotted.within))))


def as_finding(spotted: Spotted, *, subject: str) -> Finding:
    """The finding about `subject`, the file's name within its model."""
    return finding(
        spotted.check,
        severity=spotted.severity,
        confidence=spotted.confidence,
        subject=f"{subject}!/{spotted.within}" if spotted.within else subject,
        offset=spotted.at,
        evidence=spotted.evidence,
        advice=spotted.advice,
    )
